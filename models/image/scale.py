"""Pictures made smaller."""

from __future__ import annotations

import cv2
import numpy as np


def shrunk(rgb: np.ndarray, longest_px: int) -> np.ndarray:
    """The picture with its longer side at most `longest_px`; smaller ones come back as they are.

    Args:
        rgb: (H, W) or (H, W, 3) uint8.
        longest_px: Limit for the longer side, in pixels.
    """
    height, width = rgb.shape[:2]
    scale = longest_px / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
