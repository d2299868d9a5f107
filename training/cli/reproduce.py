"""`python -m training reproduce`: a paper's systems on its data, its figures beside ours."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from training.audits.data_report import report_on
from training.cli.data import report_lines
from training.cli.overrides import add_override_arguments, overrides_of
from training.data.collection import chosen_images
from training.data.downloads import index_of
from training.data.index import DatasetIndex, ImageRecord
from training.data.inspection import inspect
from training.errors import DatasetError
from training.recipes.recipe import Recipe
from training.runs.estimate import estimated_seconds, in_words
from training.runs.memory import memory_bytes, memory_in_words
from training.stored import alone_in, claim_folder, write_text
from training.studies.claims import paper, read_papers
from training.studies.reproduction import reproduce, studies_of
from training.studies.reproduction_page import is_measured, lines_of, reproduction_page, verdict

PAGE = "index.html"
_CHECK = "data-check-{}.txt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training reproduce`."""
    parser.add_argument("paper", choices=tuple(read_papers()), help="which of the five papers")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder that the paper's releases were unpacked into, or an index.csv",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs and the page")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="run these models of the paper's studies alone, as in hagar-2023-vgg16",
    )
    parser.add_argument(
        "--plan",
        action="store_true",
        help="run nothing: say for each model what it takes, and about how long on this machine",
    )
    add_override_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run what has not finished, and write OUT/index.html and OUT/reproduction.json.

    Exit status 1 where a model that was asked for could not be run.
    """
    described, overrides = paper(arguments.paper), overrides_of(arguments)
    studies = studies_of(described, overrides, arguments.out, only=arguments.only)
    members = [
        member
        for each in studies
        for (old, _), member in zip(each.names.items(), each.study.members, strict=True)
        if not arguments.only or old in arguments.only
    ]
    index = index_of(arguments.data)
    if arguments.plan:
        return _tell_plan(members, index)
    with alone_in(arguments.out):
        claim_folder(arguments.out, {"paper": arguments.paper})
        _check(index, members, arguments.out)
        found, runs = reproduce(
            arguments.paper, index, arguments.out, overrides=overrides, only=arguments.only
        )
    page = arguments.out / PAGE
    write_text(page, reproduction_page(described, found, runs))
    for cells in lines_of(found):
        if is_measured(cells):
            sys.stdout.write(" | ".join(cells) + "\n")
    for model, why in found.not_run.items():
        sys.stdout.write(f"{model}: not run. {why}\n")
    sys.stdout.write(f"{verdict(found)}\n{page}\n")
    asked = set(arguments.only or found.not_run)
    return 1 if asked & set(found.not_run) else 0


def _tell_plan(members: Sequence[Recipe], index: DatasetIndex) -> int:
    """Say what each member takes, a line each; exit status 1 where none can be run."""
    n_planned = 0
    for member in members:
        try:
            records, _ = chosen_images(member, index.records)
        except DatasetError as error:
            sys.stdout.write(f"{member.name}: cannot be run. {error}\n")
            continue
        n_planned += 1
        n_datasets = len({record.dataset for record in records})
        seconds = estimated_seconds(member, len(records), n_datasets=n_datasets)
        memory = memory_in_words(memory_bytes(member, len(records)))
        sys.stdout.write(
            f"{member.name}: {len(records):,} images, batch {member.fit.batch}, {memory}, "
            f"{in_words(seconds)} (give or take a factor of three)\n"
        )
    return 0 if n_planned else 1


def _check(index: DatasetIndex, members: Sequence[Recipe], out: Path) -> None:
    """Look at every image that a member takes, and leave what was found beside the runs; once for
    an index and these images."""
    records: dict[Path, ImageRecord] = {}
    for member in members:
        try:
            records |= {each.path: each for each in chosen_images(member, index.records)[0]}
        except DatasetError:
            continue  # its study says that these images are not there
    if not records:
        return
    place = out / _CHECK.format(index.sha256[:8])
    heading = f"{len(records)} images of the index {index.sha256}"
    if place.is_file() and place.read_text(encoding="utf-8").startswith(f"{heading}\n"):
        return
    images = tuple(records.values())
    report = report_on(images, inspect(images))
    write_text(place, "\n".join([heading, *report_lines(report, every=True)]) + "\n")
    for line in report_lines(report):
        sys.stdout.write(f"{line}\n")
