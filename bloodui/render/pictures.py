"""Arrays as pictures that a page or a report can hold: sizes, thumbnails, data addresses.

Pictures travel inside the page as data addresses. Nothing is written to disk, and no address
exists under which another session could ask for an image.
"""

from __future__ import annotations

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

LOSSLESS_UP_TO_PX = 600_000
"""Pictures of at most this many pixels are sent as PNG, larger ones as JPEG at quality 95."""


def enlarged(rgb: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    """The picture with its longer side at least `longest_px`; larger ones come back as they are.

    Args:
        rgb: (H, W, 3) uint8.
        longest_px: Limit for the longer side, in pixels.
    """
    height, width = rgb.shape[:2]
    scale = longest_px / max(height, width)
    if scale <= 1:
        return rgb
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def picture_address(rgb: NDArray[np.uint8]) -> str:
    """The picture as a data address: PNG where it is small, JPEG where it is large.

    Args:
        rgb: (H, W, 3) uint8.
    """
    if rgb.shape[0] * rgb.shape[1] > LOSSLESS_UP_TO_PX:
        return jpeg_address(rgb)
    return _address("png", cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1])


def jpeg_address(rgb: NDArray[np.uint8]) -> str:
    """The picture as a data address of a JPEG at quality 95, made in a fifth of a PNG's time.

    Args:
        rgb: (H, W, 3) uint8.
    """
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return _address("jpeg", cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


def png_address(png: bytes) -> str:
    """The bytes of a PNG as a data address."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def transparent_address(rgba: NDArray[np.uint8]) -> str:
    """The picture with its transparency as a data address (PNG).

    Args:
        rgba: (H, W, 4) uint8, alpha not multiplied in.
    """
    bgra = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA)
    return _address("png", cv2.imencode(".png", bgra)[1])


def _address(kind: str, data: NDArray[np.uint8]) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode('ascii')}"
