"""`python -m training study`: run several recipes and compare them."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.cli.overrides import add_override_arguments, overrides_of
from training.data.index import read_index
from training.stored import alone_in
from training.studies.plan import overridden_study, read_study
from training.studies.study import run_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training study`."""
    parser.add_argument("study", help="name of a study in training/studies, or a .toml file")
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument("--out", type=Path, required=True, help="folder of the study")
    parser.add_argument(
        "--ray", default="", help="address of a Ray cluster that trains the folds, as in auto"
    )
    add_override_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run a study; exit status 1 where a member could not be run."""
    study = overridden_study(read_study(arguments.study), overrides_of(arguments))
    index = read_index(arguments.index)
    with alone_in(arguments.out):
        not_run = run_study(study, index, arguments.out, ray_address=arguments.ray)
    return 1 if not_run else 0
