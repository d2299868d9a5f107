"""`python -m training robustness`: a bundle on test images of its own that get worse."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.runtime import load_model
from training.audits.own_split import own_split
from training.audits.robustness import MOST_IMAGES, measure_robustness, write_robustness
from training.datasets.index import read_index


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training robustness`."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle")
    parser.add_argument("--index", type=Path, required=True, help="index.csv that it was made from")
    parser.add_argument(
        "--limit",
        type=int,
        default=MOST_IMAGES,
        help=f"so many test images, evenly; 0 for all (default {MOST_IMAGES})",
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")


def main(arguments: argparse.Namespace) -> int:
    """Measure, write JSON and tell every figure."""
    model = load_model(arguments.bundle)
    collection, split = own_split(model, read_index(arguments.index))
    report = measure_robustness(model, collection, split.test, limit=arguments.limit)
    write_robustness(report, arguments.out)
    sys.stdout.write("".join(f"{line}\n" for line in report.lines()))
    return 0
