"""`python -m training audit-card`: a bundle again, with a card that says what audits found."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.bundle import folder_beside, read_bundle
from models.runtime import load_model
from training.audits.card_audit import audited_card
from training.audits.own_split import own_split
from training.audits.robustness import MOST_IMAGES
from training.audits.with_card import write_with_card
from training.datasets.index import read_index


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training audit-card`."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle of one network")
    parser.add_argument("--index", type=Path, required=True, help="index.csv that it was made from")
    parser.add_argument(
        "--limit",
        type=int,
        default=MOST_IMAGES,
        help="so many test images for shortcuts and worse images, evenly; 0 for all "
        f"(default {MOST_IMAGES})",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder of the new bundle, not there yet; its card names files of mistakes as the "
        "index does: see that no name is a patient's",
    )


def main(arguments: argparse.Namespace) -> int:
    """Audit a bundle, and write it again under OUT with a fuller card and the same network."""
    with folder_beside(arguments.out) as folder:
        model = load_model(arguments.bundle)
        contents = read_bundle(arguments.bundle)
        collection, split = own_split(model, read_index(arguments.index))
        card = audited_card(model, collection, split, limit=arguments.limit)
        write_with_card(contents, card, folder)
    sys.stdout.write(
        f"{contents.manifest.id}: {len(card.shortcuts)} rows on shortcuts, "
        f"{len(card.robustness)} on worse images, {len(card.mistakes)} mistakes. "
        f"New bundle: {arguments.out}\n"
    )
    return 0
