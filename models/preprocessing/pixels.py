"""Pixels as numbers: decimals in bands of rows, even samples, CIE L*a*b*, exact black."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from models.preprocessing.spec import Mask, Rgb

Floats = NDArray[np.float32]

_BAND_PIXELS = 1_000_000

Scalar = TypeVar("Scalar", bound=np.generic)


def in_bands(rgb: Rgb, function: Callable[[Rgb], NDArray[Scalar]]) -> NDArray[Scalar]:
    """The function's result for the whole picture, computed on bands of rows to save memory.

    The function must treat every pixel by itself. It takes (rows, w, channels) uint8 and
    returns an array whose first two axes are the same.
    """
    rows = max(1, _BAND_PIXELS // rgb.shape[1])
    starts = range(0, rgb.shape[0], rows)
    return np.concatenate([function(rgb[start : start + rows]) for start in starts])


def even_sample(rgb: Rgb, mask: Mask, size: int) -> Rgb:
    """At most size pixels of the mask, evenly spread over the picture, (n, 3) uint8."""
    indices = np.flatnonzero(mask.ravel())
    pixels: Rgb = rgb.reshape(-1, 3)[indices[:: max(1, -(-indices.size // size))]]
    return pixels


def lab_of(rgb: Rgb) -> Floats:
    """CIE L*a*b* (D65) of an sRGB picture: (h, w, 3) float32, L* 0 to 100, a* and b* signed."""
    lab: Floats = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return lab


def rgb_of(lab: Floats) -> Rgb:
    """The sRGB picture (h, w, 3) uint8 of L*a*b* values; colours outside of sRGB are clipped."""
    clipped = lab.copy()
    np.clip(clipped[..., 0], 0.0, 100.0, out=clipped[..., 0])
    rgb = cv2.cvtColor(clipped, cv2.COLOR_LAB2RGB)
    picture: Rgb = np.rint(np.clip(rgb, 0.0, 1.0) * 255.0).astype(np.uint8)
    return picture


def is_black(rgb: Rgb) -> Mask:
    """Where the picture is exactly black, (h, w) bool: background that a step has removed."""
    black: Mask = (rgb[..., 0] | rgb[..., 1] | rgb[..., 2]) == 0
    return black


def blackened(rgb: Rgb, mask: Mask) -> Rgb:
    """The picture with everything outside of the mask black."""
    kept: Rgb = rgb * mask[..., np.newaxis].astype(np.uint8)
    return kept
