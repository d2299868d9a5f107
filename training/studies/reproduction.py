"""A paper done again: its studies, and each figure that it prints beside what they found."""

from __future__ import annotations

import datetime
import json
import logging
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, median
from typing import Annotated

import numpy as np
from pydantic import Field

from models.bundle.card import read_card
from models.bundle.folder import folder_beside
from models.errors import BlooduiError
from models.rate import Rate
from models.stored import Line, OneOf, ReadOnly, Several, Stored
from training.data.collection import chosen_images
from training.data.index import DatasetIndex
from training.errors import DatasetError, RecipeError
from training.judge.bootstrap import bootstrap_figures
from training.judge.classical import SIX_COLOUR_NUMBERS
from training.judge.measures import accuracy, confusion_matrix
from training.judge.predictions import read_predictions, validation_folder
from training.recipes.overrides import Overrides, change_in_words, refuse_unknown_models
from training.recipes.recipe import Recipe
from training.runs.curves import FoldHistory, read_histories
from training.stored import write_json
from training.studies.claims import BEST, FIGURES, PARTS, ModelClaim, Paper, paper
from training.studies.plan import Study, overridden_study, read_study
from training.studies.result import RESULT_FILE as STUDY_FILE
from training.studies.result import read_study_result
from training.studies.study import LEFT_OUT, member_folder, run_study
from training.studies.tables import ALL_PARTS

RESULT_FILE = "reproduction.json"
HEAD_ALONE = "The backbone stayed frozen and the head alone learned"
"""What most departures on a machine without a GPU are."""
_log = logging.getLogger(__name__)
_CALLED = {"weighted sensitivity": "accuracy", "AUROC of labels": "balanced accuracy"}
"""Figures of papers that are one of ours by definition, the second where there are two classes."""


class ReproducedFigure(Stored):
    """A figure that a paper prints, beside ours."""

    refused_as = DatasetError
    called = "the figure"

    model: Line
    """The member of a study, see `training.studies.claims`."""
    classifier: str = ""
    """Of a bench, which one."""
    part: Annotated[str, OneOf(PARTS)]
    """Of which images it is."""
    figure: Annotated[str, OneOf(FIGURES)]
    """What it is, see `training.studies.claims.FIGURES`."""
    claimed: float | None = None
    """What the paper prints; None of a baseline of ours."""
    note: str = ""
    """Why ours is no repetition of it."""
    own: Rate | None = None
    """Ours, split as the paper does; None where it was not run. Seconds are of 0 images."""
    honest: Rate | None = None
    """Ours, patients, cases or blocks kept apart."""

    @property
    def is_share(self) -> bool:
        """Whether it is from 0 to 1, and no seconds."""
        return not self.figure.startswith("seconds")


class Reproduction(Stored):
    """What became of a paper's figures."""

    refused_as = DatasetError
    called = "the reproduction"

    paper: str
    """Its name, see `read_papers`."""
    figures: Several[ReproducedFigure]
    """In the paper's order."""
    images: ReadOnly[str, int] = Field(default={})
    """Number of images by data set."""
    index_sha256: str = ""
    """Of the index that they were taken from."""
    created: str = ""
    """Day, as 2026-11-30."""
    departures: ReadOnly[str, str] = Field(default={})
    """For each model whose protocol was changed, how."""
    not_run: ReadOnly[str, str] = Field(default={})
    """For each model that was not run, why."""


@dataclass(frozen=True, kw_only=True)
class PaperStudy:
    """A study of a paper, as it is run.

    Attributes:
        study: The study, changed for this run.
        names: From a member's name in the study's file to its name here.
        folder: Where it is run.
    """

    study: Study
    names: Mapping[str, str]
    folder: Path


