"""One pipeline judges: calibrate, threshold, evaluate, prediction sets."""

from dataclasses import replace

import numpy as np
import pytest

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, answer_bound, emptied_curve
from models.answer.prediction import softmax
from training.judge.answered import answer_figures, risk_of
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
        proven = answer_bound(found.risk, DEFAULT_ERROR_LIMIT).threshold
        fitted = fit_answer_threshold(validation, tuned.labels)
        assert found.answer_threshold == (fitted if proven is None else proven)
        assert np.array_equal(found.test, softmax(fold.test.logits, temperature))
        expected = conformal_scores(validation, tuned.labels, tuned.groups)
        assert np.array_equal(found.conformal.scores, expected.scores)
        assert np.array_equal(found.conformal.groups, tuned.groups)
    first = judged.folds[0]
    assert judged.temperature == first.temperature != judged.folds[1].temperature
    assert judged.answer_threshold == first.answer_threshold
    assert judged.conformal is first.conformal


def test_answers_rest_on_what_the_other_folds_said_of_groups_outside_the_test_part(
    folds: list[Fold],
) -> None:
    first, second = judge(folds, PLAN).folds
    assert first.risk == risk_of(second.test, folds[1].test.labels, folds[1].test.groups)
    assert second.risk == risk_of(first.test, folds[0].test.labels, folds[0].test.groups)
    alone = judge(folds[:1], PLAN).folds[0]
    tuned = folds[0].validation
    assert alone.risk == risk_of(alone.validation, tuned.labels, tuned.groups)


def test_a_group_of_the_own_test_part_settles_nothing(folds: list[Fold]) -> None:
    """A twin of a test picture stands in another fold's test part."""
    moved = folds[1].test.groups.copy()
    moved[:9] = folds[0].test.groups[0]
    twin = replace(folds[1], test=replace(folds[1].test, groups=moved))
    first = judge([folds[0], twin], PLAN).folds[0]
    second = judge(folds, PLAN).folds[1]
    rest = slice(9, None)
    assert first.risk == risk_of(second.test[rest], twin.test.labels[rest], moved[rest])


def test_a_split_by_image_proves_nothing_of_new_patients(folds: list[Fold]) -> None:
    judged = judge(folds, replace(PLAN, split="random"))
    assert [fold.risk for fold in judged.folds] == [(), ()]
    assert not [each for each in judged.model.figures if each.name.startswith("answered")]


def test_how_much_is_answered_and_wrong_is_told_where_that_is_proven() -> None:
    """Sure answers are right; a third of the images is answered by chance, and wrongly."""
    labels = np.tile([1, 2, 0], 100)
    groups = np.repeat(np.arange(100), 3)
    sure = 8.0 * np.eye(3)[labels]
    sure[::3] = 0.0
    part = Answers(logits=sure, labels=labels, groups=groups)
    judged = judge([Fold(validation=part, test=part)], PLAN)
    assert answer_bound(judged.risk, DEFAULT_ERROR_LIMIT).threshold is not None
    figures = {figure.name: figure.value for figure in judged.model.figures}
    assert figures["answered where 5 % may be wrong"] == pytest.approx(2 / 3)
    assert figures["wrong of those answered"] == 0
    # held back by what it answers on fields without cells, it answers nothing
    fields = emptied_curve(np.full(20, 0.9999), np.ones(20, bool))
    risks = [fold.risk for fold in judged.folds]
    held = judged.with_answer_figures(
        answer_figures(
            [fold.test for fold in judged.folds],
            [labels],
            [groups],
            risks,
            DEFAULT_ERROR_LIMIT,
            fields,
        )
    )
    names = [figure.name for figure in judged.model.figures]
    assert [figure.name for figure in held.model.figures] == [
        name for name in names if name != "wrong of those answered"
    ]
    figures = {figure.name: figure.value for figure in held.model.figures}
    assert figures["answered where 5 % may be wrong"] == 0
    assert held.evaluations[1:] == judged.evaluations[1:]


def test_the_test_images_of_all_folds_are_evaluated_together_with_their_sets(
    folds: list[Fold],
) -> None:
    judged = judge(folds, PLAN)
    probabilities = [fold.test for fold in judged.folds]
    labels, groups = zip(*((fold.test.labels, fold.test.groups) for fold in folds), strict=True)
    together = np.concatenate(probabilities), np.concatenate(labels), np.concatenate(groups)
    conformals = [fold.conformal for fold in judged.folds]
    expected = evaluate(*together, PLAN, subject="model")
    risks = [fold.risk for fold in judged.folds]
    assert judged.model.figures == (
        *expected.figures,
        *set_figures(probabilities, labels, groups, conformals),
        *answer_figures(probabilities, labels, groups, risks, DEFAULT_ERROR_LIMIT),
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
