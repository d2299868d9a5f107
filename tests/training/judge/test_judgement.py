"""One pipeline judges: calibrate, threshold, evaluate, prediction sets."""

import numpy as np
import pytest

from models.answer.prediction import softmax
from training.judge.calibration import fit_answer_threshold, fit_temperature
from training.judge.evaluation import EvaluationPlan, evaluate
from training.judge.judgement import Answers, Fold, judge
from training.judge.prediction_sets import conformal_scores, set_figures

PLAN = EvaluationPlan(classes=("a", "b", "c"), split="grouped", protocol="Two folds of a test.")


def answers(seed: int, n: int) -> Answers:
    """Logits that are three times too sure."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    logits = 3 * (rng.normal(size=(n, 3)) + 1.5 * np.eye(3)[labels])
    return Answers(logits=logits, labels=labels, groups=np.arange(n) // 3 + 1000 * seed)


@pytest.fixture(scope="module")
def folds() -> list[Fold]:
    return [
        Fold(
            validation=answers(seed, 120),
            test=answers(seed + 10, 60),
            baselines={"guess": np.full((60, 3), 1 / 3)},
        )
        for seed in (0, 1)
    ]


def test_every_setting_comes_from_the_validation_images_of_its_own_fold(folds: list[Fold]) -> None:
    judged = judge(folds, PLAN)
    for fold, found in zip(folds, judged.folds, strict=True):
        tuned = fold.validation
        temperature = fit_temperature(tuned.logits, tuned.labels)
        validation = softmax(tuned.logits, temperature)
        assert found.temperature == temperature > 1.5
        assert found.answer_threshold == fit_answer_threshold(validation, tuned.labels)
        assert np.array_equal(found.test, softmax(fold.test.logits, temperature))
        expected = conformal_scores(validation, tuned.labels, tuned.groups)
        assert np.array_equal(found.conformal.scores, expected.scores)
        assert np.array_equal(found.conformal.groups, tuned.groups)
    first = judged.folds[0]
    assert judged.temperature == first.temperature != judged.folds[1].temperature
    assert judged.answer_threshold == first.answer_threshold
    assert judged.conformal is first.conformal


def test_the_test_images_of_all_folds_are_evaluated_together_with_their_sets(
    folds: list[Fold],
) -> None:
    judged = judge(folds, PLAN)
    probabilities = [fold.test for fold in judged.folds]
    labels, groups = zip(*((fold.test.labels, fold.test.groups) for fold in folds), strict=True)
    together = np.concatenate(probabilities), np.concatenate(labels), np.concatenate(groups)
    conformals = [fold.conformal for fold in judged.folds]
    expected = evaluate(*together, PLAN, subject="model")
    assert judged.model.figures == (
        *expected.figures,
        *set_figures(probabilities, labels, groups, conformals),
    )
    assert judged.model.figure("accuracy").n == 120
    assert judged.model.groups == 40
    assert judged.model.confusion == expected.confusion


def test_a_baseline_is_evaluated_on_the_same_images_under_its_own_name(folds: list[Fold]) -> None:
    model, baseline = judge(folds, PLAN).evaluations
    assert (model.subject, baseline.subject) == ("model", "guess")
    assert baseline.figure("accuracy").n == model.figure("accuracy").n
    assert baseline.figure("macro AUROC").value == 0.5
    assert "coverage of 90 % prediction sets" not in [each.name for each in baseline.figures]
