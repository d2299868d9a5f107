"""The fields of a visitor's tray, read cell by cell, with what the reader did to the cells."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bloodui import answers, session
from bloodui.errors import ReviewError, without_frames
from bloodui.fields.board import (
    MOST_CELLS,
    ShownField,
    board,
    field_part,
    longest_px,
    shown_to,
)
from bloodui.fields.component import KEY
from bloodui.fields.demo import credit_of
from bloodui.fields.review import Review, Shown, review_from, with_unseen, without_removed
from bloodui.images import Outcome, SessionImage
from bloodui.inventory import Installed
from bloodui.widgets.thumbnails import as_field, name_of
from models.cells.count import Differential, counted_cells, differential
from models.cells.count_error import ModelError, model_error_of
from models.errors import BlooduiError

_REVIEW, _INSISTED, _VISIT, _REFUSED = "fields-review", "fields-insisted", "visit", "refused"
_SAID_OF, _CASE_NAME = "fields-said-of", "fields-case"
_PART = "board"
_STAGES = {"finding": "finding cells", "reading": "reading cells"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Fields that count together.

    Attributes:
        fields: Those that were read and have room on the page.
        declined: Those that are not good enough to be read.
        left_out: Those for whose cells there is no room.
        failed: What could not be read, and why.
        keys: Of all images of the tray when it was read.
        again: What images are called that are the same as one before.
        installed: The model that read.
    """

    fields: tuple[ShownField, ...]
    declined: tuple[ShownField, ...]
    left_out: tuple[ShownField, ...]
    failed: tuple[Outcome, ...]
    keys: frozenset[str]
    again: tuple[str, ...]
    installed: Installed

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the model."""
        return self.installed.manifest.classes

    @property
    def n_cut_off(self) -> int:
        """Cells that the edge cuts, and that are not counted."""
        readings = [field.reading for field in self.fields]
        return sum(len(reading.cells) - len(reading.counted) for reading in readings)


def read_case(
    images: Sequence[SessionImage],
    installed: Installed,
    announce: Callable[[float, str], None],
) -> Case:
    """Read every image of the tray as a field; what was read before is at hand.

    Args:
        announce: Told the share done (0–1) and what comes next.
    """
    fields: list[ShownField] = []
    declined: list[ShownField] = []
    left_out: list[ShownField] = []
    failed: list[Outcome] = []
    insisted: frozenset[str] = session.kept(_INSISTED) or frozenset()
    seen: set[str] = set()
    again: list[str] = []
    n_cells = 0
    for number, image in enumerate(images):
        if image.micrograph is None:
            failed.append(Outcome(image=image, opinion=None, error=image.error))
            continue
        if image.micrograph.sha256 in seen:
            again.append(name_of(image))  # the same field twice is one
            continue
        seen.add(image.micrograph.sha256)

        def tell(stage: str, done: float, number: int = number) -> None:
            share = (number + (done + (stage == "reading")) / 2) / len(images)
            announce(share, f"Field {number + 1} of {len(images)}: {_STAGES[stage]}")

        if not session.has_loaded(installed):
            announce(0.0, "Loading the model, which takes some seconds the first time")
        try:
            reading = answers.read_cells(
                image.micrograph,
                installed,
                despite_quality=image.key in insisted,
                announce=tell,
            )
        except BlooduiError as error:
            failed.append(Outcome(image=image, opinion=None, error=without_frames(error)))
            continue
        field = ShownField(
            label=as_field(image.label),
            key=image.key,
            reading=reading,
            name=image.name,
            is_drawn=image.is_drawn,
            credit=credit_of(image.key),
        )
        if reading.is_declined:
            declined.append(field)
        elif n_cells + len(reading.cells) > MOST_CELLS:
            left_out.append(field)
        else:
            n_cells += len(reading.cells)
            fields.append(field)
    return Case(
        fields=tuple(fields),
        declined=tuple(declined),
        left_out=tuple(left_out),
        failed=tuple(failed),
        keys=frozenset(image.key for image in images),
        again=tuple(again),
        installed=installed,
    )


def forget_removed() -> None:
    """Drop what was said of cells whose image is no longer in the tray.

    It stays as long as one of the copies of the file is there that were there when this page was
    last drawn. The same file that is added when none of them is left is another image, and begins
    anew.
    """
    now = _keys_by_file()
    said: Mapping[str, frozenset[str]] = session.kept(_SAID_OF) or {}
    hashes = {sha256 for sha256, keys in now.items() if not keys.isdisjoint(said.get(sha256, keys))}
    held: Mapping[tuple[str, ...], Review] = session.kept(_REVIEW) or {}
    left = {classes: without_removed(each, hashes) for classes, each in held.items()}
    if left != held:
        session.keep(_REVIEW, left)
        session.hold(_VISIT, None)  # the browser knows the old ones
    session.keep(_SAID_OF, {sha256: now[sha256] for sha256 in said if sha256 in hashes})


def _keys_by_file() -> dict[str, frozenset[str]]:
    """The keys of the images of the tray, by the hash of their file: copies of one share it."""
    keys: dict[str, frozenset[str]] = {}
    for image in session.images():
        if image.micrograph:
            sha256 = image.micrograph.sha256
            keys[sha256] = keys.get(sha256, frozenset()) | {image.key}
    return keys


def case_name() -> str:
    """What the reader called the case, as long as one of the fields of then is in the tray."""
    name, keys = session.kept(_CASE_NAME) or ("", frozenset())
    return name if any(each.key in keys for each in session.images()) else ""


def keep_case_name(name: str) -> None:
    """Keep what the reader calls the case of the fields that are in the tray now."""
    session.keep(_CASE_NAME, (name, frozenset(each.key for each in session.images())))


def insist_on(key: str) -> None:
    """Read the cells of this image though it is not good enough."""
    session.keep(_INSISTED, (session.kept(_INSISTED) or frozenset()) | {key})


def review(case: Case) -> Review:
    """What the reader did to cells of the tray's fields, in the classes of the case's model."""
    return _review_of(case.classes)


def _review_of(classes: Sequence[str]) -> Review:
    """Models of other classes have another review: none names what the other doesn't know."""
    held: Mapping[tuple[str, ...], Review] = session.kept(_REVIEW) or {}
    return held.get(tuple(classes)) or Review()


