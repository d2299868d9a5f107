"""`python -m training shortcuts`: a bundle beside what can be answered without its cells."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.errors import DatasetError
from models.runtime import Model, load_model
from training.audits.shortcut_report import ShortcutReport, write_shortcut_report
from training.audits.shortcuts import audit_shortcuts
from training.collection import Collection, collect, splits_of
from training.datasets.index import DatasetIndex, read_index
from training.datasets.splits import Split
from training.recipe import parse_recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training shortcuts`."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle")
    parser.add_argument("--index", type=Path, required=True, help="index.csv that it was made from")
    parser.add_argument("--limit", type=int, default=0, help="so many images, evenly; 0 for all")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")


def main(arguments: argparse.Namespace) -> int:
    """Measure, write JSON and tell the verdict."""
    report = audit_bundle(
        load_model(arguments.bundle), read_index(arguments.index), limit=arguments.limit
    )
    write_shortcut_report(report, arguments.out)
    sys.stdout.write("".join(f"{line}\n" for line in report.lines()))
    return 0


def audit_bundle(model: Model, index: DatasetIndex, *, limit: int = 0) -> ShortcutReport:
    """Audit a model on the test part that its own run judged it by.

    Args:
        model: The model in question.
        index: The images that it was made from.
        limit: So many test images, spread evenly; 0 for all.

    Raises:
        DatasetError: As `own_split`.
    """
    collection, split = own_split(model, index)
    return audit_shortcuts(model, collection, split, limit=limit)


def own_split(model: Model, index: DatasetIndex) -> tuple[Collection, Split]:
    """The images that a model was made from, and the split that its network comes from.

    That is the first fold of its recipe's last split, whose network the bundle holds.

    Raises:
        DatasetError: The index is another, so that its test part could hold images that the
            model learned from, or the bundle holds no recipe.
    """
    data = model.manifest.data
    if index.sha256 != data.index_sha256:
        raise DatasetError(
            f"Expected the bundle's own index (SHA-256 {data.index_sha256[:12]}…), received "
            f"another ({index.sha256[:12]}…). With it, images that the model learned from "
            "could not be told from those it had not seen. Give the index of its run."
        )
    if not model.card.recipe:
        raise DatasetError(
            "Expected a bundle whose card holds its recipe, received one without. Make the "
            "bundle with: python -m training run."
        )
    recipe = parse_recipe(model.card.recipe, name=model.manifest.id)
    collection = collect(recipe, index)
    return collection, splits_of(collection, recipe.splits[-1], seed=recipe.seed)[0]
