"""How a model is judged: calibrate → threshold → evaluate → prediction sets.

Runs, ensembles and studies all judge by `judge`, so that one model has one set of figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.answer.prediction import softmax
from models.answer.prediction_set import ConformalScores
from models.bundle.card import Evaluation
from training.judge.calibration import fit_answer_threshold, fit_temperature
from training.judge.evaluation import EvaluationPlan, evaluate
from training.judge.prediction_sets import conformal_scores, set_figures

MODEL = "model"
"""Subject of the evaluation of whatever is judged; baselines bear names of their own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What a model says of images whose class is known.

    Attributes:
        logits: (n, classes) float; of an ensemble the logarithms of its mean probabilities.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block of each image.
    """

    logits: np.ndarray
    labels: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Fold:
    """One fold of a split: a model's answers on what it is tuned on, and on what it is judged by.

    Attributes:
        validation: Its validation part, or answers out of fold on what it learned from.
        test: Its test part.
        baselines: Probabilities (n test images, classes) by the name of each baseline.
    """

    validation: Answers
    test: Answers
    baselines: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedFold:
    """What validation settles for one fold, and the probabilities that follow.

    Attributes:
        temperature: Divisor of the logits.
        answer_threshold: Probability under which the model abstains, 0 to 1.
        conformal: How hard the validation images were: what prediction sets rest on.
        validation, test: (n, classes) float, calibrated probabilities.
    """

    temperature: float
    answer_threshold: float
    conformal: ConformalScores
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """A model judged on one split.

    Attributes:
        evaluations: Of the model over all folds, prediction sets among its figures; then those
            of the baselines on the same images.
        folds: In the order given. A bundle holds the first one's network and settings.
    """

    evaluations: tuple[Evaluation, ...]
    folds: tuple[JudgedFold, ...]

    @property
    def model(self) -> Evaluation:
        """The model's own evaluation."""
        return self.evaluations[0]

    @property
    def temperature(self) -> float:
        """Of the first fold, for the bundle."""
        return self.folds[0].temperature

    @property
    def answer_threshold(self) -> float:
        """Of the first fold, for the bundle."""
        return self.folds[0].answer_threshold

    @property
    def conformal(self) -> ConformalScores:
        """Of the first fold, for the bundle."""
        return self.folds[0].conformal


def judge(folds: Sequence[Fold], plan: EvaluationPlan) -> Judgement:
    """Judge a model on one split, all settings taken from validation alone.

    Args:
        folds: At least one, all with the same baselines.
        plan: The classes, and which split it is.
    """
    judged = [_judge_fold(fold) for fold in folds]
    model = evaluate_calibrated(
        [
            CalibratedFold(
                probabilities=settled.test,
                labels=fold.test.labels,
                groups=fold.test.groups,
                conformal=settled.conformal,
            )
            for fold, settled in zip(folds, judged, strict=True)
        ],
        plan,
    )
    baselines = tuple(
        evaluate(
            np.concatenate([fold.baselines[name] for fold in folds]),
            np.concatenate([fold.test.labels for fold in folds]),
            np.concatenate([fold.test.groups for fold in folds]),
            plan,
            subject=name,
        )
        for name in folds[0].baselines
    )
    return Judgement(evaluations=(model, *baselines), folds=tuple(judged))


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibratedFold:
    """Calibrated answers on the test images of one fold.

    Attributes:
        probabilities: (n, classes) float.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block of each image.
        conformal: How hard the fold's validation images were.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    conformal: ConformalScores


def evaluate_calibrated(folds: Sequence[CalibratedFold], plan: EvaluationPlan) -> Evaluation:
    """The figures of calibrated answers, those of their prediction sets among them."""
    probabilities = [fold.probabilities for fold in folds]
    labels = [fold.labels for fold in folds]
    groups = [fold.groups for fold in folds]
    evaluation = evaluate(
        np.concatenate(probabilities),
        np.concatenate(labels),
        np.concatenate(groups),
        plan,
        subject=MODEL,
    )
    figures = set_figures(probabilities, labels, groups, [fold.conformal for fold in folds])
    return evaluation.changed(figures=(*evaluation.figures, *figures))


def _judge_fold(fold: Fold) -> JudgedFold:
    tuned = fold.validation
    temperature = fit_temperature(tuned.logits, tuned.labels)
    validation = softmax(tuned.logits, temperature)
    return JudgedFold(
        temperature=temperature,
        answer_threshold=fit_answer_threshold(validation, tuned.labels),
        conformal=conformal_scores(validation, tuned.labels, tuned.groups),
        validation=validation,
        test=softmax(fold.test.logits, temperature),
    )
