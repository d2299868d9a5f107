"""Numbers that tell a usable micrograph from a spoilt one, measured at one standard scale."""

from __future__ import annotations

import cv2
import numpy as np

from models.cells import optical_density, stained_mask

# Longest side at which everything but the size is measured, in pixels; images are shrunk to it
# and never enlarged. Models see 224 to 300 pixels: blur that is gone at this scale is harmless.
STANDARD_SIDE_PX = 512
_BLACK_LEVEL = 12
_DARK_LEVEL = 40
_WHITE_LEVEL = 250
_NEARLY_WHITE = 15
_GLARE_AT_MOST = 1 / 3


def to_standard_scale(rgb: np.ndarray) -> np.ndarray:
    """The image with its longest side at 512 pixels or less, (h, w, 3) uint8."""
    height, width = rgb.shape[:2]
    scale = STANDARD_SIDE_PX / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(rgb)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrunk: np.ndarray = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return shrunk


def fine_detail(grey: np.ndarray) -> float:
    """The share of fine detail (1 to 2 px) in all detail of 1 to 4 px, 0 to 1.

    Variance between two Gaussian blurs over variance between the finer and a coarse one: after
    Crete et al. 2007, "The blur effect", who also compare an image with itself blurred again.
    Brightness and contrast cancel out.

    Args:
        grey: (h, w) float32, 0 to 255.
    """
    fine = cv2.GaussianBlur(grey, (0, 0), 1)
    return _share(fine - cv2.GaussianBlur(fine, (0, 0), 1.5), fine - _coarse(fine))


def grain(grey: np.ndarray) -> float:
    """The share of detail finer than 1 px in all detail up to 4 px, 0 to 1; noise has 0.77.

    Args:
        grey: (h, w) float32, 0 to 255.
    """
    return _share(grey - cv2.GaussianBlur(grey, (0, 0), 1), grey - _coarse(grey))


def _coarse(grey: np.ndarray) -> np.ndarray:
    coarse: np.ndarray = cv2.GaussianBlur(grey, (0, 0), 4)
    return coarse


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    # 0.3: about the variance of rounding to whole levels, so that an even field has 0
    return float(np.mean(part**2)) / (float(np.mean(whole**2)) + 0.3)


def glare(rgb: np.ndarray, grey: np.ndarray) -> float:
    """The percentage of pixels that are blown out where the background is not.

    Blown-out pixels are glare if they are clearly brighter than the background (the commonest
    brightness among the brighter half of the pixels that are not black), or if they cover
    less than a third and end abruptly, with few nearly white pixels around. Else the
    background itself is blown out: that is overexposure, in which no glare can be told.
    """
    lit = grey[grey > _BLACK_LEVEL].astype(np.uint8)
    if lit.size == 0:
        return 0.0
    is_white = _is_white(rgb)
    n_white = int(is_white.sum())
    n_nearly = int((grey >= _WHITE_LEVEL - _NEARLY_WHITE).sum()) - n_white
    if n_white < _GLARE_AT_MOST * is_white.size and n_nearly < n_white / 2:
        return 100 * n_white / is_white.size
    counts = np.convolve(np.bincount(lit, minlength=256), np.ones(9), "same")
    median = int(np.median(lit))
    background = median + int(np.argmax(counts[median:]))
    return 100 * float((is_white & (grey > background + _NEARLY_WHITE)).mean())


def stain(rgb: np.ndarray, is_lit: np.ndarray) -> float:
    """The density of nuclear stain: green minus blue optical density, 99th percentile."""
    if not is_lit.any():
        return 0.0
    density = cv2.blur(optical_density(rgb), (3, 3))
    return max(0.0, float(np.percentile((density[..., 1] - density[..., 2])[is_lit], 99)))


def measure(rgb: np.ndarray) -> dict[str, float]:
    """Every measure of an image by its name; `models.quality.MEASURES` has titles and units."""
    small = to_standard_scale(rgb)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    is_lit = grey > _BLACK_LEVEL
    return {
        "size": float(min(rgb.shape[:2])),
        "focus": fine_detail(grey),
        "grain": grain(grey),
        "brightness": float(grey[is_lit].mean()) if is_lit.any() else 0.0,
        "underexposed": 100 * float((grey < _DARK_LEVEL).mean()),
        "overexposed": 100 * float(_is_white(small).mean()),
        "glare": glare(small, grey),
        "stain": stain(small, is_lit),
        "cells": 100 * float(stained_mask(small).mean()),
    }


def _is_white(rgb: np.ndarray) -> np.ndarray:
    is_white: np.ndarray = cv2.inRange(rgb, (_WHITE_LEVEL,) * 3, (255,) * 3) > 0
    return is_white
