"""Simple drawn pictures whose cells are known, for tests of single steps."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

BACKGROUND = (235, 225, 215)
RED_CELL = (205, 150, 140)
NUCLEUS = (90, 40, 140)

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def disc(shape: tuple[int, int], centre: tuple[int, int], radius: int) -> Mask:
    """A filled disc, (h, w) bool; centre is (x, y)."""
    canvas = np.zeros(shape, np.uint8)
    cv2.circle(canvas, centre, radius, 1, -1)
    return canvas.astype(bool)


def smear(side: int = 160) -> tuple[Rgb, Mask]:
    """A smear with two red cells and one nucleus, and the mask of the nucleus."""
    rgb = np.full((side, side, 3), BACKGROUND, np.uint8)
    for centre in ((side // 4, side // 4), (3 * side // 4, side // 4)):
        rgb[disc((side, side), centre, side // 8)] = RED_CELL
    nucleus = disc((side, side), (side // 2, 2 * side // 3), side // 6)
    rgb[nucleus] = NUCLEUS
    noise = np.random.default_rng(5).integers(-4, 5, rgb.shape)
    return np.clip(rgb + noise, 1, 255).astype(np.uint8), nucleus


def two_stains(
    vectors: tuple[tuple[float, float, float], tuple[float, float, float]], side: int = 128
) -> Rgb:
    """Tissue in two stains by Beer and Lambert's law, under light of 240 grey levels."""
    random = np.random.default_rng(3)
    first = np.zeros((side, side))
    second = np.zeros((side, side))
    for _ in range(40):
        x, y = (int(value) for value in random.integers(0, side, 2))
        amount = random.uniform(0.6, 1.2)
        first[disc((side, side), (x, y), 6)] = amount
    second[:, : 3 * side // 4] = random.uniform(0.3, 0.7, (side, 3 * side // 4))
    second[first > 0] *= 0.1
    unit = np.array(vectors) / np.linalg.norm(vectors, axis=1, keepdims=True)
    density = first[..., np.newaxis] * unit[0] + second[..., np.newaxis] * unit[1]
    return np.rint(240 * np.exp(-density)).astype(np.uint8)


def dice(first: Mask, second: Mask) -> float:
    """Dice coefficient of two masks, 0 to 1."""
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def kept(rgb: Rgb) -> Mask:
    """Where a picture is not black, (h, w) bool."""
    return np.asarray(rgb.any(axis=2))


def components(mask: Mask) -> int:
    """Number of 8-connected components of a mask."""
    count, _ = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return int(count) - 1
