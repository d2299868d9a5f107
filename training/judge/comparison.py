"""Whether two models differ on the same test images, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.rate import Rate
from training.errors import DatasetError
from training.judge.basis import Basis, mean_over_classes
from training.judge.bootstrap import bootstrap_figures
from training.judge.measures import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models on the same images, first against second.

    Attributes:
        only_first_right, only_second_right: Images that one names rightly and the other does not.
        p_value: Exact two-sided McNemar test of equal accuracy; it takes images as independent,
            so with several images a group trust the intervals rather than it.
        differences: Accuracy and balanced accuracy, first minus second, −1 to 1, each with the
            95 % interval of a paired bootstrap over groups.
    """

    only_first_right: int
    only_second_right: int
    p_value: float
    differences: tuple[Rate, ...]

    def difference(self, name: str) -> Rate:
        """The difference of "accuracy" or "balanced accuracy". Raises KeyError for others."""
        for figure in self.differences:
            if figure.name == name:
                return figure
        raise KeyError(name)


def compare(
    first: np.ndarray, second: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, seed: int = 0
) -> Comparison:
    """How two models' answers for the same images differ.

    Args:
        first, second: (n,) int, the class that each model names.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block of each image.
        seed: Of the bootstrap.

    Raises:
        DatasetError: The arrays are empty or not of one length.
    """
    lengths = {len(values) for values in (first, second, labels, groups)}
    if len(lengths) != 1 or not len(labels):
        raise DatasetError(
            f"The two models' answers are not for the same images: {len(first)} and {len(second)} "
            f"answers for {len(labels)} images in {len(groups)} places. Compare runs of one split."
        )
    n_classes = 1 + max(int(values.max()) for values in (first, second, labels))
    first_is_right, second_is_right = first == labels, second == labels
    only_first = int((first_is_right & ~second_is_right).sum())
    only_second = int((second_is_right & ~first_is_right).sum())

    def differences(rows: np.ndarray) -> dict[str, float]:
        one, other = (
            confusion_matrix(answers[rows], labels[rows], n_classes) for answers in (first, second)
        )
        return {
            "accuracy": accuracy(one) - accuracy(other),
            "balanced accuracy": balanced_accuracy(one) - balanced_accuracy(other),
        }

    return Comparison(
        only_first_right=only_first,
        only_second_right=only_second,
        p_value=mcnemar_p_value(only_first, only_second),
        differences=bootstrap_figures(
            differences,
            groups,
            bases={
                "accuracy": Basis(lowest=-1.0),
                "balanced accuracy": mean_over_classes(labels, n_classes, lowest=-1.0),
            },
            seed=seed,
        ),
    )


def mcnemar_p_value(only_first_right: int, only_second_right: int) -> float:
    """The exact two-sided p-value that two models are equally often right, 0 to 1.

    Under that hypothesis, the images on which one model alone is right fall to either like a
    fair coin (McNemar 1947, in the exact binomial form).

    Args:
        only_first_right, only_second_right: Number of such images.
    """
    from scipy.stats import binomtest

    n = only_first_right + only_second_right
    return float(binomtest(only_first_right, n, 0.5).pvalue) if n else 1.0
