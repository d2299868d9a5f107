"""Does the model lose its answer when what a map marks is taken away, and find it again with it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

STEPS = 10
"""Tenths of the picture are taken away or brought back, one after the other."""
# Standard deviation of the blur that stands for "taken away", as a share of the picture's side:
# a cell of a quarter of it leaves a faint stain. A black or grey patch would be a picture of a
# kind that the model never saw.
_BLUR = 0.08


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """Mean probability of a class over eleven pictures, from untouched to wholly blurred.

    Attributes:
        deletion: While the highest part of a map is blurred away, tenth by tenth; low is good.
        insertion: While it is brought back into a blurred picture; high is good.
    """

    deletion: float
    insertion: float


def fidelity(
    ask: Callable[[np.ndarray], np.ndarray],
    rgb: np.ndarray,
    maps: Mapping[str, np.ndarray],
    *,
    class_index: int,
    seed: int = 0,
) -> dict[str, Fidelity]:
    """How well maps mark what a class's probability rests on.

    Deletion and insertion of Petsiuk et al. 2018 ("RISE", section 4.2), with a blurred picture
    for what is taken away in both.

    Args:
        ask: From pictures (N, px, px, 3) uint8 to probabilities (N, C).
        rgb: (px, px, 3) uint8, as the model sees it.
        maps: Of the same picture, (px, px) each.
        class_index: Whose probability.
        seed: Decides between pixels that a map puts level.
    """
    blurred = cv2.GaussianBlur(rgb, (0, 0), _BLUR * rgb.shape[0], borderType=cv2.BORDER_REFLECT)
    pictures = [rgb, blurred]
    for values in maps.values():
        tenths = _tenths(values, seed=seed)
        for taken in range(1, STEPS):
            is_top = (tenths < taken)[..., np.newaxis]
            pictures.append(np.where(is_top, blurred, rgb))
            pictures.append(np.where(is_top, rgb, blurred))
    probabilities = ask(np.stack(pictures))[:, class_index]
    ends = float(probabilities[:2].sum())
    inner = probabilities[2:].reshape(len(maps), STEPS - 1, 2).sum(axis=1)
    return {
        name: Fidelity(
            deletion=(ends + float(removed)) / (STEPS + 1),
            insertion=(ends + float(restored)) / (STEPS + 1),
        )
        for name, (removed, restored) in zip(maps, inner, strict=True)
    }


def _tenths(values: np.ndarray, *, seed: int) -> np.ndarray:
    """Which tenth of the pixels each belongs to: 0 the highest, 9 the lowest."""
    by_chance = np.random.default_rng(seed).permutation(values.size)
    order = by_chance[np.argsort(-values.ravel()[by_chance], kind="stable")]
    tenths = np.empty(values.size, np.int16)
    tenths[order] = np.arange(values.size) * STEPS // values.size
    return tenths.reshape(values.shape)
