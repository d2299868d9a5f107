"""`python -m training curves`: how the networks of a run learned, as one HTML file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.bundle.card import read_card
from models.bundle.folder import verify_bundle
from training.runs.curves import curves_page, read_histories
from training.stored import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training curves`."""
    parser.add_argument("run", type=Path, help="folder of a run, or of a member of a study")
    parser.add_argument("--out", type=Path, help="HTML file to write; RUN/curves.html by default")


def main(arguments: argparse.Namespace) -> int:
    """Write the page, whole or not at all; of a run that goes on, what there is of it."""
    histories = read_histories(arguments.run)
    bundle, title, summary = arguments.run / "bundle", arguments.run.name, ""
    if bundle.exists():
        title = verify_bundle(bundle).title
        summary = read_card(bundle / "card.json").summary
    out = arguments.out or arguments.run / "curves.html"
    write_text(out, curves_page(histories, title=title, summary=summary))
    sys.stdout.write(f"{out}\n")
    return 0
