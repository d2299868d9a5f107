"""How good a model is on images it has not seen, with intervals over groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.bundle.card import Evaluation
from training.judge.basis import bases_of_measures, mean_over_classes
from training.judge.bootstrap import bootstrap_figures
from training.judge.measures import aurocs, confusion_matrix, measure_all


@dataclass(frozen=True, kw_only=True)
class EvaluationPlan:
    """What a model is asked on a test part, and how the answer will be headed.

    Attributes:
        classes: Names, in the order of the columns of the probabilities.
        split, protocol: See `models.bundle.card.Evaluation`.
        patients: Whether a group is one patient with one diagnosis: adds the group-level AUROC.
    """

    classes: tuple[str, ...]
    split: str
    protocol: str
    patients: bool = False


def evaluate(
    probabilities: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    plan: EvaluationPlan,
    *,
    subject: str,
    seed: int = 0,
) -> Evaluation:
    """Every figure of a model on its test part.

    The names of the figures are those of `training.judge.measures.measure_all`; one that the test
    part cannot tell, such as the AUROC of a class that is not in it, is left out. Each has the n
    that it rests on, see `models.bundle.card.Evaluation`.

    Args:
        probabilities: (n, classes) float.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block; what is drawn in the bootstrap.
        plan: The classes, and which split it is.
        subject: Who is judged, see `models.bundle.card.Evaluation`.
        seed: Of the bootstrap.
    """
    predicted = probabilities.argmax(axis=1)
    figures = bootstrap_figures(
        lambda rows: measure_all(probabilities[rows], labels[rows], plan.classes),
        groups,
        bases=bases_of_measures(predicted, labels, plan.classes),
        seed=seed,
    )
    if plan.patients:
        means, diagnoses = _by_group(probabilities, labels, groups)
        figures += bootstrap_figures(
            lambda rows: {"AUROC by group": float(aurocs(means[rows], diagnoses[rows]).mean())},
            np.arange(len(means)),
            bases={
                "AUROC by group": mean_over_classes(diagnoses, len(plan.classes), against_rest=True)
            },
            seed=seed,
        )
    confusion = confusion_matrix(predicted, labels, len(plan.classes))
    return Evaluation(
        subject=subject,
        split=plan.split,
        protocol=plan.protocol,
        classes=plan.classes,
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
