"""MixUp and CutMix: batches whose images and labels are mixtures of two.

Sources: Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization" (ICLR, arXiv 1710.09412);
Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
Features" (ICCV, arXiv 1905.04899).

Plain NumPy, because labels must change with the images and a model's graph sees no labels: so it is
the same on every backend.
"""

from __future__ import annotations

import numpy as np


def mix_up(
    rgb: np.ndarray,
    labels: np.ndarray,
    *,
    partner: np.ndarray,
    alpha: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Every image blended with another of its batch, and its label in the same proportion.

    Args:
        rgb: (n, H, W, 3), 0 to 255.
        labels: (n, classes), each row a distribution over the classes.
        partner: (n,) int, number of the image that each is mixed with.
        alpha: Both parameters of the Beta distribution of an image's own share, above 0.
        rng: Draws the shares.

    Returns:
        Images (n, H, W, 3) float32, 0 to 255, and labels (n, classes) float32.
    """
    share = rng.beta(alpha, alpha, len(rgb)).astype(np.float32)
    wide = share[:, None, None, None]
    mixed = wide * rgb + (1 - wide) * rgb[partner]
    return mixed.astype(np.float32), _blend(labels, labels[partner], share)


def cut_mix(
    rgb: np.ndarray,
    labels: np.ndarray,
    *,
    partner: np.ndarray,
    alpha: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Every image with a rectangle of another in it, and its label in proportion to the areas.

    Arguments and answers as in `mix_up`; the share is that of the area which stays the image's
    own, before the rectangle is cut at the border; the labels go by the area after it.
    """
    n_images, height, width = rgb.shape[:3]
    side = np.sqrt(1 - rng.beta(alpha, alpha, n_images))  # of the rectangle, as a share
    mixed = rgb.astype(np.float32)
    own = np.ones(n_images, np.float32)
    for number in range(n_images):
        row, column = rng.uniform(0, height), rng.uniform(0, width)
        top, bottom = _span(row, side[number] * height, height)
        left, right = _span(column, side[number] * width, width)
        mixed[number, top:bottom, left:right] = rgb[partner[number], top:bottom, left:right]
        own[number] -= (bottom - top) * (right - left) / (height * width)
    return mixed, _blend(labels, labels[partner], own)


def _blend(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    blended: np.ndarray = share[:, None] * first + (1 - share[:, None]) * second
    return blended.astype(np.float32)


def _span(centre: float, length: float, limit: int) -> tuple[int, int]:
    """First and last-but-one pixel of a stretch, cut at the borders."""
    start, stop = round(centre - length / 2), round(centre + length / 2)
    return max(start, 0), min(stop, limit)
