"""What many records come to: decisions, classes, what was declined or not read, duplicates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import Field

from bloodui.batch.pipeline import PlainRecord
from bloodui.batch.words import counted
from bloodui.errors import CommandError
from models.bundle.manifest import Manifest
from models.stored import ReadOnly, Several, Sha256, Stored

NO_CELL = "no cell found"
"""Why a picture was declined whose quality is good."""
_IN_WORDS = {"cells": "too few stained cells", "unproven": "not proven"}
"""What a measure of quality or a decision means, where its name does not say so."""
DECISIONS = ("answered", "unproven", "abstained", "outside", "declined")


class Conditions(Stored):
    """What settles the records of a file beside the file itself."""

    model: str
    """Its id."""
    model_sha256: Sha256
    """Of its manifest, which pins every other file of it."""
    set_level: float
    """Coverage asked of the prediction sets."""
    error_limit: float | None = None
    """Share of answers that may be wrong; None in a summary from before models were asked that."""
    saliency: bool
    """Whether maps were made."""


class Summary(Stored):
    """What a reading came to, or has come to so far."""

    refused_as = CommandError
    called = "the summary"
    advice = "Give another --out, or remove what is there."

    asked: Conditions
    """Of which model, and how."""
    program: str
    """Version of this program."""
    tables: Several[str] = ()
    """Names of the files of tables that were written beside the records, or will be."""
    is_complete: bool = False
    """Whether every file was read."""
    n_files: int = Field(0, ge=0)
    """Files to be read."""
    n_records: int = Field(0, ge=0)
    """Of which there are records."""
    decisions: ReadOnly[str, int] = Field(default_factory=dict)
    """How many were answered, abstained from, not proven, outside of what the model knows, and
    declined."""
    classes: ReadOnly[str, int] = Field(default_factory=dict)
    """How many were answered with each class first."""
    abstained_between: ReadOnly[str, int] = Field(default_factory=dict)
    """How many the model abstained from, by the class that came first."""
    unproven_between: ReadOnly[str, int] = Field(default_factory=dict)
    """How many got an opinion that is not proven, by the class that came first."""
    declined_for: ReadOnly[str, int] = Field(default_factory=dict)
    """How many were declined, by the measure of quality (of one picture there may be several), or
    for want of a cell."""
    errors: ReadOnly[str, int] = Field(default_factory=dict)
    """How many were not read, or got no map, by the code of the error."""
    likely_duplicates: Several[Several[str]] = ()
    """Groups of files that look like one picture, to the eye of a perceptual hash."""


class Tally:
    """Counts records; of each it keeps the perceptual hash, and else nothing."""

    def __init__(self) -> None:
        self.n_records = 0
        self._decisions: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._abstained: Counter[str] = Counter()
        self._unproven: Counter[str] = Counter()
        self._declined: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._hashes: list[bytes] = []
        self._hashed: list[int] = []

    @property
    def n_failed(self) -> int:
        """How many have an error."""
        return self._errors.total()

    def add(self, record: PlainRecord) -> None:
        """Count one."""
        decision, first = record["decision"], record["top_class"]
        if decision is not None:
            self._decisions[decision] += 1
        if decision == "answered":
            self._classes[first] += 1
        elif decision == "abstained":
            self._abstained[first] += 1
        elif decision == "unproven":
            self._unproven[first] += 1
        elif decision == "declined":
            bad = [each for each in record["quality"]["measures"] if each["verdict"] == "declined"]
            # A model that sees nothing but cells declines a good picture without any.
            self._declined.update([each["name"] for each in bad] or [NO_CELL])
        if record["error"] is not None:
            self._errors[record["error"]["code"]] += 1
        if record["perceptual_hash"] is not None:
            self._hashes.append(bytes.fromhex(record["perceptual_hash"]))
            self._hashed.append(self.n_records)
        self.n_records += 1

    def duplicates(self) -> tuple[tuple[int, ...], ...]:
        """Groups of records that look like one picture, each by its place among all."""
        from training.data.duplicates import near_groups

        if not self._hashes:
            return ()
        packed = np.frombuffer(b"".join(self._hashes), np.uint8).reshape(len(self._hashes), -1)
        groups = near_groups(np.unpackbits(packed, axis=1).astype(bool))
        return tuple(tuple(self._hashed[number] for number in group) for group in groups)

    def counted(self, manifest: Manifest) -> dict[str, dict[str, int]]:
        """The counts as fields of `Summary`, in the order in which people think of them."""
        return {
            "decisions": _in_order(self._decisions, DECISIONS),
            "classes": _in_order(self._classes, manifest.classes),
            "abstained_between": _in_order(self._abstained, manifest.classes),
            "unproven_between": _in_order(self._unproven, manifest.classes),
            "declined_for": dict(self._declined.most_common()),
            "errors": dict(self._errors.most_common()),
        }


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Counts by name as a list: "focus (3), too few stained cells (2)"."""
    named = {_IN_WORDS.get(name, name.replace("_", " ")): n for name, n in counts.items() if n}
    return ", ".join(f"{name} ({n:,})" for name, n in named.items())


def in_words(summary: Summary) -> tuple[str, ...]:
    """A summary as lines for people."""
    n_read = sum(summary.decisions.values())
    n_left = summary.n_files - summary.n_records
    lines = [
        f"Given: {counted(summary.n_files, 'file')}. Read: {n_read:,}. "
        f"Not read: {summary.n_records - n_read:,}."
        + (f" Left for the next call: {n_left:,}." if n_left else "")
    ]
    for title, counts in (
        ("Decisions", summary.decisions),
        ("Answered with", summary.classes),
        ("Abstained, though first came", summary.abstained_between),
        ("Not proven, though first came", summary.unproven_between),
        ("Declined for", summary.declined_for),
        ("Errors", summary.errors),
    ):
        if counts:
            lines.append(f"{title}: {counts_in_words(counts)}.")
    if summary.likely_duplicates:
        n_files = sum(map(len, summary.likely_duplicates))
        groups = counted(len(summary.likely_duplicates), "group")
        lines.append(f"Likely duplicates: {n_files:,} files in {groups}.")
    return tuple(lines)


def _in_order(counts: Counter[str], names: Iterable[str]) -> dict[str, int]:
    return {name: counts[name] for name in names if counts[name]}
