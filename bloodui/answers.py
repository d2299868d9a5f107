"""The one place that asks models for the dashboard, with one cache of what they answered.

Answers live in memory, beside their image. Those on an image of the tray go with it; others go when
another page is opened, and a page drops those on images that are no longer at hand (`keep_only`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloodui import session
from bloodui.errors import without_frames
from bloodui.images import Outcome, SessionImage
from bloodui.inventory import Installed
from bloodui.settings import settings_from
from bloodui.turns import Turns
from models.image.micrograph import Micrograph

if TYPE_CHECKING:
    from bloodui.batch.background import Batch
    from bloodui.batch.inputs import Item
    from models.answer.steadiness import Steadiness
    from models.cells.evidence import Evidence
    from models.cells.read import FieldReading, Stage
    from models.opinion import Opinion

_MEASURED, _STEADINESS, _INSISTED = "measured", "steadiness", "insisted"
_CELLS, _EVIDENCE = "cells", "evidence"
_TURNS = Turns()


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """A model that was asked about an image.

    Attributes:
        opinion: None where it failed.
        error: Why it failed.
        elapsed_s: How long the answer took, without loading the model; with the map where one
            was asked for.
        is_first: Whether the session had not used the model before, which takes longer.
    """

    installed: Installed
    opinion: Opinion | None
    error: Exception | None
    elapsed_s: float
    is_first: bool


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked about an image.

    Attributes:
        class_name: The class that the map explains; the model's first one where "", or where the
            model does not know it.
        method: Key of SALIENCY_METHODS; the model's own where "".
        is_explained: Whether a map is made.
        despite_domain: Whether a model answers on an image of a kind that it does not know.
        despite_quality: Whether it answers on one that is not good enough for it.
    """

    class_name: str = ""
    method: str = ""
    is_explained: bool = True
    despite_domain: bool = False
    despite_quality: bool = False


PLAIN = Question()
WITHOUT_MAP = Question(is_explained=False)


def ask(micrograph: Micrograph, installed: Installed, question: Question = PLAIN) -> Asked:
    """What a model answers, computed once for each image, model and question.

    A model that fails is an answer, too, so that it does not stop the others; it is asked again the
    next time.
    """
    key = (session.fingerprint(installed), question)
    held: Asked | None = session.held_beside(micrograph.sha256, key)
    if held is not None:
        return held
    asked = _asked(micrograph, installed, question)
    if asked.opinion is not None:
        session.hold_beside(micrograph.sha256, key, asked)
    return asked


def opinion(micrograph: Micrograph, installed: Installed, question: Question = PLAIN) -> Opinion:
    """What a model answers, as `ask` has it, for whoever needs an answer.

    Raises:
        BlooduiError: The model cannot be used, or the map cannot be made.
    """
    asked = ask(micrograph, installed, question)
    if asked.opinion is None:
        raise asked.error or RuntimeError("The model gave neither an answer nor an error.")
    return asked.opinion


def opinion_alone(
    micrograph: Micrograph, installed: Installed, question: Question = PLAIN
) -> Opinion:
    """The same, while the page holds answers on no other image. Raises as `opinion`."""
    keep_only((micrograph,))
    return opinion(micrograph, installed, question)


def outcomes(
    images: Sequence[SessionImage],
    installed: Installed,
    announce: Callable[[float, str], None],
    tell: Callable[[Outcome], None],
) -> tuple[Outcome, ...]:
    """What the model says of each image, or the error that stands in its way.

    Args:
        announce: Told the share done (0–1) and what comes next, before work that takes time.
        tell: Told each outcome as soon as it is there.
    """
    given: list[Outcome] = []
    for number, image in enumerate(images):
        if image.micrograph is None:
            given.append(Outcome(image=image, opinion=None, error=image.error))
            tell(given[-1])
            continue
        question = Question(despite_domain=is_insisted(image))
        if not is_answered(image.micrograph, installed, question):
            words = f"Batch image {number + 1} of {len(images)}: {image.name or image.label}"
            announce(number / len(images), loading_in_words(installed) or words)
        asked = ask(image.micrograph, installed, question)
        given.append(Outcome(image=image, opinion=asked.opinion, error=asked.error))
        tell(given[-1])
    return tuple(given)


def loading_in_words(installed: Installed) -> str:
    """What a model's first use takes, a sentence without its end; "" where it was used before."""
    if session.has_loaded(installed):
        return ""
    if session.may_need_conversion(installed):
        return (
            "Loading the model. Its first use on this machine converts it, which takes up to a "
            "minute"
        )
    return "Loading the model, which takes some seconds the first time"


def steadiness(opinion: Opinion, installed: Installed) -> Steadiness:
    """How far the model's answer moves when the picture is flipped and turned.

    Of an ensemble the first member is asked. Computed once for each image and model.

    Raises:
        BlooduiError: The model cannot be used.
    """
    from models.answer.ensemble import Ensemble
    from models.answer.steadiness import steadiness_of

    sha256, key = opinion.micrograph.sha256, (_STEADINESS, session.fingerprint(installed))
    held: Steadiness | None = session.held_beside(sha256, key)
    if held is not None:
        return held
    loaded = session.model(installed)
    network = loaded.members[0] if isinstance(loaded, Ensemble) else loaded
    found = steadiness_of(opinion.pictures[-1].rgb, network)
    session.hold_beside(sha256, key, found)
    return found


