"""A study: its runs one after the other, its ensembles and benches, and the tables of all."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from models.bundle.card import Evaluation, read_card
from models.errors import BlooduiError
from training.data.index import DatasetIndex
from training.errors import DatasetError
from training.judge.ensemble import EnsembleJudgement, judge_ensemble
from training.judge.judgement import MODEL
from training.judge.predictions import (
    Predictions,
    SplitPredictions,
    read_predictions,
    read_split_predictions,
)
from training.progress import NO_PROGRESS, PartProgress, Progress
from training.recipes.overrides import change_in_words
from training.recipes.recipe import Recipe
from training.runs.run import run
from training.stored import claim_folder, write_json, write_table
from training.studies.feature_bench import run_bench
from training.studies.plan import Study
from training.studies.tables import (
    ALL_PARTS,
    StudyRow,
    evaluate_parts,
    has_parts,
    line_of,
    lines_of_pairs,
    without_empty_columns,
)

LEFT_OUT = "Not asked for this time."
"""Why a member was not run that was not among those asked for."""
_log = logging.getLogger(__name__)


def run_study(
    study: Study,
    index: DatasetIndex,
    out: Path,
    *,
    progress: Progress = NO_PROGRESS,
    ray_address: str = "",
    only: Collection[str] | None = None,
) -> dict[str, str]:
    """Run every member of a study and write its tables.

    Under ``out``: members/NAME is the run of each member, with its bundle; table.csv has a line
    for each model and test part, comparisons.csv for each two models on the same images,
    bench.csv for each classifier; study.json has all of it, and the weights and settings of
    ensembles, which are judged as a bundle of the same runs is. A study that was stopped goes on;
    a member that has finished is not run again. One that cannot be run, for want of weights say,
    stands in the table as not run, with the reason.

    Args:
        study: What to run.
        index: The images.
        out: Folder of the study.
        progress: Receives how the study goes on; its epochs bear the member's name.
        ray_address: Of a Ray cluster that trains the folds of all members, see `fit_ahead`; ""
            to train them here, one after the other.
        only: Names of the members that are run this time; all by default. The others stand in
            the tables as they are: finished before, or not run.

    Returns:
        For each member that could not be run, why.

    Raises:
        DatasetError: The folder holds runs of other recipes or of another index.
        BlooduiError: No member could be run; the first one's error.
    """
    sources = {member.name: dict(member.source) for member in study.members}
    claim_folder(out, {"members": sources, "index": index.sha256})
    if ray_address:
        from training.runs.ray_folds import fit_ahead

        folders = [(member, member_folder(out, member)) for member in study.members]
        fit_ahead(folders, index, address=ray_address, progress=progress)
    failures: dict[str, BlooduiError] = {}
    benches: list[dict[str, Any]] = []
    for number, member in enumerate(study.members, start=1):
        is_done = (member_folder(out, member) / "bundle").exists()
        if only is not None and member.name not in only and not is_done:
            failures[member.name] = DatasetError(LEFT_OUT)
            continue
        _log.info("%s: member %d of %d, %s", study.name, number, len(study.members), member.name)
        folder = member_folder(out, member)
        try:
            part = PartProgress(progress, member.name, number, len(study.members))
            run_member(member, index, folder, progress=part)
            if study.bench:
                part.stage("Bench of classifiers", 1.0)
                benches += run_bench(
                    member, index, folder / "bench", features=study.bench, tuned_by=folder
                )
        except BlooduiError as error:
            _log.warning("%s was not run: %s", member.name, error)
            failures[member.name] = error
    if len(failures) == len(study.members):
        tried = [error for error in failures.values() if str(error) != LEFT_OUT]
        raise tried[0] if tried else DatasetError(LEFT_OUT)
    not_run = {name: str(error) for name, error in failures.items()}
    _write_tables(study, out, not_run, benches)
    return not_run


def member_folder(out: Path, member: Recipe) -> Path:
    """Where a study in ``out`` keeps the run of a member."""
    return out / "members" / member.name


def run_member(
    member: Recipe, index: DatasetIndex, folder: Path, *, progress: Progress = NO_PROGRESS
) -> None:
    """Run one member, and note the seconds that it took, those before a stop among them.

    Args:
        member: The recipe.
        index: The images.
        folder: See `member_folder`.
        progress: Receives how the run goes on.
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
    try:
        return float(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # not measured, or damaged: it is counted anew
        return None


def _write_tables(
    study: Study, out: Path, not_run: dict[str, str], benches: list[dict[str, Any]]
) -> None:
    """Judge what the members left, and write every table of the study.

    What the answers that a run left do not tell, as those of an earlier version, is left out, and
    the tables say of which run and why.
    """
    members = [member for member in study.members if member.name not in not_run]
    rows: list[StudyRow] = []
    answers: dict[str, dict[str, Predictions]] = {}
    left_out: dict[str, str] = {}
    for member in members:
        folder = member_folder(out, member)
        rows += _card_rows(member, folder)
        for plan in member.splits:
            try:
                test = read_predictions(folder / plan.kind)
            except DatasetError as error:
                what = f"figures of each fold, and comparisons, on {plan.kind}"
                _leave_out(left_out, member.name, what, error)
                continue
            answers.setdefault(plan.kind, {})[member.name] = test
            if has_parts(test):
                try:
                    both = read_split_predictions(folder / plan.kind)
                except DatasetError as error:
                    _leave_out(left_out, member.name, f"figures of each fold on {plan.kind}", error)
                else:
                    rows += _part_rows(member, both, split=plan.kind)
    weights: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for ensemble in study.ensembles:
        missing = [name for name in ensemble.members if name in not_run]
        if missing:
            not_run[ensemble.name] = f"Its member {missing[0]} was not run."
            continue
        chosen = [member for member in members if member.name in ensemble.members]
        weights[ensemble.name], settings[ensemble.name] = {}, {}
        patients = chosen[0].task.is_diagnosis_of_patient
        for plan in chosen[0].splits:
            try:
                given = [read_split_predictions(member_folder(out, m) / plan.kind) for m in chosen]
            except DatasetError as error:
                _leave_out(left_out, ensemble.name, f"figures on {plan.kind}", error)
                continue
            judged = judge_ensemble(
                given, weights=ensemble.weights, split=plan.kind, patients=patients
            )
            weights[ensemble.name][plan.kind] = {
                member.name: judged.weights[:, place].tolist()
                for place, member in enumerate(chosen)
            }
            settings[ensemble.name][plan.kind] = {
                "temperature": [fold.temperature for fold in judged.judgement.folds],
                "answer threshold": [fold.answer_threshold for fold in judged.judgement.folds],
            }
            answers[plan.kind][ensemble.name] = judged.answers.test
            rows += _ensemble_rows(ensemble.name, judged, split=plan.kind, patients=patients)
    rows = list(dict.fromkeys(rows))  # members of one split share the baseline
    lines = [line_of(row) for row in rows]
    changed = {member.name: change_in_words(member) for member in members if member.overridden}
    for line in lines:
        line["note"] = line["note"] or changed.get(line["model"], "")
    lines += [{"model": name, "note": f"not run: {why}"} for name, why in not_run.items()]
    lines += [{"model": name, "note": why} for name, why in left_out.items()]
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
            "overridden": changed,
            "rows": [row.to_dict() for row in rows],
            "comparisons": pairs,
            "ensemble weights": weights,
            "ensemble settings": settings,
            "bench": benches,
            "not run": not_run,
            "left out": left_out,
        },
    )


