"""A bundle that says what it answers on its own fields without their cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, bound_of
from models.bundle.folder import BundleContents
from models.bundle.manifest import Emptied
from training.audits.subject import Subject
from training.errors import DatasetError
from training.judge.emptied import emptied_answers
from training.recipes.recipe import read_task


def with_emptied(contents: BundleContents, subject: Subject) -> BundleContents:
    """A bundle with `Manifest.emptied` measured on its validation part, as a run measures it; an
    ensemble, and one without a domain, as it is.

    Raises:
        DatasetError: It may answer less from now on, which figures of its card rest on.
    """
    (model,) = subject.members if len(subject.members) == 1 else (None,)
    if model is None or model.domain is None:
        return contents
    manifest = contents.manifest.changed(
        emptied=emptied_answers(
            model.logits_and_foreignness,
            contents.manifest.temperature,
            task=read_task(contents.manifest.task),
            own=subject.collections[0],
            images=subject.split.validation,
            steps=contents.manifest.steps,
        )
    )
    bounds = [bound_of(each, DEFAULT_ERROR_LIMIT) for each in (contents.manifest, manifest)]
    if bounds[0].threshold != bounds[1].threshold:
        raise DatasetError(
            f"'{manifest.id}' answers too many of its own fields without cells for what it answers "
            f"now. {bounds[1].in_words} Run its recipe again."
        )
    return replace(contents, manifest=manifest)


def emptied_lines(curve: Sequence[Emptied]) -> Iterator[str]:
    """The curve as lines of text."""
    for each in curve:
        yield (
            f"fields of its validation part without cells (n {each.n_images}): "
            f"{100 * each.answered:.1f} % answered from {each.threshold:g} on"
        )
