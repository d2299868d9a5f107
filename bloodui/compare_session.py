"""What a session holds while models are compared: their answers on the images at hand."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloodui import session
from bloodui.session import Installed
from bloodui.settings import settings_from
from models.micrograph import Micrograph

if TYPE_CHECKING:
    from models.opinion import Opinion

_ANSWERS, _SET, _MEASURED = "compared-answers", "compared-set", "compared-measures"


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """A model that was asked about an image.

    Attributes:
        opinion: None where it failed.
        error: Why it failed.
        elapsed_s: How long the answer took, without loading the model; with the map where one
            was asked for.
    """

    installed: Installed
    opinion: Opinion | None
    error: Exception | None
    elapsed_s: float


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledImage:
    """An image of a set.

    Attributes:
        label: What it is called on the page.
        truth: Its class, or "" where nobody says.
    """

    label: str
    micrograph: Micrograph
    truth: str = ""
    is_drawn: bool = False


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked about an image.

    Attributes:
        class_name: The class that the map explains; the model's first one where "", or where the
            model does not know it.
        method: Key of SALIENCY_METHODS; the model's own where "".
        is_explained: Whether a map is made.
        despite_domain: Whether a model answers on an image of a kind that it does not know.
    """

    class_name: str = ""
    method: str = ""
    is_explained: bool = True
    despite_domain: bool = False


PLAIN = Question()
WITHOUT_MAP = Question(is_explained=False)


def ask(micrograph: Micrograph, installed: Installed, question: Question = PLAIN) -> Asked:
    """What a model answers, computed once for each image, model and question.

    A model that fails is an answer, too, so that it does not stop the others.
    """
    held: dict[tuple[object, ...], Asked] = session.held(_ANSWERS) or {}
    key = (micrograph.sha256, session.fingerprint(installed), question)
    if key not in held:
        # A new mapping: the old one may be that of a run that was stopped.
        held = held | {key: _asked(micrograph, installed, question)}
        session.hold(_ANSWERS, held)
    return held[key]


def is_answered(micrograph: Micrograph, installed: Installed, question: Question = PLAIN) -> bool:
    """Whether `ask` has the answer at hand."""
    held: dict[tuple[object, ...], Asked] = session.held(_ANSWERS) or {}
    return (micrograph.sha256, session.fingerprint(installed), question) in held


def keep_only(hashes: Collection[str]) -> None:
    """Drop every answer on other images than these, and what was measured of them."""
    measured: dict[str, Mapping[str, float]] = session.held(_MEASURED) or {}
    session.hold(_MEASURED, {sha256: each for sha256, each in measured.items() if sha256 in hashes})
    held: dict[tuple[object, ...], Asked] = session.held(_ANSWERS) or {}
    session.hold(_ANSWERS, {key: each for key, each in held.items() if key[0] in hashes})


def hold_set(images: Sequence[LabelledImage]) -> None:
    """Remember the images of a set; none forgets them."""
    session.hold(_SET, tuple(images))


def held_set() -> tuple[LabelledImage, ...]:
    """The images of the set that is looked at."""
    images: tuple[LabelledImage, ...] = session.held(_SET) or ()
    return images


def _asked(micrograph: Micrograph, installed: Installed, question: Question) -> Asked:
    from models.opinion import opinion_on

    started = time.perf_counter()
    opinion: Opinion | None = None
    failure: Exception | None = None
    try:
        loaded = session.model(installed)
        classes = installed.manifest.classes
        index = classes.index(question.class_name) if question.class_name in classes else None
        measured = _measured(micrograph)
        started = time.perf_counter()
        opinion = opinion_on(
            micrograph,
            loaded,
            class_index=index,
            method=question.method or None,
            is_explained=question.is_explained,
            despite_domain=question.despite_domain,
            level=settings_from(os.environ).set_level,
            measured=measured,
        )
    except Exception as error:  # noqa: BLE001 - one model must not stop the others
        failure = session.without_frames(error)
    return Asked(
        installed=installed,
        opinion=opinion,
        error=failure,
        elapsed_s=time.perf_counter() - started,
    )


def _measured(micrograph: Micrograph) -> Mapping[str, float]:
    """The quality measures of an image, taken once for all models."""
    from models.quality import measure_quality

    held: dict[str, Mapping[str, float]] = session.held(_MEASURED) or {}
    if micrograph.sha256 not in held:
        held = held | {micrograph.sha256: measure_quality(micrograph.rgb)}
        session.hold(_MEASURED, held)
    return held[micrograph.sha256]
