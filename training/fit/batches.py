"""What a network is shown, batch by batch: a seed and an epoch's number decide everything.

So a training that was stopped goes on as it would have gone on. Keras's own shuffling does not do:
with a seed set it shows every epoch the same batches in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from training.fit.mixing import cut_mix, mix_up

_MIXES = {"mixup": mix_up, "cutmix": cut_mix}
# Draws of one generator in an epoch, at most: layers draw once or twice a batch.
_DRAWS = 2**20


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """An epoch that draws images at random, some again and others not.

    Attributes:
        steps: Number of its batches.
        chances: (n,) float, how likely each image is to be drawn; they sum to 1.
    """

    steps: int
    chances: np.ndarray


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled batches of images (or of their features) and labels, mixed where that is asked for.

    Attributes:
        epoch: Number of the epoch whose batches these are; `BeginEpoch` sets it.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        labels: np.ndarray,
        *,
        batch: int,
        seed: int,
        alphas: Mapping[str, float] = MappingProxyType({}),
        class_weights: Mapping[int, float] | None = None,
        draws: Draws | None = None,
    ) -> None:
        """Batches of images.

        Args:
            inputs: (n, H, W, 3) uint8, or (n, features) float32 where nothing is mixed.
            labels: (n, classes) float32, one-hot.
            batch: Images a step.
            seed: Of the order and of the mixing.
            alphas: α of each of MIXES that is wanted, by name; with two, a batch gets one of
                them at random.
            class_weights: Weight of each class; a mixture weighs as its parts do.
            draws: What an epoch draws; every image once where it is not given.
        """
        super().__init__()
        self.epoch = 0
        self._inputs = inputs
        self._labels = labels
        self._alphas = {name: alpha for name, alpha in alphas.items() if alpha > 0}
        self._batch = batch
        self._seed = seed
        self._draws = draws
        self._weights = (
            None
            if class_weights is None
            else np.array([class_weights[number] for number in range(labels.shape[1])], np.float32)
        )

    def __len__(self) -> int:
        if self._draws is not None:
            return self._draws.steps
        return -(-len(self._inputs) // self._batch)

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        """Inputs, labels and, with class weights, the weight of each image."""
        order = self._order(np.random.default_rng([self._seed, self.epoch]))
        mine = np.sort(order[number * self._batch : (number + 1) * self._batch])
        inputs, labels = self._inputs[mine], self._labels[mine]
        if self._alphas:
            rng = np.random.default_rng([self._seed, self.epoch, number])
            name = str(rng.choice(sorted(self._alphas)))
            inputs, labels = _MIXES[name](
                inputs,
                labels,
                partner=rng.permutation(len(mine)),
                alpha=self._alphas[name],
                rng=rng,
            )
        return (
            (inputs, labels) if self._weights is None else (inputs, labels, labels @ self._weights)
        )

    def _order(self, rng: np.random.Generator) -> np.ndarray:
        """Image numbers of this epoch, in the order in which they are shown."""
        if self._draws is None:
            return rng.permutation(len(self._inputs))
        size = self._draws.steps * self._batch
        return rng.choice(len(self._inputs), size, p=self._draws.chances)


class BeginEpoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets all that is drawn at random by the number of the epoch that begins."""

    def __init__(self, batches: Batches, layers: Iterable[Any] = ()) -> None:
        """Set batches, and the layers that draw.

        Args:
            batches: What is learned from.
            layers: Keras layers; those without a generator of random numbers are left alone.
        """
        super().__init__()
        self._batches = batches
        self._generators = [
            (value, int(keras.ops.convert_to_numpy(value.state)[0]))
            for layer in layers
            for value in vars(layer).values()
            if isinstance(value, keras.random.SeedGenerator)
        ]

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._batches.epoch = epoch
        for generator, seed in self._generators:
            state = np.array([seed, epoch * _DRAWS])
            generator.state.assign(keras.ops.convert_to_tensor(state, generator.state.dtype))
