"""What one pass of a picture through a network gives, whatever runs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from models.architectures.heads import LEAST_VARIANCE

LinearPooling = Literal["avg", "mean_and_deviation"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ForwardPass:
    """Of n pictures.

    Attributes:
        logits: (n, C) float32.
        features: (n, h, w, k) float32, the map that class activation maps weigh.
        means: (n, d) float32, means over rows and columns of the layer that the domain rests on.
    """

    logits: np.ndarray
    features: np.ndarray
    means: np.ndarray

    def each(self) -> Iterator[ForwardPass]:
        """The same of one picture after the other."""
        for number in range(len(self.logits)):
            own = slice(number, number + 1)
            yield ForwardPass(
                logits=self.logits[own], features=self.features[own], means=self.means[own]
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearHead:
    """A head that pools the feature map and has one linear layer.

    Attributes:
        pooling: Over rows and columns.
        kernel: (k, C) float32 behind "avg"; (2 k, C) behind "mean_and_deviation".
    """

    pooling: LinearPooling
    kernel: np.ndarray

    def pooled(self, features: np.ndarray) -> np.ndarray:
        """What the linear layer sees of a feature map (h, w, k)."""
        mean = features.mean(axis=(0, 1))
        if self.pooling == "avg":
            return np.asarray(mean)
        return np.concatenate([mean, _deviation(features)])

    def gradient(self, features: np.ndarray, class_index: int) -> np.ndarray:
        """How a class's logit moves with each value of a feature map (h, w, k): the same shape."""
        n_cells, n_channels = features.shape[0] * features.shape[1], features.shape[2]
        weights = self.kernel[:, class_index] / n_cells
        if self.pooling == "avg":
            return np.broadcast_to(weights, features.shape)
        centred = (features - features.mean(axis=(0, 1))) / _deviation(features)
        return np.asarray(weights[:n_channels] + weights[n_channels:] * centred)


def _deviation(features: np.ndarray) -> np.ndarray:
    """Standard deviation of each channel, (k,)."""
    return np.asarray(np.sqrt(features.var(axis=(0, 1)) + LEAST_VARIANCE))


class Network(Protocol):
    """A network that is ready to be asked."""

    @property
    def runtime(self) -> str:
        """What runs it, as its users call it."""
        ...

    @property
    def head(self) -> LinearHead | None:
        """None where the logits are no linear function of pooled features."""
        ...

    def forward(self, rgb: np.ndarray) -> ForwardPass:
        """Ask about pictures (n, px, px, 3) float32, 0 to 255."""
        ...
