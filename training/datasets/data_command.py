"""`python -m training data`: fetch a release, make its index, merge and check indexes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.datasets.adapt import AUTOMATIC, adapt
from training.datasets.adapters import ADAPTERS
from training.datasets.duplicates import NEAR_BITS
from training.datasets.fetch import RELEASES, fetch, read_releases
from training.datasets.index import read_index
from training.datasets.inspection import inspect
from training.datasets.merge import merge_indexes
from training.datasets.report import DataReport, report_on

_MOST_NAMES = 10  # of each sort of finding; --all lists every one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training data`."""
    deeds = parser.add_subparsers(dest="deed", required=True)
    adapting = deeds.add_parser("adapt", help="make the index of a downloaded release")
    adapting.add_argument("kind", choices=(AUTOMATIC, *ADAPTERS), help="how the folder is laid out")
    adapting.add_argument("folder", type=Path, help="what the release was unpacked into")
    adapting.add_argument("--out", type=Path, required=True, help="index.csv, beside the images")
    checking = deeds.add_parser("check", help="read every image of an index and tell what is wrong")
    checking.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    checking.add_argument("--bits", type=int, default=NEAR_BITS, help="of a near duplicate, of 256")
    merging = deeds.add_parser("merge", help="make one index of several")
    merging.add_argument("indexes", type=Path, nargs="+", help="index.csv of each release")
    merging.add_argument("--out", type=Path, required=True, help="index.csv above all of them")
    for deed in (adapting, checking):
        deed.add_argument("--all", action="store_true", help="list every finding, not the first")
    fetching = deeds.add_parser("fetch", help="download a release that has a public address")
    fetching.add_argument("release", choices=tuple(read_releases(RELEASES)))
    fetching.add_argument("--out", type=Path, required=True, help="folder to download into")


def main(arguments: argparse.Namespace) -> int:
    """Do one deed; exit status 1 where files are unreadable or altered."""
    if arguments.deed == "fetch":
        release = read_releases(RELEASES)[arguments.release]
        file = fetch(release, arguments.out)
        _tell(
            f"{release.title}: {file}",
            f"Licence: {release.licence}. Unpack it, then: python -m training data adapt "
            f"{release.kind} FOLDER --out FOLDER/index.csv",
        )
        return 0
    if arguments.deed == "merge":
        n_images = merge_indexes(arguments.indexes, arguments.out)
        _tell(f"{arguments.out}: {n_images} images of {len(arguments.indexes)} indexes")
        return 0
    if arguments.deed == "adapt":
        adapted = adapt(arguments.folder, arguments.out, kind=arguments.kind)
        _tell(f"Index of {adapted.kind}: {adapted.index}")
        skipped = [f"  {name}: {reason}" for name, reason in adapted.skipped]
        _tell(*_listed("Left out for want of a label", skipped, every=arguments.all))
        report = adapted.report
    else:
        records = read_index(arguments.index).records
        report = report_on(records, inspect(records), max_bits=arguments.bits)
    _tell(*report_lines(report, every=arguments.all))
    return 1 if report.has_unusable_files else 0


def report_lines(report: DataReport, *, every: bool = False) -> Iterator[str]:
    """A report as lines of text.

    Args:
        report: What was found.
        every: Whether each finding is listed, or the first of each sort alone.
    """
    for dataset, labels in report.counts.items():
        yield (
            f"{dataset}: {sum(labels.values())} images, "
            + ", ".join(f"{label} {number}" for label, number in labels.items())
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
        "Labels leak": [f"  {leak}" for leak in report.leaks],
    }
    for heading, lines in sorts.items():
        yield from _listed(heading, lines, every=every or heading == "Labels leak")
    yield from _listed("Warnings", [f"  {text}" for text in report.warnings], every=True)


def _listed(heading: str, lines: Sequence[str], *, every: bool) -> Iterator[str]:
    if lines:
        yield f"{heading}: {len(lines)}"
        shown = lines if every else lines[:_MOST_NAMES]
        yield from shown
        if len(shown) < len(lines):
            yield f"  … and {len(lines) - len(shown)} more (--all)"


def _tell(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