def studies_of(
    paper: Paper, overrides: Overrides, out: Path, *, only: Collection[str] = ()
) -> tuple[PaperStudy, ...]:
    """The studies of a paper, changed for one run, in folders below ``out``.

    Raises:
        RecipeError: A key or a value of the overrides is not allowed, or these or ``only`` name a
            model that the paper does not have.
    """
    before = [read_study(name) for name in paper.studies]
    known = dict.fromkeys(member.name for study in before for member in study.members)
    unknown = sorted(set(only) - set(known))
    if unknown:
        raise RecipeError(
            f"{paper.title} has no model {unknown[0]!r}. Name one of {', '.join(known)}."
        )
    refuse_unknown_models(overrides, known)
    found = []
    for study in before:
        own = {member.name for member in study.members}
        of_models = {name: each for name, each in overrides.of_models.items() if name in own}
        after = overridden_study(study, replace(overrides, of_models=of_models))
        pairs = zip(study.members, after.members, strict=True)
        names = {old.name: new.name for old, new in pairs}
        found.append(PaperStudy(study=after, names=names, folder=out / study.name))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class PaperRun:
    """A finished member of a paper's study.

    Attributes:
        recipe: As it was run.
        folder: Of its run.
        figures: For each kind of split its figures on all test images, by name.
        histories: Of each fold in which the whole network learned.
        colours: For each kind of split the accuracy of six colour numbers on the same images.
    """

    recipe: Recipe
    folder: Path
    figures: Mapping[str, Mapping[str, Rate]]
    histories: tuple[FoldHistory, ...]
    colours: Mapping[str, Rate] = field(default_factory=dict)

    @property
    def own_split(self) -> str:
        """The kind of split that is the paper's; "" where the recipe has none at random."""
        return "random" if any(plan.kind == "random" for plan in self.recipe.splits) else ""

    @property
    def honest_split(self) -> str:
        """The strictest other kind; "" where there is none."""
        return next((p.kind for p in reversed(self.recipe.splits) if p.kind != "random"), "")


def runs_of(studies: Collection[PaperStudy]) -> dict[str, PaperRun]:
    """Every finished member by its name in the study's file; of several studies the first one's."""
    runs: dict[str, PaperRun] = {}
    for each in studies:
        rows = read_study_result(each.folder).rows
        members = {member.name: member for member in each.study.members}
        for old, new in each.names.items():
            folder = member_folder(each.folder, members[new])
            if old not in runs and (folder / "bundle").exists():
                figures = {
                    row.evaluation.split: {rate.name: rate for rate in row.evaluation.figures}
                    for row in rows
                    if (row.model, row.part) == (new, ALL_PARTS)
                }
                histories = read_histories(folder) if members[new].fit.epochs else ()
                card = read_card(folder / "bundle" / "card.json")
                runs[old] = PaperRun(
                    recipe=members[new],
                    folder=folder,
                    figures=figures,
                    histories=histories,
                    colours={
                        each.split: each.figure("accuracy")
                        for each in card.evaluations
                        if each.subject == SIX_COLOUR_NUMBERS
                    },
                )
    return runs


def reproduce(
    name: str,
    index: DatasetIndex,
    out: Path,
    *,
    overrides: Overrides | None = None,
    only: Collection[str] = (),
) -> tuple[Reproduction, dict[str, PaperRun]]:
    """Run a paper's studies and set its figures beside ours, in ``out / RESULT_FILE``.

    What has finished is not run again. A study none of whose members can be run, for want of
    weights or of images say, is left out, and the result says why.

    Args:
        name: Of the paper, see `read_papers`.
        index: The images.
        out: Folder of the studies, one below it for each.
        overrides: What is changed in every recipe.
        only: Names of members, as the studies' files have them, that are run; all by default.

    Returns:
        The figures, and every finished run by its model's name.

    Raises:
        RecipeError: There is no such paper or member.
        BlooduiError: No study could be run; the first one's error.
    """
    described = paper(name)
    studies = studies_of(described, overrides or Overrides(), out, only=only)
    finished, not_run = _run_all(studies, index, only)
    runs = runs_of(finished)
    result = Reproduction(
        paper=name,
        figures=tuple(_figures(described, finished, runs)),
        images=_images(runs.values(), index),
        index_sha256=index.sha256,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        departures={
            old: _departure(run.recipe) for old, run in runs.items() if run.recipe.overridden
        },
        not_run={old: why for old, why in not_run.items() if old not in runs},
    )
    write_json(out / RESULT_FILE, result.to_dict())
    return result, runs


