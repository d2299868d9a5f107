"""What a study found, as lines of tables: one for each model and part, one for each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from models.card import Evaluation, Figure
from training.comparison import compare
from training.ensemble import is_same_test
from training.evaluation import evaluate
from training.predictions import Predictions

# Columns of the tables of the five papers; where sensitivity is averaged by the number of images
# of a class, as in najjar-2025, it is the accuracy.
_COLUMNS = {
    "accuracy": "accuracy",
    "balanced accuracy": "balanced accuracy",
    "weighted precision": "weighted precision",
    "weighted sensitivity": "accuracy",
    "weighted F1": "weighted F1",
    "macro F1": "macro F1",
    "Matthews correlation": "Matthews correlation",
    "macro AUROC": "macro AUROC",
    "calibration error": "calibration error",
    "AUROC by group": "AUROC by group",
}
ALL_PARTS = "all"


@dataclass(frozen=True, kw_only=True)
class StudyRow:
    """One model on one test part of a study.

    Attributes:
        model: Name of a member, an ensemble or a baseline.
        part: ALL_PARTS, "fold 1" and so on, or the data set that was left out.
        evaluation: Its figures; `evaluation.split` is the kind of split.
        architecture, input_px: Of a member; empty and None of others.
        seconds: To read, train and judge on every split, where it was measured.
    """

    model: str
    part: str
    evaluation: Evaluation
    architecture: str = ""
    input_px: int | None = None
    seconds: float | None = None


def evaluate_parts(answers: Predictions, *, split: str, patients: bool) -> dict[str, Evaluation]:
    """The figures of each fold of a split by its name; none where there is one fold.

    Args:
        answers: What a model answered on the test parts.
        split: Kind of the split plan; of "leave_one_dataset_out" a part is named for its data set.
        patients: See `training.evaluation.evaluate`.
    """
    folds = np.unique(answers.folds)
    if len(folds) < 2:
        return {}
    found = {}
    for fold in folds.tolist():
        rows = np.nonzero(answers.folds == fold)[0]
        is_set = split == "leave_one_dataset_out"
        name = answers.datasets[rows[0]] if is_set else f"fold {fold + 1}"
        found[name] = evaluate(
            answers.probabilities[rows],
            answers.labels[rows],
            np.array(answers.groups)[rows],
            classes=answers.classes,
            split=split,
            protocol=f"{name} alone, {len(rows)} images",
            patients=patients,
        )
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


def _with_bounds(column: str, figure: Figure | None) -> dict[str, Any]:
    values = ("", "", "") if figure is None else (figure.value, figure.low, figure.high)
    return dict(zip((column, f"{column} low", f"{column} high"), values, strict=True))
