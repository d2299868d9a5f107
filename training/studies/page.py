"""A study as a section of docs/results.md: its models on every split, and its bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.rate import Rate
from training.studies.result import StudyResult
from training.studies.tables import ALL_PARTS, StudyRow

_FIGURES = ("accuracy", "weighted precision", "weighted F1", "macro AUROC")
_BENCH = ("accuracy", "balanced accuracy", "macro AUROC", "weighted F1")


def study_section(study: StudyResult) -> str:
    """The section as Markdown; figures with their 95 % interval, seconds as they were measured.

    Args:
        study: What a study found.
    """
    lines = [f"## Study: {study.title}\n"]
    lines += [f"- {name}: not run" for name in study.not_run]
    lines += [f"- {name}: {why}" for name, why in study.left_out.items()]
    lines += [f"- {name}: {how}" for name, how in study.overridden.items()]
    lines += [
        "| model | px | split | n (groups) | " + " | ".join(_FIGURES) + " | seconds |",
        "|---|---|---|---|" + "---|" * (len(_FIGURES) + 1),
    ]
    lines += [_row(row) for row in study.rows if row.part == ALL_PARTS or _is_left_out(row)]
    if study.bench:
        lines += ["", *_bench(study.bench)]
    return "\n".join(lines) + "\n"


def _is_left_out(row: StudyRow) -> bool:
    """Whether it is of one data set that was left out, which the mean over all hides."""
    return row.evaluation.split == "leave_one_dataset_out" and row.part != ALL_PARTS


def _row(row: StudyRow) -> str:
    found = {figure.name: figure for figure in row.evaluation.figures}
    name = row.model if row.architecture else f"*{row.model}*"
    cells = [
        name,
        str(row.input_px or ""),
        f"{row.part} left out" if _is_left_out(row) else row.evaluation.split,
        f"{found['accuracy'].n} ({row.evaluation.groups})",
        *(cell(found.get(figure)) for figure in _FIGURES),
        "" if row.seconds is None else f"{row.seconds:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _bench(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """The classifiers of each model, kind of features and split, the best accuracy first."""
    table = [
        "| model | features | split | classifier | n | " + " | ".join(_BENCH) + " | seconds |",
        "|---|---|---|---|---|" + "---|" * (len(_BENCH) + 1),
    ]
    kinds = list(dict.fromkeys(_kind(line) for line in lines))
    for kind in kinds:
        begin = f"| {' | '.join(kind)} |"
        mine = [line for line in lines if _kind(line) == kind]
        for line in sorted(mine, key=lambda line: -float(line.get("accuracy") or 0)):
            if "accuracy" not in line:
                table.append(f"{begin} {line['classifier']} | not run: {line['note']}")
                continue
            figures = (f"{line[name]:.3f}" if name in line else "not defined" for name in _BENCH)
            table.append(
                f"{begin} {line['classifier']} | {line['n']} | "
                f"{' | '.join(figures)} | {line['seconds']:.2f} |"
            )
    return table


def _kind(line: Mapping[str, Any]) -> tuple[str, str, str]:
    return (line["model"], line["features"], line["split"])


def cell(figure: Rate | None) -> str:
    """A figure with its interval; "not defined" where there is none."""
    if figure is None:
        return "not defined"
    return f"{figure.value:.3f} ({figure.interval_in_decimals.replace(' to ', '–')})"
