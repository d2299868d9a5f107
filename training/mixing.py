"""MixUp and CutMix: batches whose images and labels are mixtures of two.

Sources: Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization" (ICLR, arXiv 1710.09412);
Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
Features" (ICCV, arXiv 1905.04899).

Plain NumPy in a keras.utils.PyDataset, because labels must change with the images and a model's
graph sees no labels: so it is the same on every backend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
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


class MixedBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled batches of images and labels, each mixed by one of the recipe's mixes.

    A seed, an epoch and a batch's number decide everything about the batch.
    """

    def __init__(
        self,
        rgb: np.ndarray,
        labels: np.ndarray,
        *,
        alphas: Mapping[str, float],
        batch: int,
        seed: int,
        class_weights: Mapping[int, float] | None = None,
    ) -> None:
        """Batches of images.

        Args:
            rgb: (n, H, W, 3) uint8.
            labels: (n, classes) float32, one-hot.
            alphas: α of each of MIXES that is wanted, by name; with two, a batch gets one of
                them at random.
            batch: Images a step.
            seed: Of the order and of the mixing.
            class_weights: Weight of each class; a mixture weighs as its parts do.
        """
        super().__init__()
        self._rgb = rgb
        self._labels = labels
        self._alphas = {name: alpha for name, alpha in alphas.items() if alpha > 0}
        self._batch = batch
        self._seed = seed
        self._epoch = 0
        self._weights = (
            None
            if class_weights is None
            else np.array([class_weights[number] for number in range(labels.shape[1])], np.float32)
        )

    def __len__(self) -> int:
        return -(-len(self._rgb) // self._batch)

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        """Images float32, labels and, with class weights, the weight of each image."""
        order = np.random.default_rng([self._seed, self._epoch]).permutation(len(self._rgb))
        mine = np.sort(order[number * self._batch : (number + 1) * self._batch])
        rng = np.random.default_rng([self._seed, self._epoch, number])
        name = str(rng.choice(sorted(self._alphas)))
        mix = {"mixup": mix_up, "cutmix": cut_mix}[name]
        rgb, labels = mix(
            self._rgb[mine],
            self._labels[mine],
            partner=rng.permutation(len(mine)),
            alpha=self._alphas[name],
            rng=rng,
        )
        return (rgb, labels) if self._weights is None else (rgb, labels, labels @ self._weights)

    def epoch_setter(self) -> Any:
        """The callback that tells the batches which epoch begins: a resumed training's too."""

        def begin(epoch: int, logs: object = None) -> None:
            self._epoch = epoch

        return keras.callbacks.LambdaCallback(on_epoch_begin=begin)


def _blend(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    blended: np.ndarray = share[:, None] * first + (1 - share[:, None]) * second
    return blended.astype(np.float32)


def _span(centre: float, length: float, limit: int) -> tuple[int, int]:
    """First and last-but-one pixel of a stretch, cut at the borders."""
    start, stop = round(centre - length / 2), round(centre + length / 2)
    return max(start, 0), min(stop, limit)
