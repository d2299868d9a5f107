"""A bundle that says what it answers on its own fields without their cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, bound_of
from models.answer.prediction import softmax
from models.bundle.card import Card
from models.bundle.folder import BundleContents
from models.bundle.manifest import Manifest
from training.audits.subject import Subject
from training.errors import DatasetError
from training.judge.answered import without_answer_figures
from training.judge.calibration import fit_answer_threshold
from training.judge.emptied import emptied_answers
from training.recipes.recipe import read_task


def with_emptied(
    contents: BundleContents, card: Card, subject: Subject
) -> tuple[BundleContents, Card]:
    """A bundle with `Manifest.emptied` measured on its validation part, as a run measures it; an
    ensemble as it is.

    Where it may answer less from now on, the card loses its figures of what is answered, which are
    no longer true; a run of the recipe measures them again.

    Args:
        contents: Of the subject.
        card: That is to go with it.
        subject: Who is audited.

    Raises:
        DatasetError: It was measured before and cannot be now, or a file is not readable.
    """
    if len(subject.members) > 1:
        return contents, card
    (model,) = subject.members
    before = contents.manifest
    tuned = subject.split.validation
    emptied = emptied_answers(
        model.passes,
        model.domain,
        before.temperature,
        task=read_task(before.task),
        own=subject.collections[0],
        images=tuned,
        steps=before.steps,
    )
    if before.emptied and not emptied:
        raise DatasetError(
            f"'{before.id}' was once asked about its fields without cells, and of these images too "
            "few are fields. Audit it with the task that it was made for."
        )
    manifest = before.changed(emptied=emptied)
    proven = bound_of(manifest, DEFAULT_ERROR_LIMIT).threshold
    if proven != bound_of(before, DEFAULT_ERROR_LIMIT).threshold:
        card = card.changed(evaluations=tuple(map(without_answer_figures, card.evaluations)))
        if proven is None:
            shares = softmax(subject.logits(subject.own(tuned)), before.temperature)
            proven = fit_answer_threshold(shares, subject.labels[tuned])
        manifest = manifest.changed(answer_threshold=proven)
    return replace(contents, manifest=manifest), card


def emptied_lines(manifest: Manifest) -> Iterator[str]:
    """What a model answers on fields without cells, and what it may answer, as lines of text."""
    for each in manifest.emptied:
        yield (
            f"fields of its validation part without cells (n {each.n_images}): "
            f"{100 * each.answered:.1f} % answered from {each.threshold:g} on"
        )
    yield bound_of(manifest, DEFAULT_ERROR_LIMIT).in_words
