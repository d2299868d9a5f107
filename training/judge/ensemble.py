"""Several models that answer together, judged as one: weights from validation, then `judge`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from models.answer.ensemble import ensemble_logits
from models.answer.prediction import LEAST_PROBABILITY
from training.errors import DatasetError
from training.judge.evaluation import EvaluationPlan
from training.judge.judgement import Answers, Fold, Judgement, judge
from training.judge.predictions import Predictions, SplitPredictions

Weights = Literal["equal", "validation"]

_ROUNDS = 2000
_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class EnsembleJudgement:
    """An ensemble judged on one split.

    Attributes:
        weights: (folds, members) float, each row above 0 with sum 1.
        judgement: Its evaluation, and its settings in each fold.
        answers: Its calibrated probabilities, as a run leaves them.
    """

    weights: np.ndarray
    judgement: Judgement
    answers: SplitPredictions


def judge_ensemble(
    members: Sequence[SplitPredictions], *, weights: Weights, split: str, patients: bool
) -> EnsembleJudgement:
    """Judge the mean of several models' probabilities, fold by fold as a single model is judged.

    Args:
        members: What each model answered on this split.
        weights: "equal", or "validation" for those that make each fold's validation images most
            likely; there a member that would be left out keeps a thousandth, and is seen.
        split: Kind of the split plan.
        patients: See `training.judge.evaluation.EvaluationPlan`.

    Raises:
        DatasetError: The members were judged on different images.
    """
    first = members[0]
    for number, member in enumerate(members, start=1):
        if not (
            is_same_test(first.test, member.test)
            and is_same_test(first.validation, member.validation)
        ):
            raise DatasetError(
                f"Member {number} of the ensemble was judged on other images than the first, on "
                f"the {split} split. Use recipes of one task, split and seed."
            )
    shares = _ensemble_weights([member.validation for member in members], weights)
    validation = [
        _answers([member.validation for member in members], share, fold)
        for fold, share in enumerate(shares)
    ]
    test = [
        _answers([member.test for member in members], share, fold)
        for fold, share in enumerate(shares)
    ]
    n_folds = len(shares)
    judgement = judge(
        [Fold(validation=tuned, test=asked) for tuned, asked in zip(validation, test, strict=True)],
        EvaluationPlan(
            classes=first.test.classes,
            split=split,
            protocol=f"as its members: {len(first.test.labels)} images, "
            f"{n_folds} {'fold' if n_folds == 1 else 'folds'}",
            patients=patients,
        ),
    )
    return EnsembleJudgement(
        weights=shares,
        judgement=judgement,
        answers=SplitPredictions(
            validation=_answered(first.validation, [fold.validation for fold in judgement.folds]),
            test=_answered(first.test, [fold.test for fold in judgement.folds]),
        ),
    )


def is_same_test(first: Predictions, second: Predictions) -> bool:
    """Whether two models answered the same images of the same folds for the same classes."""
    return (
        first.classes == second.classes
        and first.paths == second.paths
        and np.array_equal(first.labels, second.labels)
        and np.array_equal(first.folds, second.folds)
    )


def equal_weights(members: Sequence[Predictions]) -> np.ndarray:
    """The same weight for every member, as (folds, members) float."""
    return np.full((int(members[0].folds.max()) + 1, len(members)), 1 / len(members))


def validation_weights(members: Sequence[Predictions]) -> np.ndarray:
    """The weights that make the validation images of each fold most likely.

    The log-likelihood of a mixture with fixed members is concave in the weights, so that
    expectation maximisation from equal weights finds them (Dempster, Laird & Rubin 1977).

    Args:
        members: What each model answered on the validation part of each fold, the same images.

    Returns:
        (folds, members) float, each row at least 0 with sum 1.
    """
    labels = members[0].labels
    answers = np.stack([member.probabilities for member in members], axis=1)
    of_truth = np.clip(answers[np.arange(len(labels)), :, labels], LEAST_PROBABILITY, None)
    weights = equal_weights(members)
    for fold in range(len(weights)):
        likelihood = of_truth[members[0].folds == fold]
        for _ in range(_ROUNDS):
            shares = weights[fold] * likelihood
            weights[fold] = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
    return weights


def _ensemble_weights(validation: Sequence[Predictions], kind: Weights) -> np.ndarray:
    if kind == "equal":
        return equal_weights(validation)
    weights = np.maximum(validation_weights(validation), _LEAST_WEIGHT)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _answers(members: Sequence[Predictions], weights: np.ndarray, fold: int) -> Answers:
    """What the members of one fold say together."""
    first, rows = members[0], members[0].folds == fold
    answers = np.stack([member.probabilities[rows] for member in members])
    return Answers(
        logits=ensemble_logits(answers, weights),
        labels=first.labels[rows],
        groups=first.group_numbers[rows],
    )


def _answered(images: Predictions, probabilities: Sequence[np.ndarray]) -> Predictions:
    """The same images with other probabilities, given fold by fold."""
    answers = np.empty_like(images.probabilities)
    for fold, given in enumerate(probabilities):
        answers[images.folds == fold] = given
    return replace(images, probabilities=answers)
