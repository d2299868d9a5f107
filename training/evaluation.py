"""How good a model is on images it has not seen, with intervals over groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.card import Evaluation
from training.bootstrap import bootstrap_figures
from training.measures import aurocs, confusion_matrix, measure_all


def evaluate(
    probabilities: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    classes: Sequence[str],
    subject: str = "model",
    split: str,
    protocol: str,
    patients: bool = False,
    seed: int = 0,
) -> Evaluation:
    """Every figure of a model on its test part.

    The names of the figures are those of `training.measures.measure_all`; one that the test
    part cannot tell, such as the AUROC of a class that is not in it, is left out.

    Args:
        probabilities: (n, classes) float.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block; what is drawn in the bootstrap.
        classes: Names, in the order of the columns.
        subject, split, protocol: See `models.card.Evaluation`.
        patients: Whether a group is one patient with one diagnosis: adds the group-level AUROC.
        seed: Of the bootstrap.
    """
    figures = bootstrap_figures(
        lambda rows: measure_all(probabilities[rows], labels[rows], classes), groups, seed=seed
    )
    if patients:
        means, diagnoses = _by_group(probabilities, labels, groups)
        figures += bootstrap_figures(
            lambda rows: {"AUROC by group": float(aurocs(means[rows], diagnoses[rows]).mean())},
            np.arange(len(means)),
            seed=seed,
        )
    confusion = confusion_matrix(probabilities.argmax(axis=1), labels, len(classes))
    return Evaluation(
        subject=subject,
        split=split,
        protocol=protocol,
        classes=tuple(classes),
        figures=figures,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        groups=len(np.unique(groups)),
    )


def _by_group(
    probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean probability and diagnosis of each patient."""
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    sizes = np.bincount(number)
    means = np.stack(
        [np.bincount(number, weights=column) / sizes for column in probabilities.T], axis=1
    )
    return means, labels[first]
