"""How often each level occurs in a picture, and percentiles from that: sooner than by sorting."""

from __future__ import annotations

import cv2
import numpy as np


def level_counts(
    picture: np.ndarray, n_levels: int, *, channel: int = 0, mask: np.ndarray | None = None
) -> np.ndarray:
    """How often each level from 0 up occurs in a channel, (n_levels,) int64.

    Args:
        picture: (H, W) or (H, W, channels) uint8 or uint16, of levels below n_levels.
        mask: (H, W) bool, where to count; everywhere where None.
    """
    where = None if mask is None else mask.view(np.uint8)
    found = cv2.calcHist([picture], [channel], where, [n_levels], [0, n_levels])
    return np.asarray(found.ravel().astype(np.int64))


def percentile_of_counts(counts: np.ndarray, percent: float) -> float:
    """The percentile of levels that occur so often, to the last bit that of `np.percentile`.

    Args:
        counts: (n_levels,) int, at least one of them above 0.
        percent: 0 to 100.
    """
    below = np.cumsum(counts)
    place = (int(below[-1]) - 1) * (percent / 100)
    first = int(place)
    share = place - first
    low = float(np.searchsorted(below, first, side="right"))
    high = float(np.searchsorted(below, min(first + 1, below[-1] - 1), side="right"))
    if share >= 0.5:
        return high - (high - low) * (1 - share)
    return low + (high - low) * share


def share_of(is_so: np.ndarray) -> float:
    """The share of pixels that are not 0 or False, 0 to 1."""
    return int(np.count_nonzero(is_so)) / is_so.size
