"""What a study found, as lines of tables: one for each model and part, one for each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from models.bundle.card import Evaluation
from models.rate import Rate
from models.stored import Stored
from training.errors import DatasetError
from training.judge.answered import risk_of
from training.judge.comparison import compare
from training.judge.ensemble import is_same_test
from training.judge.evaluation import EvaluationPlan
from training.judge.judgement import CalibratedFold, evaluate_calibrated
from training.judge.prediction_sets import conformal_scores
from training.judge.predictions import Predictions, SplitPredictions

# Columns of the tables of the five papers; where sensitivity is averaged by the number of images
# of a class, as in najjar-2025, it is the accuracy.
_COLUMNS = {
    "accuracy": "accuracy",
    "balanced accuracy": "balanced accuracy",
    "weighted precision": "weighted precision",
    "weighted sensitivity": "accuracy",
    "weighted F1": "weighted F1",
    "macro F1": "macro F1",
    "macro precision": "macro precision",
    "macro specificity": "macro specificity",
    "Matthews correlation": "Matthews correlation",
    "macro AUROC": "macro AUROC",
    "calibration error": "calibration error",
    "AUROC by group": "AUROC by group",
}
ALL_PARTS = "all"


class StudyRow(Stored):
    """One model on one test part of a study."""

    refused_as = DatasetError
    called = "the row"

    model: str
    """Name of a member, an ensemble or a baseline."""
    part: str
    """ALL_PARTS, "fold 1" and so on, or the data set that was left out."""
    evaluation: Evaluation
    """Its figures; `evaluation.split` is the kind of split."""
    architecture: str = ""
    """Of a member."""
    input_px: int | None = None
    """Of a member."""
    seconds: float | None = None
    """To read, train and judge on every split, where it was measured."""


def has_parts(test: Predictions) -> bool:
    """Whether a split has several folds, each with figures of its own."""
    return len(np.unique(test.folds)) > 1


def evaluate_parts(
    answers: SplitPredictions, *, split: str, patients: bool
) -> dict[str, Evaluation]:
    """The figures of each fold of a split by its name; none where there is one fold.

    Args:
        answers: What a model answered, calibrated.
        split: Kind of the split plan; of "leave_one_dataset_out" a part is named for its data set.
        patients: See `training.judge.evaluation.EvaluationPlan`.
    """
    test, validation = answers.test, answers.validation
    if not has_parts(test):
        return {}
    found = {}
    for fold in np.unique(test.folds).tolist():
        rows, tuned = test.folds == fold, validation.folds == fold
        others = ~np.isin(test.group_numbers, test.group_numbers[rows])
        is_set = split == "leave_one_dataset_out"
        name = test.datasets[int(rows.argmax())] if is_set else f"fold {fold + 1}"
        part = CalibratedFold(
            probabilities=test.probabilities[rows],
            labels=test.labels[rows],
            groups=test.group_numbers[rows],
            conformal=conformal_scores(
                validation.probabilities[tuned],
                validation.labels[tuned],
                validation.group_numbers[tuned],
            ),
            risk=()
            if split == "random"
            else risk_of(
                test.probabilities[others], test.labels[others], test.group_numbers[others]
            ),
        )
        plan = EvaluationPlan(
            classes=test.classes,
            split=split,
            protocol=f"{name} alone, {rows.sum()} images",
            patients=patients,
        )
        found[name] = evaluate_calibrated([part], plan)
    return found


def line_of(row: StudyRow) -> dict[str, Any]:
    """A line of the table, each figure with the bounds of its 95 % interval."""
    found = {figure.name: figure for figure in row.evaluation.figures}
    line: dict[str, Any] = {
        "model": row.model,
        "architecture": row.architecture,
        "input_px": row.input_px or "",
        "split": row.evaluation.split,
        "part": row.part,
        "n": found["accuracy"].n,
        "groups": row.evaluation.groups,
    }
    for column, name in _COLUMNS.items():
        line.update(_with_bounds(column, found.get(name)))
    return {**line, "seconds": "" if row.seconds is None else round(row.seconds, 1), "note": ""}


def lines_of_pairs(answers: Mapping[str, Predictions], *, split: str) -> list[dict[str, Any]]:
    """A line for each two models that answered the same test images: how they differ.

    Args:
        answers: Test answers by the model's name.
        split: Kind of the split plan.
    """
    lines = []
    for first, second in combinations(answers, 2):
        one, other = answers[first], answers[second]
        if not is_same_test(one, other):
            continue
        found = compare(one.answers, other.answers, one.labels, np.array(one.groups))
        line: dict[str, Any] = {
            "split": split,
            "first": first,
            "second": second,
            "n": len(one.labels),
            "only first right": found.only_first_right,
            "only second right": found.only_second_right,
            "McNemar p": found.p_value,
        }
        for figure in found.differences:
            line.update(_with_bounds(f"difference of {figure.name}", figure))
        lines.append(line)
    return lines


def without_empty_columns(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines without columns that are empty in all of them."""
    used = {name for line in lines for name, value in line.items() if value != ""}
    return [{name: value for name, value in line.items() if name in used} for line in lines]


def _with_bounds(column: str, figure: Rate | None) -> dict[str, Any]:
    values = ("", "", "") if figure is None else (figure.value, figure.low, figure.high)
    return dict(zip((column, f"{column} low", f"{column} high"), values, strict=True))
