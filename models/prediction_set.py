"""Which classes cannot be ruled out: split conformal prediction, adaptive and by class.

Source: Romano, Sesia and Candès 2020, "Classification with valid and adaptive coverage"
(arXiv 2006.02544), without randomisation; a threshold for each class, as in Vovk 2012,
"Conditional validity of inductive conformal predictors" (arXiv 1209.2673).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.errors import BundleError

DEFAULT_LEVEL = 0.9
"""Share of images of each class whose set shall hold it, where a site sets no other."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ConformalScores:
    """How hard validation images were for a model: what its prediction sets rest on.

    Attributes:
        scores: (n,) float64, see `adaptive_scores`, each of an image's true class.
        labels: (n,) int, the true classes.
    """

    scores: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if self.scores.shape != self.labels.shape or self.scores.ndim != 1:
            raise BundleError(
                f"Expected a score and a label an image, received {self.scores.shape} and "
                f"{self.labels.shape}. Train or export the bundle again."
            )

    def thresholds(self, level: float, n_classes: int) -> np.ndarray:
        """The score up to which a class stays in the set, (n_classes,); inf where nothing is known.

        The ceil((n + 1) · level)-th smallest score of the class's n images. A class with too few
        images for the level can never be ruled out.

        Args:
            level: Coverage asked for, above 0 and below 1.
        """
        if not 0 < level < 1:
            raise BundleError(
                f"Expected a level of prediction sets above 0 and below 1, received {level!r}. "
                "Set it to 0.9, for example."
            )
        found = np.full(n_classes, np.inf)
        for number in range(n_classes):
            own = np.sort(self.scores[self.labels == number])
            rank = int(np.ceil((len(own) + 1) * level))
            if rank <= len(own):
                found[number] = own[rank - 1]
        return found


def adaptive_scores(probabilities: np.ndarray) -> np.ndarray:
    """For each class the probability of all classes at least as likely, itself included.

    Args:
        probabilities: (..., C) float, sum 1.

    Returns:
        (..., C) float64, 0 to 1: low for what comes first with certainty.
    """
    shares = np.asarray(probabilities, np.float64)
    at_least = shares[..., np.newaxis, :] >= shares[..., :, np.newaxis]
    return np.asarray((at_least * shares[..., np.newaxis, :]).sum(axis=-1))


def prediction_set(
    probabilities: np.ndarray, conformal: ConformalScores, level: float
) -> tuple[int, ...]:
    """Indices of the classes that cannot be ruled out, the most probable first.

    The most probable class is always among them, so that the set is never empty; that only adds
    to the coverage.

    Args:
        probabilities: (C,) float.
        conformal: Of the model that gave them.
        level: Coverage asked for.
    """
    scores = adaptive_scores(probabilities)
    kept = scores <= conformal.thresholds(level, len(scores)) + 1e-9
    order = np.argsort(-np.asarray(probabilities), kind="stable")
    kept[order[0]] = True
    return tuple(int(index) for index in order if kept[index])


def largest_useful(n_classes: int) -> int:
    """The largest set that still says something: half of the classes. Beyond it models abstain."""
    return max(1, n_classes // 2)