def evidence(opinion: Opinion, installed: Installed, class_name: str = "") -> Evidence:
    """Which cells of the image moved the model's answer, computed once for each class.

    Args:
        opinion: With a prediction.
        class_name: The class that it is for; the first one where "".

    Raises:
        BlooduiError: The model cannot be used.
    """
    from models.cells.evidence import evidence_on

    sha256 = opinion.micrograph.sha256
    key = (_EVIDENCE, session.fingerprint(installed), class_name)
    held: Evidence | None = session.held_beside(sha256, key)
    if held is None:
        loaded = session.model(installed)
        with _TURNS.turn(session.give_way):
            held = evidence_on(opinion, loaded, class_name=class_name)
        session.hold_beside(sha256, key, held)
    return held


def evidence_later(installed: Installed) -> Callable[[Opinion], Evidence | None]:
    """What gives, on any thread, the evidence of the first class that a page has worked out."""
    key = (_EVIDENCE, session.fingerprint(installed), "")
    look = session.beside_later()
    return lambda opinion: look(opinion.micrograph.sha256, key)


def read_many(items: Sequence[Item], installed: Installed) -> Batch:
    """Begin to ask a model about many files, which nobody keeps; it ends with the tray.

    Raises:
        BlooduiError: The model cannot be used.
    """
    from bloodui.batch.background import Batch
    from bloodui.batch.pipeline import Options

    options = Options(rules=settings_from(os.environ).rules, is_hashed=True)
    return Batch(items, session.model(installed), options, is_wanted=session.is_tray_there())


def read_cells(
    micrograph: Micrograph,
    installed: Installed,
    *,
    despite_quality: bool = False,
    announce: Callable[[Stage, float], None] | None = None,
) -> FieldReading:
    """A field cell by cell, read once for each field and model.

    Args:
        despite_quality: Whether a field that is not good enough is read all the same.
        announce: Told each step of the work, and the share of it that is done.

    Raises:
        BlooduiError: The model cannot be used, or reads no cells.
    """
    from models.cells.read import read_field

    key = (_CELLS, session.fingerprint(installed), despite_quality)
    held: FieldReading | None = session.held_beside(micrograph.sha256, key)
    if held is not None:
        return held
    loaded = session.model(installed)
    reading = read_field(micrograph, loaded, despite_quality=despite_quality, announce=announce)
    session.hold_beside(micrograph.sha256, key, reading)
    return reading


def is_answered(micrograph: Micrograph, installed: Installed, question: Question = PLAIN) -> bool:
    """Whether `ask` has the answer at hand."""
    key = (session.fingerprint(installed), question)
    return session.held_beside(micrograph.sha256, key) is not None


def insist(key: str) -> None:
    """Ask for answers on this image even of models that do not know its kind."""
    session.keep(_INSISTED, (session.kept(_INSISTED) or frozenset()) | {key})


def is_insisted(image: SessionImage) -> bool:
    """Whether models answer on an image of a kind that they do not know: drawn ones, and where
    the reader insists."""
    return image.is_drawn or image.key in (session.kept(_INSISTED) or frozenset())


def keep_only(images: Iterable[Micrograph | None]) -> None:
    """Drop what was said and measured of images that are neither in the tray nor among these."""
    session.forget_beside(each.sha256 for each in images if each is not None)


def _asked(micrograph: Micrograph, installed: Installed, question: Question) -> Asked:
    from models.opinion import opinion_on

    started = time.perf_counter()
    opinion: Opinion | None = None
    failure: Exception | None = None
    is_first = not session.has_loaded(installed)
    try:
        loaded = session.model(installed)
        classes = installed.manifest.classes
        index = classes.index(question.class_name) if question.class_name in classes else None
        measured = _measured(micrograph)
        with _TURNS.turn(session.give_way):
            started = time.perf_counter()
            opinion = opinion_on(
                micrograph,
                loaded,
                class_index=index,
                method=question.method or None,
                is_explained=question.is_explained,
                despite_domain=question.despite_domain,
                despite_quality=question.despite_quality,
                rules=settings_from(os.environ).rules,
                measured=measured,
            )
    except Exception as error:  # noqa: BLE001 - one model must not stop the others
        failure = without_frames(error)
    return Asked(
        installed=installed,
        opinion=opinion,
        error=failure,
        elapsed_s=time.perf_counter() - started,
        is_first=is_first,
    )


def _measured(micrograph: Micrograph) -> Mapping[str, float]:
    """The quality measures of an image, taken once for all models."""
    from models.image.quality import measure_quality

    held: Mapping[str, float] | None = session.held_beside(micrograph.sha256, _MEASURED)
    if held is None:
        held = measure_quality(micrograph.rgb)
        session.hold_beside(micrograph.sha256, _MEASURED, held)
    return held
