"""`python -m training study`: run several recipes and compare them."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.data.index import read_index
from training.studies.plan import read_study
from training.studies.study import run_study


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
