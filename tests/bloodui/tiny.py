"""Names of the small models that the tests of the screens ask, and a picture as a file."""

from __future__ import annotations

import cv2
import numpy as np

TINY = "tiny-efficientnet-lite0"
SHY = "shy-efficientnet-lite0"
STRICT = "strict-efficientnet-lite0"
CLASSES = ("Benign", "Early", "Pre", "Pro")


def jpeg_of(rgb: np.ndarray) -> bytes:
    """The picture as a JPEG file."""
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1])
