"""A bundle taken into a folder of bundles that the dashboard trusts."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.bundle import pin_bundle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training pin`."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle, as a run leaves it")
    parser.add_argument("--root", type=Path, required=True, help="folder that holds bundles")


def main(arguments: argparse.Namespace) -> int:
    """Copy the bundle to ROOT and write its hash into ROOT's SHA256SUMS."""
    pin_bundle(arguments.root, arguments.bundle)
    return 0
