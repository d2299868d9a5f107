"""`python -m training none-of-these`: a bundle again, that tells what is none of its classes."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.answer.ensemble import member_contents
from models.answer.loading import model_of
from models.bundle.card import parse_card
from models.bundle.folder import BundleContents, folder_beside, read_bundle
from models.bundle.manifest import CARD_FILE, MANIFEST_FILE, REFERENCE_FILE, member_file
from training.audits.domain_check import check_domain, domain_lines
from training.audits.own_split import own_split
from training.audits.subject import read_subject
from training.audits.with_card import write_with_card
from training.data.index import DatasetIndex, read_index
from training.errors import DatasetError
from training.recipes.recipe import parse_recipe
from training.runs.none_of_these import limit_in_words, with_none_of_these


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training none-of-these`."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle")
    parser.add_argument("--index", type=Path, required=True, help="index.csv that it was made from")
    parser.add_argument(
        "--others",
        type=Path,
        help="index.csv of what else there is (default: that of --index)",
    )
    parser.add_argument(
        "--member",
        type=Path,
        action="append",
        default=[],
        help="of an ensemble: the bundle of each member, as this command wrote it",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the new bundle")


def main(arguments: argparse.Namespace) -> int:
    """Teach a bundle what is none of its classes, and measure its domain again."""
    index = read_index(arguments.index)
    others = read_index(arguments.others) if arguments.others else index
    contents = read_bundle(arguments.bundle)
    if contents.manifest.members:
        taught = [read_bundle(each) for each in arguments.member]
        changed = _with_members(contents, taught)
        cards = [parse_card(each.files[CARD_FILE]) for each in taught]
        limits = tuple(dict.fromkeys(limit for card in cards for limit in card.limits))
    else:
        changed, limits = _taught(contents, index, others)
    subject = read_subject(changed, index)
    rows = check_domain(subject, index, others=others)
    _write(domain_lines(rows))
    with folder_beside(arguments.out) as folder:
        write_with_card(changed, subject.card.changed(domain=rows, limits=limits), folder)
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
    return _with_files(contents, files), (*recipe.task.limits, limit_in_words(shown, others))


def _with_members(contents: BundleContents, members: Sequence[BundleContents]) -> BundleContents:
    """An ensemble's bundle with other bundles of its members."""
    ids = [member.id for member in contents.manifest.members]
    given = [member.manifest.id for member in members]
    if given != ids:
        raise DatasetError(
            f"The ensemble '{contents.manifest.id}' has the members {ids}, and --member gave "
            f"{given}. Give each, in this order, as this command wrote it."
        )
    files = {
        name: data
        for name, data in contents.files.items()
        if contents.manifest.lender(name) is None
    }
    for old, new in zip(member_contents(contents), members, strict=True):
        if _of_network(old) != _of_network(new):
            raise DatasetError(
                f"The ensemble '{contents.manifest.id}' was judged with another network of "
                f"'{old.manifest.id}'. Give the one that it holds, or make the ensemble again."
            )
    for number, member in enumerate(members, start=1):
        for name, data in {**member.files, MANIFEST_FILE: member.manifest.to_json()}.items():
            files[member_file(number, name)] = data
    return _with_files(contents, files)


def _of_network(contents: BundleContents) -> dict[str, str]:
    """Hashes of the files that answer."""
    changed = (CARD_FILE, REFERENCE_FILE)
    return {name: sha for name, sha in contents.manifest.files.items() if name not in changed}


def _with_files(contents: BundleContents, files: Mapping[str, bytes]) -> BundleContents:
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return BundleContents(manifest=contents.manifest.changed(files=hashes), files=files)


def _write(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
