"""A study: its runs one after the other, its ensembles and benches, and the tables of all."""

from __future__ import annotations

import argparse
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.card import Evaluation, read_card
from models.errors import BlooduiError
from training.datasets.index import DatasetIndex, read_index
from training.ensemble import combine, equal_weights, validation_weights
from training.evaluation import evaluate
from training.feature_bench import run_bench
from training.predictions import Predictions, read_predictions
from training.progress import UNHEARD, Progress, Within
from training.recipe import Recipe
from training.run import run
from training.stored import claim_folder, write_json, write_table
from training.study_plan import EnsemblePlan, Study, read_study
from training.study_tables import (
    ALL_PARTS,
    StudyRow,
    evaluate_parts,
    line_of,
    lines_of_pairs,
    without_empty_columns,
)

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training study`."""
    parser.add_argument("study", help="name of a study in training/studies, or a .toml file")
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument("--out", type=Path, required=True, help="folder of the study")
    parser.add_argument(
        "--ray", default="", help="address of a Ray cluster that trains the folds, as in auto"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run a study; exit status 1 where a member could not be run."""
    not_run = run_study(
        read_study(arguments.study),
        read_index(arguments.index),
        arguments.out,
        ray_address=arguments.ray,
    )
    return 1 if not_run else 0


def run_study(
    study: Study,
    index: DatasetIndex,
    out: Path,
    *,
    progress: Progress = UNHEARD,
    ray_address: str = "",
) -> dict[str, str]:
    """Run every member of a study and write its tables.

    Under ``out``: members/NAME is the run of each member, with its bundle; table.csv has a line
    for each model and test part, comparisons.csv for each two models on the same images,
    bench.csv for each classifier; study.json has all of it, and the weights of ensembles. A study
    that was stopped goes on; a member that has finished is not run again. One that cannot be
    run, for want of weights say, stands in the table as not run, with the reason.

    Args:
        study: What to run.
        index: The images.
        out: Folder of the study.
        progress: Hears how the study goes on; its epochs bear the member's name.
        ray_address: Of a Ray cluster that trains the folds of all members, see `fit_ahead`; ""
            to train them here, one after the other.

    Returns:
        For each member that could not be run, why.

    Raises:
        DatasetError: The folder holds runs of other recipes or of another index.
        BlooduiError: No member could be run; the first one's error.
    """
    sources = {member.name: dict(member.source) for member in study.members}
    claim_folder(out, {"members": sources, "index": index.sha256})
    if ray_address:
        from training.ray_folds import fit_ahead

        folders = [(member, member_folder(out, member)) for member in study.members]
        fit_ahead(folders, index, address=ray_address, progress=progress)
    failures: dict[str, BlooduiError] = {}
    benches: list[dict[str, Any]] = []
    for number, member in enumerate(study.members, start=1):
        _log.info("%s: member %d of %d, %s", study.name, number, len(study.members), member.name)
        folder = member_folder(out, member)
        try:
            share = (number - 1) / len(study.members), number / len(study.members)
            run_member(member, index, folder, progress=Within(progress, member.name, *share))
            if study.bench:
                lines = run_bench(
                    member, index, folder / "bench", features=study.bench, tuned_by=folder
                )
                benches += [{"model": member.name, **line} for line in lines]
        except BlooduiError as error:
            _log.warning("%s was not run: %s", member.name, error)
            failures[member.name] = error
    if len(failures) == len(study.members):
        raise next(iter(failures.values()))
    not_run = {name: str(error) for name, error in failures.items()}
    _write_tables(study, out, not_run, benches)
    return not_run


def member_folder(out: Path, member: Recipe) -> Path:
    """Where a study in ``out`` keeps the run of a member."""
    return out / "members" / member.name


def run_member(
    member: Recipe, index: DatasetIndex, folder: Path, *, progress: Progress = UNHEARD
) -> None:
    """Run one member, and note the seconds that it took, those before a stop among them.

    Args:
        member: The recipe.
        index: The images.
        folder: See `member_folder`.
        progress: Hears how the run goes on.
    """
    if (folder / "bundle").exists():
        return
    started = time.perf_counter()
    try:
        run(member, index, folder, progress=progress)
    finally:
        spent = _seconds(folder) or 0.0
        write_json(folder / "seconds.json", spent + time.perf_counter() - started)


def _seconds(folder: Path) -> float | None:
    path = folder / "seconds.json"
    return float(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _write_tables(
    study: Study, out: Path, not_run: dict[str, str], benches: list[dict[str, Any]]
) -> None:
    """Judge what the members left, and write every table of the study."""
    members = [member for member in study.members if member.name not in not_run]
    rows = [row for member in members for row in _member_rows(member, member_folder(out, member))]
    answers: dict[str, dict[str, Predictions]] = {}
    for member in members:
        for plan in member.splits:
            found = read_predictions(member_folder(out, member) / plan.kind)
            answers.setdefault(plan.kind, {})[member.name] = found
    weights: dict[str, Any] = {}
    for ensemble in study.ensembles:
        missing = [name for name in ensemble.members if name in not_run]
        if missing:
            not_run[ensemble.name] = f"Its member {missing[0]} was not run."
            continue
        chosen = [member for member in members if member.name in ensemble.members]
        weights[ensemble.name] = {}
        for plan in chosen[0].splits:
            shares, together = _together(ensemble, chosen, out, plan.kind)
            weights[ensemble.name][plan.kind] = shares
            answers[plan.kind][ensemble.name] = together
            patients = chosen[0].task.is_diagnosis_of_patient
            rows += _answer_rows(ensemble.name, together, split=plan.kind, patients=patients)
    rows = list(dict.fromkeys(rows))  # members of one split share the baseline
    lines = [line_of(row) for row in rows]
    lines += [{"model": name, "note": f"not run: {why}"} for name, why in not_run.items()]
    pairs = [line for kind, found in answers.items() for line in lines_of_pairs(found, split=kind)]
    write_table(out / "table.csv", without_empty_columns(lines))
    write_table(out / "comparisons.csv", pairs)
    if benches:
        write_table(out / "bench.csv", benches)
    write_json(
        out / "study.json",
        {
            "name": study.name,
            "title": study.title,
            "rows": [asdict(row) for row in rows],
            "comparisons": pairs,
            "ensemble weights": weights,
            "bench": benches,
            "not run": not_run,
        },
    )


def _member_rows(member: Recipe, folder: Path) -> list[StudyRow]:
    """A member on all images of each split, beside the colour baseline, then fold by fold."""

    def row(part: str, evaluation: Evaluation, *, seconds: float | None = None) -> StudyRow:
        return StudyRow(
            model=member.name,
            part=part,
            evaluation=evaluation,
            architecture=member.architecture,
            input_px=member.input_px,
            seconds=seconds,
        )

    card = read_card(folder / "bundle" / "card.json")
    rows = [
        row(ALL_PARTS, evaluation, seconds=_seconds(folder))
        if evaluation.subject == "model"
        else StudyRow(model=evaluation.subject, part=ALL_PARTS, evaluation=evaluation)
        for evaluation in card.evaluations
    ]
    for plan in member.splits:
        parts = evaluate_parts(
            read_predictions(folder / plan.kind),
            split=plan.kind,
            patients=member.task.is_diagnosis_of_patient,
        )
        rows += [row(part, evaluation) for part, evaluation in parts.items()]
    return rows


def _together(
    ensemble: EnsemblePlan, chosen: list[Recipe], out: Path, kind: str
) -> tuple[dict[str, list[float]], Predictions]:
    """The weight of each member in each fold, and what the ensemble answers."""
    folders = [member_folder(out, member) / kind for member in chosen]
    tested = [read_predictions(folder) for folder in folders]
    if ensemble.weights == "equal":
        shares = equal_weights(tested)
    else:
        shares = validation_weights([read_predictions(each / "validation") for each in folders])
    by_name = {member.name: shares[:, place].tolist() for place, member in enumerate(chosen)}
    return by_name, combine(tested, shares)


def _answer_rows(name: str, answers: Predictions, *, split: str, patients: bool) -> list[StudyRow]:
    whole = evaluate(
        answers.probabilities,
        answers.labels,
        np.array(answers.groups),
        classes=answers.classes,
        subject=name,
        split=split,
        protocol=f"as its members, {len(answers.labels)} images",
        patients=patients,
    )
    parts = {ALL_PARTS: whole, **evaluate_parts(answers, split=split, patients=patients)}
    return [
        StudyRow(model=name, part=part, evaluation=evaluation) for part, evaluation in parts.items()
    ]
