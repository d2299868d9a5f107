"""`python -m training synthetic`: draw smears with known cells."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from drawn.dataset import write_synthetic_dataset
from drawn.smears import SMEAR_CLASSES

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `python -m training synthetic`."""
    parser.add_argument("--out", type=Path, required=True, help="new folder to draw into")
    parser.add_argument("--labels", nargs="+", required=True, choices=tuple(SMEAR_CLASSES))
    parser.add_argument("--n", type=int, default=20, help="pictures of each label")
    parser.add_argument("--seed", type=int, default=0)


def main(arguments: argparse.Namespace) -> int:
    """Draw a dataset."""
    write_synthetic_dataset(
        arguments.out, labels=arguments.labels, n_per_label=arguments.n, seed=arguments.seed
    )
    log.info("drew %d pictures of each of %s", arguments.n, ", ".join(arguments.labels))
    return 0
