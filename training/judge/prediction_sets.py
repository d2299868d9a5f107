"""Prediction sets of a model that is judged: what they rest on, and how often they hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.answer.prediction_set import (
    DEFAULT_LEVEL,
    ConformalScores,
    adaptive_scores,
    prediction_set,
)
from models.rate import Rate
from training.judge.basis import Basis
from training.judge.bootstrap import bootstrap_figures


def conformal_scores(
    probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> ConformalScores:
    """How hard validation images were for a model.

    Args:
        probabilities: (n, classes) float, calibrated, on validation.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block of each.
    """
    own = adaptive_scores(probabilities)[np.arange(len(labels)), labels]
    return ConformalScores(scores=own, labels=np.asarray(labels), groups=np.asarray(groups))


def set_figures(
    probabilities: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    groups: Sequence[np.ndarray],
    conformals: Sequence[ConformalScores],
    *,
    level: float = DEFAULT_LEVEL,
) -> tuple[Rate, ...]:
    """How often prediction sets hold the truth on test images, and how large they are.

    Args:
        probabilities, labels, groups: Of each fold's test images.
        conformals: Of each fold's validation images.
        level: Coverage asked for.
    """
    thresholds = [
        conformal.thresholds(level, answers.shape[1])
        for answers, conformal in zip(probabilities, conformals, strict=True)
    ]
    sets = [
        prediction_set(row, limits)
        for answers, limits in zip(probabilities, thresholds, strict=True)
        for row in answers
    ]
    truth = np.concatenate(labels)
    hit = np.array([label in kept for label, kept in zip(truth, sets, strict=True)], float)
    size = np.array([len(kept) for kept in sets], float)
    name = f"{100 * level:.0f} % prediction sets"
    return bootstrap_figures(
        lambda rows: {
            f"coverage of {name}": float(hit[rows].mean()),
            f"mean size of {name}": float(size[rows].mean()),
        },
        np.concatenate(groups),
        bases={f"mean size of {name}": Basis(lowest=1.0, highest=probabilities[0].shape[1])},
    )
