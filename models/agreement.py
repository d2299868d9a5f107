"""How far two answers, two readers or two saliency maps agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from models.opinion import Opinion

TOP_SHARE = 0.1
"""The part of a map that counts as its top: a tenth of its pixels."""
OVERLAP_BY_CHANCE = TOP_SHARE / (2 - TOP_SHARE)
"""Overlap of the tops of two maps that have nothing to do with one another: 1/19."""
_COMMON_PX = 64


def kappa(first: np.ndarray, second: np.ndarray) -> float | None:
    """Cohen's kappa of two raters: agreement beyond that of chance, −1 to 1.

    Source: Cohen 1960, Educ Psychol Meas 20:37. Where one rater names one class only, while the
    other names several, it is 0 whatever was named. Where both name the same single class,
    chance alone gives full agreement and kappa is not defined (0/0): None, as without images.

    Args:
        first, second: (n,) int, class numbers from 0.
    """
    if not len(first):
        return None
    n_classes = int(max(first.max(), second.max())) + 1
    cells = np.bincount(first * n_classes + second, minlength=n_classes**2) / len(first)
    cells = cells.reshape(n_classes, n_classes)
    if cells.max() == 1 and np.trace(cells) == 1:
        return None
    by_chance = float(cells.sum(axis=0) @ cells.sum(axis=1))
    return float((np.trace(cells) - by_chance) / (1 - by_chance))


def disagreement(probabilities: Sequence[np.ndarray]) -> float:
    """How far several models' probabilities for one image lie apart, 0 (alike) to 1.

    The mean over all pairs of the total variation distance, half the sum of absolute differences:
    the largest difference in the probability that two models give to any set of classes.

    Args:
        probabilities: At least two (C,) arrays over the same classes, each with sum 1.
    """
    pairs = [
        0.5 * float(np.abs(first - second).sum())
        for number, first in enumerate(probabilities)
        for second in probabilities[number + 1 :]
    ]
    return float(np.mean(pairs))


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's rank correlation of two maps of one shape, −1 to 1; None where one is even."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(first.ravel(), second.ravel()).statistic)


def top_overlap(first: np.ndarray, second: np.ndarray) -> float | None:
    """Overlap of the highest tenths of two maps of one shape, 0 to 1; None where one is even.

    The pixels in both tops over the pixels in either (Jaccard); `OVERLAP_BY_CHANCE` for maps that
    have nothing to do with one another.
    """
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    tops = [_top(values) for values in (first, second)]
    return float((tops[0] & tops[1]).sum() / (tops[0] | tops[1]).sum())


def pairwise(maps: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Rank correlation and overlap of the highest tenths of every pair of maps of one shape.

    Returns:
        Two arrays (m, m) float64, see `rank_correlation` and `top_overlap`; nan where one is even.
    """
    from scipy.stats import rankdata

    is_even = np.array([np.ptp(values) == 0 for values in maps])
    ranks = np.stack([rankdata(values, axis=None) for values in maps])
    ranks -= ranks.mean(axis=1, keepdims=True)
    sizes = np.maximum(np.sqrt((ranks**2).sum(axis=1)), 1e-12)
    correlations = (ranks @ ranks.T) / np.outer(sizes, sizes)
    tops = np.stack([_top(values).ravel() for values in maps]).astype(np.float64)
    both = tops @ tops.T
    counts = tops.sum(axis=1)
    overlaps = both / (counts[:, np.newaxis] + counts - both)
    for found in (correlations, overlaps):
        found[is_even] = found[:, is_even] = np.nan
    return correlations, overlaps


def maps_in_common(opinions: Sequence[Opinion]) -> list[np.ndarray] | None:
    """Opinions' maps on the part of the image that all their models saw, one pixel for one.

    Args:
        opinions: On the same image, of models with steps of their own; one at least.

    Returns:
        Arrays (64, 64) float32, 0 to 1; None where a map is missing, or where the models saw no
        part in common.
    """
    placed = [
        opinion.pictures[-1].on_original(opinion.explanation.map)
        for opinion in opinions
        if opinion.explanation is not None
    ]
    if len(placed) < len(opinions):
        return None
    regions = [region for _, region in placed]
    height, width = opinions[0].micrograph.rgb.shape[:2]
    left, top = (max(0.0, *(region[edge] for region in regions)) for edge in (0, 1))
    right = min(float(width), *(region[2] for region in regions))
    bottom = min(float(height), *(region[3] for region in regions))
    if right - left < 1 or bottom - top < 1:
        return None
    common = (left, top, right, bottom)
    return [_cut(values, region, common) for values, region in placed]


def _cut(
    values: np.ndarray,
    region: tuple[float, float, float, float],
    common: tuple[float, float, float, float],
) -> np.ndarray:
    """What a map over `region` says of `common`, both in pixels of the original."""
    rows, columns = values.shape
    x_scale, y_scale = columns / (region[2] - region[0]), rows / (region[3] - region[1])
    centres = (np.arange(_COMMON_PX, dtype=np.float32) + 0.5) / _COMMON_PX
    x = (common[0] + centres * (common[2] - common[0]) - region[0]) * x_scale - 0.5
    y = (common[1] + centres * (common[3] - common[1]) - region[1]) * y_scale - 0.5
    grid_x, grid_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    cut = cv2.remap(values, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.float32)


def _top(values: np.ndarray) -> np.ndarray:
    """Exactly a tenth of the pixels: the highest; of equal ones those that come first."""
    order = np.argsort(-values, axis=None, kind="stable")
    chosen = np.zeros(values.size, bool)
    chosen[order[: round(TOP_SHARE * values.size)]] = True
    return chosen.reshape(values.shape)