def _leave_out(left_out: dict[str, str], model: str, what: str, error: DatasetError) -> None:
    """Note that figures of a model are left out, and why."""
    sentence = f"Left out: {what}. {error}"
    _log.warning("%s: %s", model, sentence)
    left_out[model] = f"{left_out[model]} {sentence}" if model in left_out else sentence


def _row(
    member: Recipe, part: str, evaluation: Evaluation, *, seconds: float | None = None
) -> StudyRow:
    return StudyRow(
        model=member.name,
        part=part,
        evaluation=evaluation,
        architecture=member.architecture,
        input_px=member.input_px,
        seconds=seconds,
    )


def _card_rows(member: Recipe, folder: Path) -> list[StudyRow]:
    """A member on all images of each split, beside the colour baseline."""
    return [
        _row(member, ALL_PARTS, evaluation, seconds=_seconds(folder))
        if evaluation.subject == MODEL
        else StudyRow(model=evaluation.subject, part=ALL_PARTS, evaluation=evaluation)
        for evaluation in read_card(folder / "bundle" / "card.json").evaluations
    ]


def _part_rows(member: Recipe, answers: SplitPredictions, *, split: str) -> list[StudyRow]:
    """A member on each fold of a split."""
    patients = member.task.is_diagnosis_of_patient
    parts = evaluate_parts(answers, split=split, patients=patients)
    return [_row(member, part, evaluation) for part, evaluation in parts.items()]


def _ensemble_rows(
    name: str, judged: EnsembleJudgement, *, split: str, patients: bool
) -> list[StudyRow]:
    """An ensemble on all images of a split, then fold by fold."""
    parts = {
        ALL_PARTS: judged.judgement.model,
        **evaluate_parts(judged.answers, split=split, patients=patients),
    }
    return [
        StudyRow(model=name, part=part, evaluation=evaluation) for part, evaluation in parts.items()
    ]
