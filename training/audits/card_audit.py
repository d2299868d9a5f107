"""What a card says of a model beyond its evaluations: shortcuts, worse images, mistakes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.card import Card, Figure, Mistake
from models.prediction import softmax
from training.audits.robustness import MOST_IMAGES, measure_robustness
from training.audits.shortcuts import audit_shortcuts
from training.bootstrap import bootstrap_figures
from training.collection import Collection
from training.datasets.index import ImageRecord
from training.datasets.splits import Split

if TYPE_CHECKING:
    from models.runtime import Model

MISTAKES = 3
"""So many of each class, the surest first."""


def audited_card(
    model: Model, collection: Collection, split: Split, *, limit: int = MOST_IMAGES
) -> Card:
    """A model's card with what its own test images tell of it.

    Mistakes and figures by data set are from all test images.

    Args:
        model: The model in question.
        collection: The images that it was made from, through its own steps.
        split: The one that its network comes from.
        limit: So many test images for shortcuts and worse images, spread evenly; 0 for all.

    Raises:
        DatasetError: A file is not a readable image.
    """
    test = split.test
    shortcuts = audit_shortcuts(model, collection, split, limit=limit)
    robustness = measure_robustness(model, collection, test, limit=limit)
    logits = model.logits(collection.pictures.rgb[test])
    probabilities = softmax(logits, model.manifest.temperature)
    records = [collection.records[item] for item in test]
    labels = collection.labels[test]
    groups = collection.groups["grouped"][test]
    right = probabilities.argmax(axis=1) == labels
    return replace(
        model.card,
        shortcuts=shortcuts.subjects,
        robustness=robustness.rows,
        mistakes=surest_mistakes(model.manifest.classes, records, labels, probabilities),
        subgroups=accuracy_by_dataset(records, right, groups),
    )


def surest_mistakes(
    classes: Sequence[str],
    records: Sequence[ImageRecord],
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    most: int = MISTAKES,
) -> tuple[Mistake, ...]:
    """The wrong answers of highest probability among the images of each class.

    Args:
        classes: Names, in the order of the columns.
        records: The n images.
        labels: (n,) int, the truth.
        probabilities: (n, classes) float, calibrated.
        most: So many of each class.
    """
    answers = probabilities.argmax(axis=1)
    found = []
    for truth, name in enumerate(classes):
        wrong = np.nonzero((labels == truth) & (answers != truth))[0]
        sure = probabilities[wrong, answers[wrong]]
        for item in wrong[np.argsort(-sure, kind="stable")][:most]:
            record = records[item]
            found.append(
                Mistake(
                    path=record.name,
                    sha256=hashlib.sha256(record.path.read_bytes()).hexdigest(),
                    truth=name,
                    answer=classes[answers[item]],
                    probability=float(probabilities[item, answers[item]]),
                    truth_probability=float(probabilities[item, truth]),
                )
            )
    return tuple(found)


def accuracy_by_dataset(
    records: Sequence[ImageRecord], right: np.ndarray, groups: np.ndarray
) -> tuple[Figure, ...]:
    """Accuracy on the images of each data set, with its interval over groups.

    Args:
        records: The n images.
        right: (n,) bool, whether each was answered rightly.
        groups: (n,) int, patient, case or block of each.
    """
    datasets = np.array([record.dataset for record in records])
    figures: list[Figure] = []
    for name in np.unique(datasets):
        rows = np.nonzero(datasets == name)[0]
        figures += _accuracy(str(name), right[rows], groups[rows])
    return tuple(figures)


def _accuracy(dataset: str, right: np.ndarray, groups: np.ndarray) -> tuple[Figure, ...]:
    return bootstrap_figures(
        lambda rows: {f"accuracy, {dataset}": float(right[rows].mean())}, groups
    )
