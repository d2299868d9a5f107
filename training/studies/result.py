"""What a study left, read again: its models on every part, its pairs and its bench."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.errors import DatasetError
from training.studies.tables import StudyRow

RESULT_FILE = "study.json"


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """The tables of a study.

    Attributes:
        title: Its heading.
        rows: Every model on every part of every split.
        comparisons: A line for each two models on the same images, see `lines_of_pairs`.
        bench: A line for each classifier on each kind of features; empty without a bench.
        not_run: For each member or ensemble that could not be run, why.
        left_out: For each whose run does not tell some figures, which they are and why.
        overridden: For each member whose recipe was changed for this study, how.
    """

    title: str
    rows: tuple[StudyRow, ...]
    comparisons: tuple[Mapping[str, Any], ...]
    bench: tuple[Mapping[str, Any], ...]
    not_run: Mapping[str, str]
    left_out: Mapping[str, str] = field(default_factory=dict)
    overridden: Mapping[str, str] = field(default_factory=dict)


def read_study_result(folder: Path) -> StudyResult:
    """Read what a study wrote into its folder.

    Raises:
        DatasetError: It has not finished, or its file is damaged.
    """
    try:
        data = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
        return StudyResult(
            title=data["title"],
            rows=tuple(StudyRow.from_dict(row) for row in data["rows"]),
            comparisons=tuple(data["comparisons"]),
            bench=tuple(data["bench"]),
            not_run=data["not run"],
            left_out=data.get("left out", {}),
            overridden=data.get("overridden", {}),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"The results of the study cannot be read ({type(error).__name__}). Let the study "
            "finish, or resume it."
        ) from error