def corrected(case: Case) -> list[tuple[ShownField, dict[int, str]]]:
    """Each field with the kinds that the reader gave, by the cell's number."""
    given = review(case)
    return [(field, given.corrected(field.sha256)) for field in case.fields]


def is_at_hand(case: Case) -> bool:
    """Whether the tray holds what it held when the case was read; another window may have more."""
    return case.keys == {each.key for each in session.images()}


def as_it_is_then(case: Case) -> Callable[[], tuple[tuple[ShownField, ...], Review]]:
    """What gives, on any thread, the fields that are left by then, and the review."""
    reviews, holds = session.kept_later(_REVIEW), session.holds_later()

    def look() -> tuple[tuple[ShownField, ...], Review]:
        fields = tuple(field for field in case.fields if holds(field.sha256))
        return fields, (reviews() or {}).get(tuple(case.classes)) or Review()

    return look


def count(case: Case) -> Differential:
    """The differential of all fields of a case, corrections in it.

    Raises:
        BlooduiError: The model's card cannot be read.
    """
    error = model_error_of(session.card(case.installed), case.classes)
    return count_of(case.fields, review(case), case.classes, error)


def count_of(
    fields: Sequence[ShownField],
    given: Review,
    classes: Sequence[str],
    error: ModelError | None,
) -> Differential:
    """The differential of fields with what a reader said of their cells."""
    counted = [
        cell
        for field in fields
        for cell in counted_cells(field.reading, given.corrected(field.sha256))
    ]
    return differential(counted, classes=classes, error=error)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Visit:
    """A case as a browser has it since the page was opened.

    Attributes:
        of: What it shows; another visit begins where that changes.
        shown: What the browser's numbers stand for.
        review: The review of then.
        last: The review as this window knows it: of then, or what it sent last.
    """

    of: tuple[object, ...]
    shown: Shown
    review: Review
    last: Review


def board_of(case: Case) -> dict[str, Any]:
    """What the browser is shown of a case; the same each time as long as the case is the same."""
    fingerprint = session.fingerprint(case.installed)
    of = (fingerprint, *((field.label, field.reading) for field in case.fields))
    visit: _Visit | None = session.held(_VISIT)
    if visit is None or visit.of != of or visit.last != review(case):  # of another window
        shown = shown_to(secrets.token_hex(8), case.fields, case.classes)
        now = review(case)
        visit = _Visit(of=of, shown=shown, review=now, last=now)
        session.hold(_VISIT, visit)
    side_px = longest_px(len(case.fields))
    parts = [_part(field, fingerprint, side_px) for field in case.fields]
    return board(visit.shown, case.fields, parts, case.installed.manifest, visit.review)


def take_review() -> None:
    """Take what the browser sent, if it is as it has to be; a callback of the component.

    Where another window of the visitor changed the corrections in between, it is not taken, and the
    browser is shown them as they are now.
    """
    visit: _Visit | None = session.held(_VISIT)
    sent = (session.widget(KEY) or {}).get("review")
    if visit is None or sent is None:
        return
    forget_removed()  # another window may have taken the file away and given it anew
    try:
        taken = review_from(sent, visit.shown)
        before = _review_of(visit.shown.classes)
        if before != visit.last:
            session.hold(_VISIT, None)
            raise ReviewError(
                "Another window changed this: corrections were made there. They are shown here now "
                "as they are there; what you did last was not taken. Do it again."
            )
    except BlooduiError as error:
        session.hold(_REFUSED, error)
        return
    session.hold(_REFUSED, None)
    keys = _keys_by_file()
    session.keep(_SAID_OF, {**(session.kept(_SAID_OF) or {}), **keys})
    taken = without_removed(with_unseen(taken, before, visit.shown), keys)
    session.keep(_REVIEW, {**(session.kept(_REVIEW) or {}), tuple(visit.shown.classes): taken})
    session.hold(_VISIT, replace(visit, last=taken))


def refused() -> BlooduiError | None:
    """Why what the browser sent last was not taken; None where it was."""
    error: BlooduiError | None = session.held(_REFUSED)
    return error


def _part(field: ShownField, fingerprint: str, side_px: int) -> dict[str, Any]:
    """What the browser needs of a field; one is kept, whatever the size of its picture."""
    key = (_PART, fingerprint)
    held: tuple[object, int, dict[str, Any]] | None = session.held_beside(field.sha256, key)
    if held is None or held[0] is not field.reading or held[1] != side_px:
        held = (field.reading, side_px, field_part(field.reading, side_px))
        session.hold_beside(field.sha256, key, held)
    return held[2]
