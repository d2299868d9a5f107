"""The registry's history: a line for each event, only ever appended to, and a checkpoint of it.

The checkpoint, written after each event, says how many lines there were, their SHA-256 and what was
in use. A history that was deleted, emptied or cut short is noticed by it, and not taken for the
truth. It guards against mishaps, not against whoever may write both files.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from models.files import flush, write_file
from models.stored import ID_PATTERN, Id, ReadOnly, Sha256, Stored
from training.errors import RegistryError

EventKind = Literal["promote", "retire", "rollback", "import", "repair"]
IdOrNone = Annotated[
    str,
    Field(
        pattern=f"^({ID_PATTERN})?$",
        title="3 to 64 lower-case letters, digits and hyphens, or empty",
    ),
]


class Event(Stored, validate_by_name=True, serialize_by_alias=True):
    """One line of the history: what was done with models."""

    refused_as = RegistryError
    called = "the event"

    time: str
    """When, in UTC, as ISO 8601."""
    kind: EventKind = Field(alias="deed")
    """What was done."""
    alias: IdOrNone
    """Whose model changed; "" for an event that changes none, such as an import."""
    bundle_id: IdOrNone
    """Model that the alias points at from then on; "" for none."""
    previous: IdOrNone
    """Model that it pointed at before; "" for none."""
    model_sha256: str
    """SHA-256 of that model's file, of an ensemble's manifest; "" for none."""
    by: str
    """Who did it."""
    reason: str
    """Why."""
    manifest_sha256: str = ""
    """SHA-256 of the model's manifest; "" in lines of earlier versions."""


class Checkpoint(Stored):
    """What the history was after its last event."""

    refused_as = RegistryError
    called = "the checkpoint"

    n_lines: Annotated[int, Field(ge=0)]
    """Number of its lines."""
    sha256: Sha256
    """SHA-256 of them."""
    aliases: ReadOnly[Id, Id]
    """Alias to the id of the model that it points at."""


@dataclass(frozen=True, kw_only=True)
class History:
    """The history in a registry's folder."""

    root: Path

    @property
    def path(self) -> Path:
        """The history itself."""
        return self.root / "history.jsonl"

    @property
    def checkpoint_path(self) -> Path:
        """What vouches for the history."""
        return self.root / "history-checkpoint.json"

    def events(self) -> tuple[Event, ...]:
        """Every event, the oldest first.

        Raises:
            RegistryError: A line is damaged; the message says which.
        """
        lines = self._lines()
        events = []
        for number, line in enumerate(lines, start=1):
            try:
                events.append(_event(line))
            except RegistryError as error:
                raise RegistryError(
                    f"{self.path.name} of {len(lines)} lines has a damaged line {number}. {error} "
                    "Restore the file from a backup."
                ) from error
        return tuple(events)

    def readable_events(self) -> tuple[Event, ...]:
        """The events of the lines that can be read, whatever the others are."""
        return tuple(_event(line) for line in self._lines() if _is_event(line))

    def fault(self, in_use: Collection[str], present: Collection[str]) -> str:
        """What is wrong with the history; "" where it can be taken for the truth.

        Without a checkpoint, as earlier versions left it, it must know every model in use, and have
        every model that it says is used: then a kill between a line and its move is finished.

        Args:
            in_use: Ids of the models in use.
            present: Ids of all models that are there, in use or kept.
        """
        try:
            events, noted = self.events(), self.checkpoint()
        except RegistryError as error:
            return str(error)
        lines = self._lines()
        if noted is None:
            known = {event.bundle_id for event in events}
            if set(in_use) <= known and set(aliases_of(events).values()) <= set(present):
                return ""
            return (
                f"{self.path.name}, of {len(lines)} lines, tells of other models than those in "
                f"in-use, and there is no {self.checkpoint_path.name} that says which of the two "
                "is right."
            )
        if len(lines) < noted.n_lines:
            how = "it is missing" if not self.path.exists() else f"it has {len(lines)}"
            return f"{self.path.name} had {noted.n_lines} lines, but {how}."
        if _sha256_of(lines[: noted.n_lines]) != noted.sha256:
            return (
                f"The first {noted.n_lines} lines of {self.path.name} are not those that were "
                "written."
            )
        return ""

    def checkpoint(self) -> Checkpoint | None:
        """What vouches for the history, or None where nothing does.

        Raises:
            RegistryError: It is not readable.
        """
        try:
            data = self.checkpoint_path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return Checkpoint.from_dict(_json_of(data))
        except RegistryError as error:
            raise RegistryError(
                f"{self.checkpoint_path.name} is damaged. {error} Restore the file from a backup."
            ) from error

    def write_checkpoint(self) -> None:
        """Vouch for the history as it stands."""
        lines = self._lines()
        noted = Checkpoint(
            n_lines=len(lines), sha256=_sha256_of(lines), aliases=aliases_of(self.events())
        )
        data = (json.dumps(noted.to_dict(), indent=1) + "\n").encode("ascii")
        if not self.checkpoint_path.is_file() or self.checkpoint_path.read_bytes() != data:
            write_file(self.checkpoint_path, data)

    def append(self, event: Event) -> None:
        """Add an event, which makes it so."""
        with self.path.open("ab") as file:
            data = self.path.read_bytes()
            n_whole = data.rfind(b"\n") + 1
            if _is_event(data[n_whole:]):
                file.write(b"\n")
            else:
                file.truncate(n_whole)
            file.write(_line(event))
            file.flush()
            os.fsync(file.fileno())
        flush(self.root)
        self.write_checkpoint()

    def rewrite(self, events: Iterable[Event]) -> None:
        """Replace the history by these events."""
        write_file(self.path, b"".join(map(_line, events)))
        self.write_checkpoint()

    def _lines(self) -> list[bytes]:
        """The lines that are whole and not empty, without their ends."""
        try:
            *lines, last = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        # A kill may cut the last line short; then it never happened. An editor may drop its end.
        return [line for line in [*lines, last if _is_event(last) else b""] if line.strip()]


def aliases_of(events: Iterable[Event]) -> dict[str, str]:
    """Alias to the id of the model that it points at after these events."""
    aliases: dict[str, str] = {}
    for event in events:
        if event.alias and event.bundle_id:
            aliases[event.alias] = event.bundle_id
        elif event.alias:
            aliases.pop(event.alias, None)
    return aliases


def check_signed(by: str, reason: str) -> None:
    """Refuse an event without a name or a reason. Raises RegistryError."""
    if not by.strip() or not reason.strip():
        raise RegistryError(
            "It is not said who does this, or why. Write a sentence: it stays in the history."
        )


def _line(event: Event) -> bytes:
    return json.dumps(event.to_dict(), ensure_ascii=False).encode("utf-8") + b"\n"


def _event(line: bytes) -> Event:
    """The event of a line. Raises RegistryError where it is none."""
    return Event.from_dict(_json_of(line))


def _is_event(line: bytes) -> bool:
    try:
        _event(line)
    except RegistryError:
        return False
    return True


def _json_of(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RegistryError("It is no JSON.") from error


def _sha256_of(lines: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
