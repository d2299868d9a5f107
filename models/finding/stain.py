"""How deep the nuclear stain is at each pixel of a smear, and above what depth a nucleus is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.image.cell_mask import optical_density

Levels = NDArray[np.uint8]
Mask = NDArray[np.uint8]
Counts = NDArray[np.int64]

LEVELS_PER_DENSITY = 150.0
"""Levels of `stain_levels` to one unit of density: up to 1.7 can be told apart."""
# Least depth of a nucleus; the palest blasts of taleghani_all have 0.3.
_LEAST_DEPTH = 0.2
# How far from the mean of what is no nucleus to Otsu's threshold.
_TOWARDS_OTSU = 0.85
# Mean density of the channels up to which nothing lies on the slide, least and most, and as a
# share of the middle density of what does.
_LEAST_EMPTY, _MOST_EMPTY = 0.04, 0.1
_EMPTY_SHARE = 0.45


def empty_density(rgb: np.ndarray, light: np.ndarray) -> float:
    """The mean density of the channels up to which nothing lies on the slide: 0.04 to 0.1.

    Args:
        rgb: (h, w, 3) uint8, the field in small.
        light: (3,) colour of the background.
    """
    density = optical_density(rgb, light).mean(axis=2)
    laden = density[density > _LEAST_EMPTY]
    middle = float(np.median(laden)) if laden.size else 0.0
    return float(np.clip(_EMPTY_SHARE * middle, _LEAST_EMPTY, _MOST_EMPTY))


def stain_levels(rgb: np.ndarray, light: np.ndarray, empty_below: float) -> tuple[Levels, Mask]:
    """Depth of nuclear stain, (h, w) uint8, and where the slide is empty, (h, w) 0 or 1.

    The depth is green minus blue optical density: nuclear dyes absorb green and let blue pass,
    haemoglobin absorbs both, dirt absorbs all alike. Of the red cells' pixels in bccd, raabin and
    bcd less than 1 % are as deep as nuclei (2 % where red density counts, too).

    Args:
        rgb: (h, w, 3) uint8.
        light: (3,) colour of the background.
        empty_below: See `empty_density`.
    """
    density = cv2.blur(optical_density(rgb, light), (3, 3))
    depth = (density[..., 1] - density[..., 2]) * LEVELS_PER_DENSITY
    levels: Levels = np.clip(depth, 0, 255).astype(np.uint8)
    empty: Mask = (density.mean(axis=2) < empty_below).astype(np.uint8)
    return levels, empty


def counts_of(levels: Levels) -> Counts:
    """How many pixels have each level, (256,)."""
    return np.bincount(levels.ravel(), minlength=256)


def nuclear_level(counts: Counts) -> float:
    """The level above which a pixel belongs to a nucleus.

    Otsu's threshold (1979) for the cube root of the counts: nuclei may be a thousandth of a
    field, and the threshold stays where it is when fields without nuclei are added. A little
    below it, since pale nuclei lie beside deep ones.

    Args:
        counts: (256,) pixels of each level in the whole field.
    """
    weights = np.cbrt(counts.astype(np.float64))
    below, weighted = np.cumsum(weights), np.cumsum(weights * np.arange(256))
    n, total = below[-1], weighted[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.nan_to_num(weighted**2 / below + (total - weighted) ** 2 / (n - below))
    otsu = int(np.argmax(apart))
    others = float(weighted[otsu] / below[otsu]) if below[otsu] else 0.0
    return max(others + _TOWARDS_OTSU * (otsu - others), _LEAST_DEPTH * LEVELS_PER_DENSITY)
