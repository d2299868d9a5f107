"""An old card's figures say what they rest on, and no value in it changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.bundle.card import Card, Evaluation, parse_card
from models.bundle.folder import read_bundle
from training.__main__ import main
from training.audits.restated import restated_evaluation
from training.errors import DatasetError
from training.judge.answered import WRONG, risk_of
from training.judge.evaluation import EvaluationPlan, evaluate
from training.judge.judgement import CalibratedFold, evaluate_calibrated
from training.judge.prediction_sets import conformal_scores

CLASSES = ("AML", "Benign", "Pre")


def judged(labels: np.ndarray, answers: np.ndarray, groups: np.ndarray) -> Evaluation:
    shares = 0.02 + 0.94 * np.eye(len(CLASSES))[answers]
    plan = EvaluationPlan(classes=CLASSES, split="grouped", protocol="", patients=True)
    return evaluate(shares, labels, groups, plan, subject="model")


def as_stored_before(evaluation: Evaluation, labels: np.ndarray) -> Evaluation:
    """As earlier versions wrote it: n of the whole part, no groups, no width where all agree."""
    data = evaluation.to_dict()
    for figure in data["figures"]:
        figure["n"] = evaluation.groups if "group" in figure["name"] else len(labels)
        figure["groups"] = None
        if figure["value"] in (0, 1):
            figure["low"] = figure["high"] = figure["value"]
    return Evaluation.from_dict(data)


def test_what_rests_on_the_truth_is_as_if_it_had_been_judged_today() -> None:
    labels = np.repeat([0, 1, 2], [13, 60, 60])
    answers = labels.copy()
    answers[20:30] = 2
    groups = np.concatenate([np.arange(13) // 2, 20 + np.arange(120) // 3])
    today = judged(labels, answers, groups)
    again = restated_evaluation(as_stored_before(today, labels), labels, groups)
    assert again.figure("sensitivity AML").bounds is not None
    assert again.figure("sensitivity AML").groups == 7
    for figure, expected in zip(again.figures, today.figures, strict=True):
        if figure.name in ("precision Benign", "precision Pre", "F1 Benign", "F1 Pre"):
            assert figure.changed(groups=None, low=None, high=None) == expected.changed(
                groups=None, low=None, high=None
            )
        else:
            assert figure == expected, figure.name
    # Ten of the sixty benign images were answered otherwise, so that at least ten of their twenty
    # groups are left: wider than it would be today, and never narrower.
    low = again.figure("precision Benign").low
    assert low is not None
    assert today.figure("precision Benign").low > low > 0.7


def test_what_was_answered_stays_as_it_was_counted() -> None:
    """A third of the images is not answered: which, no card keeps."""
    labels, groups = np.tile([0, 1, 2], 80), np.repeat(np.arange(80), 3)
    shares = 0.02 + 0.94 * np.eye(3)[labels]
    shares[::3] = [0.3, 0.4, 0.3]
    part = CalibratedFold(
        probabilities=shares,
        labels=labels,
        groups=groups,
        conformal=conformal_scores(shares, labels, groups),
        risk=risk_of(shares, labels, groups),
    )
    plan = EvaluationPlan(classes=CLASSES, split="grouped", protocol="")
    today = evaluate_calibrated([part], plan)
    assert today.figure(WRONG).n == 160
    assert restated_evaluation(today, labels, groups) == today


def test_an_old_interval_of_one_patient_is_dropped() -> None:
    labels = np.repeat([0, 1, 2], [13, 60, 60])
    groups = np.concatenate([np.zeros(13, int), 20 + np.arange(120) // 3])
    old = as_stored_before(judged(labels, labels, groups), labels)
    again = restated_evaluation(old, labels, groups)
    assert again.figure("sensitivity AML").in_percent == "100.0 % (no interval)"
    assert again.figure("sensitivity AML").size_in_words == "n = 13 of 1 group"


def test_another_test_part_is_refused_with_both_counts() -> None:
    labels = np.repeat([0, 1, 2], [13, 60, 60])
    old = judged(labels, labels, np.arange(133))
    with pytest.raises(DatasetError, match=r"133 images of 133 groups .* where 132 images of 132"):
        restated_evaluation(old, labels[:-1], np.arange(132))


@pytest.mark.slow
def test_the_command_counts_again_and_changes_no_value(
    bundle: Path, index_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again"
    words = ["audit-card", str(bundle), "--intervals", "--index", str(index_path)]
    assert main([*words, "--out", str(out)]) == 0
    before, after = read_bundle(bundle), read_bundle(out)
    assert before.files["model.keras"] == after.files["model.keras"]
    old, new = (parse_card(each.files["card.json"]) for each in (before, after))
    assert values(old) == values(new)
    for evaluation in new.evaluations:
        figure = evaluation.figure("accuracy")
        assert (figure.n, figure.groups) == (sum(map(sum, evaluation.confusion)), evaluation.groups)


def values(card: Card) -> list[tuple[str, float]]:
    return [
        (figure.name, figure.value)
        for evaluation in card.evaluations
        for figure in evaluation.figures
    ]
