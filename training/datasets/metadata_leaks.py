"""Does anything but the picture tell the label: its size, its file format, its number?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.datasets.index import ImageRecord
from training.datasets.inspection import ImageFacts

_FOLDS = 5
_LEAST_IMAGES = 20  # with fewer, a cross-validated figure is noise
# A quarter of the way from chance to perfect. On thirteen public sets size reached 0.13 of it
# at most, but for one whose two labels are two laboratories, at 0.90; numbers that restart in each
# class stayed below 0, running ones reached 0.35 and more.
_LEAST_SKILL = 0.25


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Something outside the picture that predicts the label.

    Attributes:
        dataset: The data set in which it does.
        source: "size", "file format" or "file number".
        balanced_accuracy: Of a decision tree that sees nothing else, cross-validated, 0 to 1.
        chance: What guessing reaches: 1 over the number of labels.
        n: Number of images.
    """

    dataset: str
    source: str
    balanced_accuracy: float
    chance: float
    n: int

    def __str__(self) -> str:
        advice = {
            "size": "Bring all images to one size, and crop alike.",
            "file format": "Convert all images alike from one source.",
            "file number": "Split by group or by blocks of numbers.",
        }[self.source]
        return (
            f"{self.dataset}: the {self.source} alone tells the label with balanced accuracy "
            f"{self.balanced_accuracy:.2f} (chance {self.chance:.2f}, n {self.n}). {advice}"
        )


def find_leaks(records: Sequence[ImageRecord], facts: Sequence[ImageFacts]) -> tuple[Leak, ...]:
    """Every leak of a label into the metadata, data set by data set.

    Args:
        records: The images.
        facts: What each file is, in the same order.
    """
    leaks = []
    for dataset in sorted({record.dataset for record in records}):
        mine = [number for number, record in enumerate(records) if record.dataset == dataset]
        labels = np.array([records[number].label for number in mine])
        formats = np.array([facts[number].format for number in mine])
        file_numbers = [records[number].file_number for number in mine]
        columns = {
            "size": [[facts[number].width, facts[number].height] for number in mine],
            "file format": formats[:, None] == np.unique(formats)[None, :],
            "file number": [[-1 if number is None else number] for number in file_numbers],
        }
        for source, values in columns.items():
            leak = _leak(np.asarray(values, np.float64), labels, dataset=dataset, source=source)
            if leak is not None:
                leaks.append(leak)
    return tuple(leaks)


def _leak(values: np.ndarray, labels: np.ndarray, *, dataset: str, source: str) -> Leak | None:
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    names, counts = np.unique(labels, return_counts=True)
    kept = np.isin(labels, names[counts >= _FOLDS])
    values, labels = values[kept], labels[kept]
    n_labels = len(np.unique(labels))
    if n_labels < 2 or len(labels) < _LEAST_IMAGES or not np.ptp(values, axis=0).any():
        return None
    tree = DecisionTreeClassifier(min_samples_leaf=3, class_weight="balanced", random_state=0)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    predicted = cross_val_predict(tree, values, labels, cv=folds)
    score = float(balanced_accuracy_score(labels, predicted))
    chance = 1 / n_labels
    if (score - chance) / (1 - chance) < _LEAST_SKILL:
        return None
    return Leak(
        dataset=dataset, source=source, balanced_accuracy=score, chance=chance, n=len(labels)
    )
