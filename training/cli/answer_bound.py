"""`python -m training answer-bound`: a bundle again, that knows how often its answers are wrong."""

from __future__ import annotations

import argparse
import sys

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, bound_of
from models.answer.prediction import softmax
from models.bundle.card import Card
from models.bundle.folder import BundleContents, folder_beside, read_bundle
from training.audits.subject import read_subject
from training.audits.with_card import write_with_card
from training.audits.with_members import with_members
from training.cli.bundle_options import add_bundle_options
from training.data.index import read_index
from training.errors import DatasetError
from training.judge.answered import risk_of
from training.judge.calibration import fit_answer_threshold
from training.recipes.recipe import parse_recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training answer-bound`."""
    add_bundle_options(parser)


def main(arguments: argparse.Namespace) -> int:
    """Ask a bundle about its validation part, and write the curve of its risk into it.

    Runs do so themselves, with more images where they can.

    Raises:
        DatasetError: The network learned from its validation part, its run had several folds, or
            its patients straddle the parts, so that the part tells nothing.
    """
    contents = read_bundle(arguments.bundle)
    if contents.manifest.members:
        contents = with_members(contents, [read_bundle(each) for each in arguments.member])
    subject = read_subject(contents, read_index(arguments.index))
    for member in subject.members:
        refuse_what_was_learned(member.card, member.manifest.id)
    tuned = subject.split.validation
    shares = softmax(subject.logits(subject.own(tuned)), contents.manifest.temperature)
    risk = risk_of(shares, subject.labels[tuned], subject.groups[tuned])
    manifest = contents.manifest.changed(risk=risk)
    bound = bound_of(manifest, DEFAULT_ERROR_LIMIT)
    if bound.threshold is not None:
        manifest = manifest.changed(answer_threshold=bound.threshold)
    elif bound.held_back is not None:
        fitted = fit_answer_threshold(shares, subject.labels[tuned])
        manifest = manifest.changed(answer_threshold=fitted)
    with folder_beside(arguments.out) as folder:
        write_with_card(
            BundleContents(manifest=manifest, files=contents.files), subject.card, folder
        )
    for each in risk:
        sys.stdout.write(
            f"From {each.threshold:g} on: answers {each.answered:.3f}, wrong {each.wrong:.3f}, "
            f"proven at most {each.bound:.3f}, {each.n_groups} groups\n"
        )
    sys.stdout.write(f"{bound.in_words}\nNew bundle: {arguments.out}\n")
    return 0


def refuse_what_was_learned(card: Card, name: str) -> None:
    """Refuse a model whose validation part does not stand for new patients. Raises DatasetError."""
    recipe = parse_recipe(card.recipe, name=name)
    plan = recipe.splits[-1]
    why = ""
    if recipe.fit.is_head_solved:
        why = "its head learned from its validation part, too"
    elif plan.folds > 1 or plan.kind == "leave_one_dataset_out":
        why = "its run had several parts, whose answers are not kept in the bundle"
    elif plan.kind == "random":
        why = "its split is by image, so that it has seen the patients of its validation part"
    if why:
        raise DatasetError(
            f"What '{name}' may answer cannot be measured afterwards: {why}. Run its recipe again."
        )