def read_reproduction(path: Path) -> Reproduction:
    """What `reproduce` wrote. Raises DatasetError where it cannot be read."""
    try:
        return Reproduction.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(
            f"The reproduction {path.name} cannot be read ({type(error).__name__}). "
            "Run the paper again."
        ) from error


def _run_all(
    studies: Sequence[PaperStudy], index: DatasetIndex, only: Collection[str]
) -> tuple[list[PaperStudy], dict[str, str]]:
    """The studies that could be run, and for each member that could not, why."""
    not_run: dict[str, str] = {}
    errors: list[BlooduiError] = []
    finished: list[PaperStudy] = []
    for each in studies:
        chosen = [new for old, new in each.names.items() if old in only] if only else None
        if chosen == [] and not (each.folder / STUDY_FILE).is_file():
            not_run = dict.fromkeys(each.names, LEFT_OUT) | not_run
            continue
        _take_over(each, finished)
        try:
            missing = run_study(each.study, index, each.folder, only=chosen)
            finished.append(each)
        except BlooduiError as error:
            _log.warning("%s was not run: %s", each.study.name, error)
            errors.append(error)
            missing = dict.fromkeys(each.names.values(), str(error))
        not_run = {old: missing[new] for old, new in each.names.items() if new in missing} | not_run
    if not finished:
        raise errors[0] if errors else DatasetError("Nothing was run. Name models of this paper.")
    return finished, not_run


def _take_over(study: PaperStudy, finished: Sequence[PaperStudy]) -> None:
    """Copy the runs of the same recipes that finished studies have into one that is to be run."""
    done = {
        member.name: (member, folder)
        for each in finished
        for member in each.study.members
        if ((folder := member_folder(each.folder, member)) / "bundle").exists()
    }
    for member in study.study.members:
        place = member_folder(study.folder, member)
        if member.name in done and not place.exists():
            other, folder = done[member.name]
            if other == member:
                with folder_beside(place) as copied:
                    shutil.copytree(folder, copied, dirs_exist_ok=True)


def _departure(recipe: Recipe) -> str:
    """How a run is not the paper's protocol, in words and then key by key."""
    words = "" if recipe.fit.epochs else f"{HEAD_ALONE}. "
    return f"{words}{change_in_words(recipe)}"


def _images(runs: Collection[PaperRun], index: DatasetIndex) -> dict[str, int]:
    """Number of images by data set; of several recipes the most that one takes."""
    found: Counter[str] = Counter()
    for run in runs:
        records, _ = chosen_images(run.recipe, index.records)
        found |= Counter(record.dataset for record in records)
    return dict(sorted(found.items()))


def _figures(
    described: Paper, studies: Sequence[PaperStudy], runs: Mapping[str, PaperRun]
) -> Iterator[ReproducedFigure]:
    """Every claim of a paper, in its order."""
    for claim in described.claim:
        for part in PARTS:
            for figure, claimed in getattr(claim, part).items():
                name = _best(claim, studies, runs) if claim.model == BEST else claim.model
                run = runs.get(name)
                is_best = claim.model == BEST and name
                yield ReproducedFigure(
                    model=f"{BEST}: {name}" if is_best else claim.model,
                    part=part,
                    figure=figure,
                    claimed=claimed,
                    note=claim.note or "",
                    own=measured(run, part, figure, run.own_split) if run else None,
                    honest=measured(run, part, figure, run.honest_split) if run else None,
                )
        if claim.model in runs:
            yield _colours(claim.model, runs[claim.model])
    for bench in described.bench:
        rows = [
            row
            for each in studies
            for row in read_study_result(each.folder).bench
            if row["model"] == each.names.get(bench.model) and row["features"] == bench.features
        ]
        run = runs.get(bench.model)
        for classifier, numbers in bench.classifiers.items():
            for figure, claimed in zip(bench.columns, numbers, strict=True):
                yield ReproducedFigure(
                    model=bench.model,
                    classifier=classifier,
                    part="test",
                    figure=figure,
                    claimed=claimed,
                    own=_of_bench(rows, classifier, figure, run.own_split if run else ""),
                    honest=_of_bench(rows, classifier, figure, run.honest_split if run else ""),
                )


