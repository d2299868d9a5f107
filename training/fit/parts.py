"""What one part of a split hands to a training: images, labels, groups and stored features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

OUT_OF_FOLD = "out-of-fold.npy"
"""Where a head that is solved for leaves its answers on all images that it learned from."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Images, labels and stored features of one part of a split.

    Attributes:
        rgb: (n, px, px, 3) uint8.
        labels: (n,) int.
        features: (copies, n, ...) float32 of the frozen backbone, copy 0 of the images as they are.
        groups: (n,) int, what must stay together.
        sources: (n,) int, data set that each comes from.
    """

    rgb: np.ndarray
    labels: np.ndarray
    features: np.ndarray
    groups: np.ndarray
    sources: np.ndarray
