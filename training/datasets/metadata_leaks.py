"""Does anything but the picture tell the label: its size, its file format, its number?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.datasets.index import ImageRecord
from training.datasets.inspection import ImageFacts

_FOLDS = 5
LEAST_IMAGES = 20  # with fewer, a cross-validated figure is noise
# A quarter of the way from chance to perfect. On thirteen public sets size reached 0.13 of it
# at most, but for one whose two labels are two laboratories, at 0.90; numbers that restart in each
# class stayed below 0, running ones reached 0.35 and more.
LEAST_SKILL = 0.25


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
        columns = columns_of([records[item] for item in mine], [facts[item] for item in mine])
        for source, values in columns.items():
            leak = _leak(values, labels, dataset=dataset, source=source)
            if leak is not None:
                leaks.append(leak)
    return tuple(leaks)


def columns_of(
    records: Sequence[ImageRecord], facts: Sequence[ImageFacts]
) -> dict[str, np.ndarray]:
    """What is known of each file but its picture, as (n, columns) float64 for each source."""
    formats = np.array([fact.format for fact in facts])
    file_numbers = [record.file_number for record in records]
    columns = {
        "size": [[fact.width, fact.height] for fact in facts],
        "file format": formats[:, None] == np.unique(formats)[None, :],
        "file number": [[-1 if number is None else number] for number in file_numbers],
    }
    return {source: np.asarray(values, np.float64) for source, values in columns.items()}


def foretold(
    values: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None
) -> np.ndarray:
    """The labels that a decision tree foretells from a few numbers, cross-validated, as (n,).

    Args:
        values: (n, columns) float.
        labels: (n,), each at least five times.
        groups: (n,) int, what stays in one fold; None where every image stands for itself.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(min_samples_leaf=3, class_weight="balanced", random_state=0)
    n_groups = len(labels) if groups is None else len(np.unique(groups))
    if n_groups == len(labels):
        folder, groups = StratifiedKFold, None
    else:
        folder = StratifiedGroupKFold
    folds = folder(min(_FOLDS, n_groups), shuffle=True, random_state=0)
    answers = np.empty_like(labels)
    for learn, judge in folds.split(values, labels, groups):
        if len(judge):
            answers[judge] = tree.fit(values[learn], labels[learn]).predict(values[judge])
    return answers


def _leak(values: np.ndarray, labels: np.ndarray, *, dataset: str, source: str) -> Leak | None:
    from sklearn.metrics import balanced_accuracy_score

    names, counts = np.unique(labels, return_counts=True)
    kept = np.isin(labels, names[counts >= _FOLDS])
    values, labels = values[kept], labels[kept]
    n_labels = len(np.unique(labels))
    if n_labels < 2 or len(labels) < LEAST_IMAGES or not np.ptp(values, axis=0).any():
        return None
    score = float(balanced_accuracy_score(labels, foretold(values, labels)))
    chance = 1 / n_labels
    if (score - chance) / (1 - chance) < LEAST_SKILL:
        return None
    return Leak(
        dataset=dataset, source=source, balanced_accuracy=score, chance=chance, n=len(labels)
    )
