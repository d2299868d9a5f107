"""The options of commands that write a bundle again: which, of which index, and where to."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_bundle_options(parser: argparse.ArgumentParser) -> None:
    """The bundle, its index, of an ensemble its members written anew, and the new folder."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle")
    parser.add_argument("--index", type=Path, required=True, help="index.csv that it was made from")
    parser.add_argument(
        "--member",
        type=Path,
        action="append",
        default=[],
        help="of an ensemble: the bundle of each member, as this command wrote it",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the new bundle")
