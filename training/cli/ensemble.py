"""`python -m training ensemble`: make one model of several finished runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.runs.ensemble_bundle import EnsembleOrder, make_ensemble


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training ensemble`."""
    parser.add_argument("runs", type=Path, nargs="+", help="folders of finished runs")
    parser.add_argument("--id", required=True, help="what the ensemble is called")
    parser.add_argument("--title", required=True, help="its title for readers")
    parser.add_argument("--weights", choices=("equal", "validation"), default="equal")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the bundle, not there yet"
    )


def main(arguments: argparse.Namespace) -> int:
    """Make an ensemble of finished runs and leave its bundle at OUT."""
    order = EnsembleOrder(
        id=arguments.id,
        title=arguments.title,
        runs=tuple(arguments.runs),
        weights=arguments.weights,
    )
    make_ensemble(order, arguments.out)
    return 0
