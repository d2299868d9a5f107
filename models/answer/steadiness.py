"""How steady an answer is: the same picture flipped and turned, put to the same model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.answer.prediction import softmax

if TYPE_CHECKING:
    from models.answer.runtime import Model

VIEWS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Steadiness:
    """What a model says of the eight flips and quarter turns of one picture.

    A cell has no up or down, so the eight answers should agree. Where they do not, the answer
    hangs on how the image happened to lie (Ayhan & Berens 2018, "Test-time data augmentation for
    estimation of heteroscedastic aleatoric uncertainty in deep neural networks"). That they agree
    does not make them right.

    Attributes:
        classes: Class names, in the order of the columns.
        probabilities: (8, C) float64, calibrated, a row a view, the picture as it is first;
            read-only.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Mean probability of each class over the views, (C,) float64."""
        return np.asarray(self.probabilities.mean(axis=0))

    @property
    def lowest(self) -> np.ndarray:
        """Lowest probability of each class over the views, (C,) float64."""
        return np.asarray(self.probabilities.min(axis=0))

    @property
    def highest(self) -> np.ndarray:
        """Highest probability of each class over the views, (C,) float64."""
        return np.asarray(self.probabilities.max(axis=0))

    @property
    def votes(self) -> np.ndarray:
        """How many views put each class first, (C,) int; they sum to 8."""
        first = self.probabilities.argmax(axis=1)
        return np.bincount(first, minlength=len(self.classes))

    @property
    def top_class(self) -> int:
        """Index of the class that most views put first; of equals, the one of higher mean."""
        return max(range(len(self.classes)), key=lambda c: (self.votes[c], self.mean[c]))

    @property
    def agreeing(self) -> int:
        """How many of the eight views put the same class first."""
        return int(self.votes[self.top_class])


def eight_views(rgb: np.ndarray) -> np.ndarray:
    """A square picture (px, px, 3) flipped and turned, as (8, px, px, 3); as it is first."""
    turned = [np.rot90(rgb, quarters) for quarters in range(4)]
    return np.stack([*turned, *(view[:, ::-1] for view in turned)])


def steadiness_of(rgb: np.ndarray, model: Model) -> Steadiness:
    """What a model says of a prepared picture (px, px, 3) uint8 in eight positions.

    Raises:
        BundleError: the picture does not fit the model.
    """
    probabilities = softmax(model.logits(eight_views(rgb)), model.manifest.temperature)
    probabilities.setflags(write=False)
    return Steadiness(classes=model.manifest.classes, probabilities=probabilities)
