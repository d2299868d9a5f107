"""`python -m training none-of-these`: a bundle again, that tells what is none of its classes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.answer.loading import model_of
from models.bundle.card import parse_card
from models.bundle.folder import BundleContents, folder_beside, read_bundle
from models.bundle.manifest import CARD_FILE, REFERENCE_FILE
from training.audits.domain_check import check_domain, domain_lines
from training.audits.emptied import emptied_lines, with_emptied
from training.audits.own_split import own_split
from training.audits.subject import read_subject
from training.audits.with_card import write_with_card
from training.audits.with_members import with_files, with_members
from training.cli.bundle_options import add_bundle_options
from training.data.index import DatasetIndex, read_index
from training.errors import DatasetError
from training.recipes.recipe import parse_recipe
from training.runs.limits import known_limits
from training.runs.none_of_these import limit_in_words, with_none_of_these


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training none-of-these`."""
    add_bundle_options(parser)
    parser.add_argument(
        "--others",
        type=Path,
        help="index.csv of what else there is (default: that of --index)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Teach a bundle what is none of its classes, and measure its domain again."""
    index = read_index(arguments.index)
    others = read_index(arguments.others) if arguments.others else index
    contents = read_bundle(arguments.bundle)
    if contents.manifest.members:
        taught = [read_bundle(each) for each in arguments.member]
        changed = with_members(contents, taught)
        cards = [parse_card(each.files[CARD_FILE]) for each in taught]
        limits = tuple(dict.fromkeys(limit for card in cards for limit in card.limits))
    else:
        changed, limits = _taught(contents, index, others)
    subject = read_subject(changed, index)
    rows = check_domain(subject, index, others=others)
    _write(domain_lines(rows))
    card = subject.card.changed(domain=rows, limits=limits)
    changed, card = with_emptied(changed, card, subject)
    _write(emptied_lines(changed.manifest))
    with folder_beside(arguments.out) as folder:
        write_with_card(changed, card, folder)
    _write([f"New bundle: {arguments.out}"])
    return 0


def _taught(
    contents: BundleContents, index: DatasetIndex, others: DatasetIndex
) -> tuple[BundleContents, tuple[str, ...]]:
    """A model's bundle with another reference.npz, and the limits for its card."""
    model = model_of(contents)
    if model.reference is None or model.domain is None or not model.card.recipe:
        raise DatasetError(
            f"The bundle '{contents.manifest.id}' has no domain or no recipe. Train it again."
        )
    collection, split = own_split(model, index)
    recipe = parse_recipe(model.card.recipe, name=model.manifest.id)

    def features_of(rgb: np.ndarray) -> np.ndarray:
        return np.concatenate([passed.means for passed in model.passes(rgb)])

    domain, shown = with_none_of_these(
        replace(model.domain, none=None),
        recipe,
        collection,
        split,
        others=others.records,
        features_of=features_of,
    )
    if shown is None:
        raise DatasetError(
            f"The task '{recipe.task.name}' names nothing that is none of its classes, or the "
            "index has nothing of it. Name labels in none_of_these of the task."
        )
    reference = replace(model.reference, domain=domain).to_bytes()
    files = {**contents.files, REFERENCE_FILE: reference}
    known = known_limits(recipe, index.records)
    return with_files(contents, files), (*known, limit_in_words(shown, others))


def _write(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
