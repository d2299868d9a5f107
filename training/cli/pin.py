"""A bundle taken into a folder of bundles that the dashboard trusts."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.bundle.folder import pin_bundle
from training.stored import locked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training pin`."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle, as a run leaves it")
    parser.add_argument("--root", type=Path, required=True, help="folder that holds bundles")


def main(arguments: argparse.Namespace) -> int:
    """Copy the bundle to ROOT and write its hash into ROOT's SHA256SUMS.

    Of an ensemble, the members' files that ROOT holds already are not copied.
    """
    with locked(arguments.root):  # two at once would lose a line
        pin_bundle(arguments.root, arguments.bundle, shares_members=True)
    return 0
