"""Which classes cannot be ruled out: split conformal prediction, adaptive, by class and by group.

Source: Romano, Sesia and Candès 2020, "Classification with valid and adaptive coverage"
(arXiv 2006.02544), its score without the class's own probability; a threshold for each class, as
in Vovk 2012, "Conditional validity of inductive conformal predictors" (arXiv 1209.2673); for an
image of a new patient rather than another image of known ones, as in Lee, Barber and Willett 2023,
"Distribution-free inference with hierarchical data" (arXiv 2306.06342).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.answer.group_quantile import group_quantile
from models.errors import BundleError

DEFAULT_LEVEL = 0.9
"""Share of images of each class whose set shall hold it, where a site sets no other."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ConformalScores:
    """How hard validation images were for a model: what its prediction sets rest on.

    Attributes:
        scores: (n,) float64, see `adaptive_scores`, each of an image's true class.
        labels: (n,) int, the true classes.
        groups: (n,) int, the patient, case or block of each image.
    """

    scores: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    def __post_init__(self) -> None:
        if not self.scores.shape == self.labels.shape == self.groups.shape or self.scores.ndim != 1:
            raise BundleError(
                f"Expected a score, a label and a group an image, received {self.scores.shape}, "
                f"{self.labels.shape} and {self.groups.shape}. Train or export the bundle again."
            )

    def thresholds(self, level: float, n_classes: int) -> np.ndarray:
        """The score up to which a class stays in the set, (n_classes,); inf where nothing is known.

        The quantile of the scores of the class's images, each group with the same weight, and one
        more group, the new one, beyond them all. Where the class has too few groups for the level,
        that of all classes' images together, or the class's own quantile without the new group if
        that is larger: such a class is covered with the others, not by itself. Worked out once for
        a level.

        Args:
            level: Coverage asked for, above 0 and below 1.
        """
        if not 0 < level < 1:
            raise BundleError(
                f"Expected a level of prediction sets above 0 and below 1, received {level!r}. "
                "Set it to 0.9, for example."
            )
        if (level, n_classes) not in self._found:
            self._found[level, n_classes] = self._worked_out(level, n_classes)
        return self._found[level, n_classes]

    @cached_property
    def _found(self) -> dict[tuple[float, int], np.ndarray]:
        """The thresholds that were asked for, by level and number of classes."""
        return {}

    def _worked_out(self, level: float, n_classes: int) -> np.ndarray:
        together = group_quantile(self.scores, self.groups, level, n_new=1)
        found = np.empty(n_classes)
        for number in range(n_classes):
            mine = self.labels == number
            own = self.scores[mine], self.groups[mine]
            found[number] = group_quantile(*own, level, n_new=1)
            if np.isinf(found[number]):
                found[number] = max(together, group_quantile(*own, level, n_new=0))
        found.setflags(write=False)
        return found


def adaptive_scores(probabilities: np.ndarray) -> np.ndarray:
    """For each class the probability of all classes that are more likely than it.

    0 for the first, so that a sure and right answer is an easy image. (With its own probability
    counted in, as in the paper before randomisation, sure answers get the highest scores, and
    sets of a good model hold every class.)

    Args:
        probabilities: (..., C) float, sum 1.

    Returns:
        (..., C) float64, 0 to 1.
    """
    shares = np.asarray(probabilities, np.float64)
    ahead = shares[..., np.newaxis, :] > shares[..., :, np.newaxis]
    return np.asarray((ahead * shares[..., np.newaxis, :]).sum(axis=-1))


def prediction_set(probabilities: np.ndarray, thresholds: np.ndarray) -> tuple[int, ...]:
    """Indices of the classes that cannot be ruled out, the most probable first.

    The most probable class is always among them, so that the set is never empty; that only adds
    to the coverage.

    Args:
        probabilities: (C,) float.
        thresholds: (C,) float, see `ConformalScores.thresholds`, of the model that gave them.
    """
    scores = adaptive_scores(probabilities)
    kept = scores <= thresholds + 1e-9
    order = np.argsort(-np.asarray(probabilities), kind="stable")
    kept[order[0]] = True
    return tuple(int(index) for index in order if kept[index])
