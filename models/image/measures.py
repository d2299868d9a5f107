"""Numbers that tell a usable micrograph from a spoilt one, measured at one standard scale."""

from __future__ import annotations

import cv2
import numpy as np

from models.image.cell_mask import Lighting, stained_share
from models.image.counts import level_counts, percentile_of_counts, share_of
from models.image.scale import shrunk

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
    return np.ascontiguousarray(shrunk(rgb, STANDARD_SIDE_PX))


def fine_detail(fine: np.ndarray) -> float:
    """The share of fine detail (1 to 2 px) in all detail of 1 to 4 px, 0 to 1.

    Variance between two Gaussian blurs over variance between the finer and a coarse one: after
    Crete et al. 2007, "The blur effect", who also compare an image with itself blurred again.
    Brightness and contrast cancel out.

    Args:
        fine: See `finely_blurred`.
    """
    return _share(fine - cv2.GaussianBlur(fine, (0, 0), 1.5), fine - _coarse(fine))


def grain(grey: np.ndarray, fine: np.ndarray) -> float:
    """The share of detail finer than 1 px in all detail up to 4 px, 0 to 1; noise has 0.77.

    Args:
        grey: (h, w) float32, 0 to 255.
        fine: See `finely_blurred`.
    """
    return _share(grey - fine, grey - _coarse(grey))


def finely_blurred(grey: np.ndarray) -> np.ndarray:
    """A picture (h, w) float32 after a Gaussian blur of 1 px."""
    fine: np.ndarray = cv2.GaussianBlur(grey, (0, 0), 1)
    return fine


def _coarse(grey: np.ndarray) -> np.ndarray:
    coarse: np.ndarray = cv2.GaussianBlur(grey, (0, 0), 4)
    return coarse


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    # 0.3: about the variance of rounding to whole levels, so that an even field has 0
    return float(np.mean(part**2)) / (float(np.mean(whole**2)) + 0.3)


def glare(is_white: np.ndarray, grey: np.ndarray) -> float:
    """The percentage of pixels that are blown out where the background is not.

    Blown-out pixels are glare if they are clearly brighter than the background (the commonest
    brightness among the brighter half of the pixels that are not black), or if they cover
    less than a third and end abruptly, with few nearly white pixels around. Else the
    background itself is blown out: that is overexposure, in which no glare can be told.

    Args:
        is_white: (h, w) bool, which pixels are blown out.
        grey: (h, w) uint8.
    """
    n_white = int(np.count_nonzero(is_white))
    if not n_white:
        return 0.0
    levels = level_counts(grey, 256)
    n_nearly = int(levels[_WHITE_LEVEL - _NEARLY_WHITE :].sum()) - n_white
    levels[: _BLACK_LEVEL + 1] = 0
    if n_white < _GLARE_AT_MOST * is_white.size and n_nearly < n_white / 2:
        return 100 * n_white / is_white.size
    counts = np.convolve(levels, np.ones(9), "same")
    median = int(percentile_of_counts(levels, 50))
    background = median + int(np.argmax(counts[median:]))
    is_glare = is_white & (grey > min(background + _NEARLY_WHITE, 255))
    return 100 * share_of(is_glare)


def stain(lighting: Lighting, is_lit: np.ndarray) -> float:
    """The density of nuclear stain: green minus blue optical density, 99th percentile."""
    if not is_lit.any():
        return 0.0
    _, green, blue = cv2.split(lighting.density)
    return max(0.0, float(np.percentile((green - blue)[is_lit], 99)))


def measure(rgb: np.ndarray) -> dict[str, float]:
    """Every measure of an image by its name; `quality.MEASURES` has titles and units."""
    small = to_standard_scale(rgb)
    levels = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    grey = levels.astype(np.float32)
    fine = finely_blurred(grey)
    is_lit, is_white, lighting = levels > _BLACK_LEVEL, _is_white(small), Lighting.of(small)
    return {
        "size": float(min(rgb.shape[:2])),
        "focus": fine_detail(fine),
        "grain": grain(grey, fine),
        "brightness": float(grey[is_lit].mean()) if is_lit.any() else 0.0,
        "underexposed": 100 * share_of(levels < _DARK_LEVEL),
        "overexposed": 100 * share_of(is_white),
        "glare": glare(is_white, levels),
        "stain": stain(lighting, is_lit),
        "cells": 100 * stained_share(lighting),
    }


def _is_white(rgb: np.ndarray) -> np.ndarray:
    is_white: np.ndarray = cv2.inRange(rgb, (_WHITE_LEVEL,) * 3, (255,) * 3) > 0
    return is_white
