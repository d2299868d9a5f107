"""`python -m training data`: fetch a release, make its index, merge, check and repair indexes."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.audits.data_report import DataReport, report_on
from training.audits.findings import LeakageReport
from training.data.adapt import AUTOMATIC, Adapted, adapt
from training.data.adapters import ADAPTERS
from training.data.fetch import RELEASES, fetch, read_releases
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.merge import merge_indexes
from training.data.objections import Objection
from training.data.repairs import REPAIRS, repair_index
from training.recipes.recipe import NEAR_BITS, read_recipe

_MOST_NAMES = 10  # of each sort of finding; --all lists every one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training data`."""
    actions = parser.add_subparsers(dest="action", required=True)
    adapting = actions.add_parser("adapt", help="make the index of a downloaded release")
    adapting.add_argument("kind", choices=(AUTOMATIC, *ADAPTERS), help="how the folder is laid out")
    adapting.add_argument("folder", type=Path, help="what the release was unpacked into")
    adapting.add_argument("--out", type=Path, required=True, help="index.csv, beside the images")
    checking = actions.add_parser(
        "check", help="read every image of an index and list what is wrong"
    )
    checking.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    checking.add_argument(
        "--recipe", help="audit its classes and splits too, as its run would before it starts"
    )
    checking.add_argument("--bits", type=int, default=NEAR_BITS, help="of a near duplicate, of 256")
    merging = actions.add_parser("merge", help="make one index of several")
    merging.add_argument("indexes", type=Path, nargs="+", help="index.csv of each release")
    merging.add_argument("--out", type=Path, required=True, help="index.csv above all of them")
    repairing = actions.add_parser("repair", help="write a repaired index beside an index")
    repairing.add_argument("repair", choices=tuple(REPAIRS), help="what to drop or to group")
    repairing.add_argument("--index", type=Path, required=True, help="index.csv, which stays")
    for action in (adapting, checking):
        action.add_argument("--all", action="store_true", help="list every finding, not the first")
    fetching = actions.add_parser("fetch", help="download a release that has a public address")
    fetching.add_argument("release", choices=tuple(read_releases(RELEASES)))
    fetching.add_argument("--out", type=Path, required=True, help="folder to download into")


def main(arguments: argparse.Namespace) -> int:
    """Do one action; exit status 1 where files are unreadable or altered.

    A check also ends with 1 where a run would refuse to start: that of the recipe, or without one
    a run on the labels of a data set.
    """
    if arguments.action == "fetch":
        release = read_releases(RELEASES)[arguments.release]
        file = fetch(release, arguments.out)
        _write(
            f"{release.title}: {file}",
            f"Licence: {release.licence}. Unpack it, then: python -m training data adapt "
            f"{release.kind} FOLDER --out FOLDER/index.csv",
        )
        return 0
    if arguments.action == "merge":
        n_images = merge_indexes(arguments.indexes, arguments.out)
        _write(f"{arguments.out}: {n_images} images of {len(arguments.indexes)} indexes")
        return 0
    if arguments.action == "repair":
        repaired = repair_index(read_index(arguments.index), arguments.repair)
        _write(f"{repaired.index}: {repaired.done}")
        return 0
    if arguments.action == "adapt":
        adapted = adapt(arguments.folder, arguments.out, kind=arguments.kind)
        _write(f"Index of {adapted.kind}: {adapted.index}")
        _write(*adapted.notes, *_left_out(adapted, every=arguments.all))
        report = report_on(adapted.records, adapted.facts)
    else:
        records = read_index(arguments.index).records
        recipe = read_recipe(arguments.recipe) if arguments.recipe else None
        report = report_on(records, inspect(records), max_bits=arguments.bits, recipe=recipe)
    _write(*report_lines(report, every=arguments.all))
    is_refused = arguments.action == "check" and report.is_refused
    return 1 if report.has_unusable_files or is_refused else 0


def report_lines(report: DataReport, *, every: bool = False) -> Iterator[str]:
    """A report as lines of text.

    Args:
        report: What was found.
        every: Whether each finding is listed, or the first of each sort alone; leaks always are.
    """
    for dataset, labels in report.counts.items():
        yield (
            f"{dataset}: {sum(labels.values())} images, "
            + ", ".join(f"{label or 'no label'} {number}" for label, number in labels.items())
            + f"; {report.n_groups[dataset]} groups known, "
            + f"{report.n_ungrouped[dataset]} images without one"
        )
    sorts = {
        "Unreadable": [f"  {entry.name}: {entry.reason}" for entry in report.unreadable],
        "Not what the index's hash says": [f"  {name}" for name in report.altered],
        "The same to the byte": ["  " + " = ".join(names) for names in report.exact_duplicates],
        "Nearly the same": [
            f"  {pair.first} ~ {pair.second} ({pair.bits} of 256 bits)"
            for pair in report.near_duplicates
        ],
        "Alike with two labels": [f"  {first} ~ {second}" for first, second in report.conflicts],
    }
    for heading, lines in sorts.items():
        yield from _listed(heading, lines, every=every)
    yield from _refused(report.objections)
    yield from _leaks("Leaks, labels of each data set", report.leaks)
    audit = report.recipe_audit
    if audit is None:
        yield "Classes across data sets were not audited: name a recipe with --recipe."
    else:
        yield from [audit.left_over] if audit.left_over else []
        yield from _refused(audit.objections, of=f" of {audit.recipe}")
        yield from _leaks(f"Leaks, recipe {audit.recipe}", audit.leaks)
        if audit.problem:
            yield f"A run of {audit.recipe} would end at once: {audit.problem}"
    yield from _listed("Warnings", [f"  {text}" for text in report.warnings], every=True)


def _refused(objections: Sequence[Objection], *, of: str = "") -> Iterator[str]:
    for each in objections:
        yield f"A run{of} would refuse: {each.sentence}"


def _left_out(adapted: Adapted, *, every: bool) -> Iterator[str]:
    """What of a folder is not in its index, reason by reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in adapted.skipped:
        by_reason[reason].append(f"  {name}")
    for reason, names in by_reason.items():
        yield from _listed(f"Left out, {reason}", names, every=every)


def _leaks(heading: str, leaks: LeakageReport) -> Iterator[str]:
    first, *rest = leaks.lines()
    yield f"{heading}: {first}"
    yield from (f"  {line}" for line in rest)


def _listed(heading: str, lines: Sequence[str], *, every: bool) -> Iterator[str]:
    if lines:
        yield f"{heading}: {len(lines)}"
        shown = lines if every else lines[:_MOST_NAMES]
        yield from shown
        if len(shown) < len(lines):
            yield f"  … and {len(lines) - len(shown)} more (--all)"


def _write(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
