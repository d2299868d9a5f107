"""`python -m training shortcuts`: a bundle beside what can be answered without its cells."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.runtime import Model, load_model
from training.audits.own_split import own_split
from training.audits.shortcut_report import ShortcutReport, write_shortcut_report
from training.audits.shortcuts import audit_shortcuts
from training.datasets.index import DatasetIndex, read_index


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training shortcuts`."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle")
    parser.add_argument("--index", type=Path, required=True, help="index.csv that it was made from")
    parser.add_argument("--limit", type=int, default=0, help="so many images, evenly; 0 for all")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")


def main(arguments: argparse.Namespace) -> int:
    """Measure, write JSON and tell the verdict."""
    report = audit_bundle(
        load_model(arguments.bundle), read_index(arguments.index), limit=arguments.limit
    )
    write_shortcut_report(report, arguments.out)
    sys.stdout.write("".join(f"{line}\n" for line in report.lines()))
    return 0


def audit_bundle(model: Model, index: DatasetIndex, *, limit: int = 0) -> ShortcutReport:
    """Audit a model on the test part that its own run judged it by.

    Args:
        model: The model in question.
        index: The images that it was made from.
        limit: So many test images, spread evenly; 0 for all.

    Raises:
        DatasetError: As `own_split`.
    """
    collection, split = own_split(model, index)
    return audit_shortcuts(model, collection, split, limit=limit)
