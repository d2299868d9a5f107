"""What a model that is judged answers, and how often that is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.answer.answer_bound import answer_bound, risk_curve
from models.bundle.card import Evaluation
from models.bundle.manifest import Emptied, Risk
from models.rate import Rate
from training.judge.basis import Basis
from training.judge.bootstrap import bootstrap_figures

WRONG = "wrong of those answered"
_ANSWERED = "answered where "


def without_answer_figures(evaluation: Evaluation) -> Evaluation:
    """An evaluation without those of `answer_figures`."""
    return evaluation.changed(
        figures=tuple(
            each
            for each in evaluation.figures
            if each.name != WRONG and not each.name.startswith(_ANSWERED)
        )
    )


def risk_of(probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> tuple[Risk, ...]:
    """The curve of a model's risk on images that it had not learned from, see `risk_curve`.

    Args:
        probabilities: (n, classes) float, calibrated.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block of each.
    """
    return risk_curve(probabilities.max(axis=1), probabilities.argmax(axis=1) != labels, groups)


def risk_elsewhere(
    number: int,
    probabilities: Sequence[np.ndarray],
    truths: Sequence[tuple[np.ndarray, np.ndarray]],
) -> tuple[Risk, ...]:
    """The curve on the test parts of the other folds, but for groups of a fold's own; empty where
    there are none.

    Args:
        number: Of the fold.
        probabilities: Of each fold's test part, calibrated.
        truths: Of each fold's test part labels and groups, (n,) int.
    """
    own = truths[number][1]
    parts = [
        (shares[rows], labels[rows], groups[rows])
        for other, (shares, (labels, groups)) in enumerate(zip(probabilities, truths, strict=True))
        if other != number and (rows := ~np.isin(groups, own)).any()
    ]
    if not parts:
        return ()
    shares, labels, groups = (np.concatenate(column) for column in zip(*parts, strict=True))
    return risk_of(shares, labels, groups)


def answer_figures(
    probabilities: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    groups: Sequence[np.ndarray],
    risks: Sequence[Sequence[Risk]],
    error_limit: float,
    emptied: Sequence[Emptied] = (),
) -> tuple[Rate, ...]:
    """How many test images are answered, and how many of these wrongly; the latter only where there
    are any, and neither where nothing settles what may be answered.

    Args:
        probabilities, labels, groups: Of each fold's test images.
        risks: What settles from where on each fold answers.
        error_limit: Share of answers that may be wrong.
        emptied: What the model answers on fields without cells, which holds it back, too.
    """
    thresholds = [answer_bound(risk, error_limit, emptied).threshold for risk in risks]
    if not any(risks):
        return ()
    answered = np.concatenate(
        [
            np.zeros(len(shares), bool) if limit is None else shares.max(axis=1) >= limit
            for shares, limit in zip(probabilities, thresholds, strict=True)
        ]
    )
    found = np.concatenate([shares.argmax(axis=1) for shares in probabilities])
    wrong = found != np.concatenate(labels)
    share = f"{_ANSWERED}{100 * error_limit:g} % may be wrong"

    def measured(rows: np.ndarray) -> dict[str, float]:
        given = answered[rows]
        some = given.any()
        return {
            share: float(given.mean()),
            WRONG: float(wrong[rows][given].mean()) if some else float("nan"),
        }

    return bootstrap_figures(measured, np.concatenate(groups), bases={WRONG: Basis(rows=answered)})