def _colours(model: str, run: PaperRun) -> ReproducedFigure:
    """What six colour numbers reach on the images of a run: the rival of its network."""
    return ReproducedFigure(
        model=f"{SIX_COLOUR_NUMBERS}, beside {model}",
        part="test",
        figure="accuracy",
        own=run.colours.get(run.own_split),
        honest=run.colours.get(run.honest_split),
    )


def _best(claim: ModelClaim, studies: Sequence[PaperStudy], runs: Mapping[str, PaperRun]) -> str:
    """The member of a claim's study with the best accuracy on the paper's split, or where that was
    not run on another; "" where none was run."""
    members = [name for each in studies if each.folder.name == claim.study for name in each.names]
    found = [
        (rate.value, name)
        for name in members
        if (run := runs.get(name))
        and (rates := run.figures.get(run.own_split) or run.figures.get(run.honest_split))
        and (rate := rates.get("accuracy"))
    ]
    return max(found)[1] if found else ""


def measured(run: PaperRun, part: str, figure: str, split: str) -> Rate | None:
    """A figure of a run on one of its splits; None where it was not measured there.

    Args:
        run: The run.
        part: One of PARTS.
        figure: See `training.studies.claims.FIGURES`.
        split: Kind of the split plan; "" for none.
    """
    if split not in run.figures:
        return None
    if part == "training":
        return _of_training(run, figure, split)
    test = run.figures[split].get(_CALLED.get(figure, figure))
    if part == "test":
        return test
    validation = _validation_accuracy(run.folder / split) if figure == "accuracy" else None
    if part == "validation" or validation is None or test is None:
        return validation
    mean = fmean([test.value, validation.value])
    return _without_interval(figure, mean, n=test.n + validation.n)


def _without_interval(figure: str, value: float, *, n: int = 0) -> Rate:
    return Rate(name=figure, value=value, low=None, high=None, n=n)


def _validation_accuracy(folder: Path) -> Rate:
    """Of the images that a run of one split plan was tuned on."""
    answers = read_predictions(validation_folder(folder))
    n_classes = len(answers.classes)

    def measure(rows: np.ndarray) -> dict[str, float]:
        found = confusion_matrix(answers.answers[rows], answers.labels[rows], n_classes)
        return {"accuracy": accuracy(found)}

    return bootstrap_figures(measure, answers.group_numbers)[0]


def _of_training(run: PaperRun, figure: str, split: str) -> Rate | None:
    """Of the epochs in which the whole network learned: the kept one's accuracy, or seconds."""
    histories = [each for each in run.histories if each.split == split]
    if not histories:
        return None
    if figure == "accuracy":
        kept = [_kept(each, run.recipe.fit.keep_epoch) for each in histories]
        values = [
            each.figures["accuracy"][place]
            for each, place in zip(histories, kept, strict=True)
            if place is not None
        ]
        return _without_interval(figure, fmean(values)) if values else None
    seconds = [each.figures.get("seconds", ()) for each in histories]
    if not all(seconds):
        return None
    if figure == "seconds an epoch":
        return _without_interval(figure, median(second for each in seconds for second in each))
    if figure == "seconds of training":
        return _without_interval(figure, fmean(map(sum, seconds)))
    return None


def _kept(history: FoldHistory, keep: str) -> int | None:
    """Where among the epochs the one stands whose weights stayed."""
    if keep == "last":
        return len(history.epochs) - 1
    return history.best("val_loss" if keep == "lowest_val_loss" else "val_accuracy")


def _of_bench(
    rows: Sequence[Mapping[str, object]], classifier: str, figure: str, split: str
) -> Rate | None:
    for row in rows:
        if (row["classifier"], row["split"]) != (classifier, split):
            continue
        name = _CALLED.get(figure, figure)
        value, low, high = (row.get(key) for key in (name, f"{name} low", f"{name} high"))
        n = row.get("n")
        if not isinstance(value, int | float) or not n:  # without n it could not learn
            return None
        return Rate(
            name=figure,
            value=value,
            low=low if isinstance(low, int | float) else None,
            high=high if isinstance(high, int | float) else None,
            n=n if isinstance(n, int) else 0,
        )
    return None
