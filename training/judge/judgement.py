"""How a model is judged: calibrate → threshold → evaluate → prediction sets.

Runs, ensembles and studies all judge by `judge`, so that one model has one set of figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, answer_bound
from models.answer.prediction import softmax
from models.answer.prediction_set import ConformalScores
from models.bundle.card import Evaluation
from models.bundle.manifest import Risk
from models.rate import Rate
from training.judge.answered import answer_figures, risk_elsewhere, risk_of, without_answer_figures
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
        answer_threshold: Probability under which the model abstains, 0 to 1: what its risk proves,
            or where that is nothing `fitted_threshold`.
        fitted_threshold: One that leaves few mistakes above it on the validation part.
        conformal: How hard the validation images were: what prediction sets rest on.
        risk: What it does from each threshold on, on images outside the test part that were not
            learned from: what the bound on wrong answers rests on.
        validation, test: (n, classes) float, calibrated probabilities.
    """

    temperature: float
    answer_threshold: float
    fitted_threshold: float
    conformal: ConformalScores
    risk: tuple[Risk, ...]
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

    def with_answer_figures(self, figures: Sequence[Rate]) -> Judgement:
        """Of a model that answers less than its risk alone would let it: these of `answer_figures`
        in place of those of before."""
        kept = without_answer_figures(self.model)
        model = kept.changed(figures=(*kept.figures, *figures))
        return replace(self, evaluations=(model, *self.evaluations[1:]))

    @property
    def temperature(self) -> float:
        """Of the first fold, for the bundle."""
        return self.folds[0].temperature

    @property
    def answer_threshold(self) -> float:
        """Of the first fold, for the bundle."""
        return self.folds[0].answer_threshold

    @property
    def temperatures(self) -> tuple[float, ...]:
        """Of each fold."""
        return tuple(fold.temperature for fold in self.folds)

    @property
    def risk(self) -> tuple[Risk, ...]:
        """Of the first fold, for the bundle."""
        return self.folds[0].risk

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
    judged = _judged(folds, is_random=plan.split == "random")
    model = evaluate_calibrated(
        [
            CalibratedFold(
                probabilities=settled.test,
                labels=fold.test.labels,
                groups=fold.test.groups,
                conformal=settled.conformal,
                risk=settled.risk,
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
        risk: See `JudgedFold`.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    conformal: ConformalScores
    risk: tuple[Risk, ...]


def evaluate_calibrated(folds: Sequence[CalibratedFold], plan: EvaluationPlan) -> Evaluation:
    """The figures of calibrated answers, those of their sets and of what is answered among them."""
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
    figures += answer_figures(
        probabilities, labels, groups, [fold.risk for fold in folds], DEFAULT_ERROR_LIMIT
    )
    return evaluation.changed(figures=(*evaluation.figures, *figures))


def _judged(folds: Sequence[Fold], *, is_random: bool) -> list[JudgedFold]:
    tuned = [each.validation for each in folds]
    temperatures = [fit_temperature(each.logits, each.labels) for each in tuned]
    validations = [
        softmax(each.logits, temperature)
        for each, temperature in zip(tuned, temperatures, strict=True)
    ]
    tests = [
        softmax(fold.test.logits, temperature)
        for fold, temperature in zip(folds, temperatures, strict=True)
    ]
    judged = []
    for number, (part, validation) in enumerate(zip(tuned, validations, strict=True)):
        # Of a random split, groups straddle the parts: no image is of a new patient.
        risk = () if is_random else _risk_of_fold(number, folds, tests, validation)
        proven = answer_bound(risk, DEFAULT_ERROR_LIMIT).threshold
        fitted = fit_answer_threshold(validation, part.labels)
        judged.append(
            JudgedFold(
                temperature=temperatures[number],
                answer_threshold=fitted if proven is None else proven,
                fitted_threshold=fitted,
                conformal=conformal_scores(validation, part.labels, part.groups),
                risk=risk,
                validation=validation,
                test=tests[number],
            )
        )
    return judged


def _risk_of_fold(
    number: int, folds: Sequence[Fold], tests: Sequence[np.ndarray], validation: np.ndarray
) -> tuple[Risk, ...]:
    """What a fold's model does on groups that it, or another fold's, had not learned from.

    Those are the test parts of the other folds, but for groups of its own test part, which stays
    unseen; where there are none, its validation part.

    Args:
        tests: Calibrated probabilities of each fold's test part.
        validation: And of this fold's validation part.
    """
    tuned = folds[number].validation
    parts = [each.test for each in folds]
    found = risk_elsewhere(number, tests, [(each.labels, each.groups) for each in parts])
    return found or risk_of(validation, tuned.labels, tuned.groups)
