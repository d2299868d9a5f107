"""Records in a file, one line of JSON each, written as they come: what a kill leaves is kept.

A line that was being written is cut off when the file is opened again, and its picture read anew.
What is no journal is refused as it is.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from bloodui.batch.inputs import Item
from bloodui.batch.pipeline import PlainRecord
from bloodui.batch.record import MAP_NOT_WRITTEN, UNREADABLE
from bloodui.errors import CommandError
from models.files import file_beside, make_folder

_BEGIN = b'{"path": "'
"""Of every record."""


class _Line(NamedTuple):
    """Where the record of a file stands, of which state of the file it is, and whether it tells of
    an error of the disk."""

    start: int
    state: str
    is_of_the_disk: bool


class Journal:
    """The records of one reading. One process at a time has it open.

    Attributes:
        n_bytes_cut: Of a record that was being written, and was cut off the end.
    """

    def __init__(self, path: Path) -> None:
        """Open it, or begin it; a record at its end that is not whole is cut off.

        Args:
            path: Of the file; its folder is made where it is not there.

        Raises:
            CommandError: Another process has it open, or it has other things than records.
        """
        make_folder(path.parent)
        self.path = path
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise CommandError(
                f"Another command writes to {path} at this moment. Wait for it, or give another "
                "--out."
            ) from error
        self._lines: dict[str, _Line] = {}
        try:
            self.n_bytes_cut = self._scan()
        except CommandError:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        """Of how many files it has a record."""
        return len(self._lines)

    def __iter__(self) -> Iterator[str]:
        """The files that it has a record of, in the order in which they were written."""
        return iter(self._lines)

    def __contains__(self, name: str) -> bool:
        """Whether it has a record of a file."""
        return name in self._lines

    def left_of(self, items: Iterable[Item]) -> list[Item]:
        """Those of which there is no record, or one of another state or of an error of the disk,
        which is forgotten."""
        left = []
        for item in items:
            line = self._lines.get(item.name)
            if line is None or line.state != item.state or line.is_of_the_disk:
                self._lines.pop(item.name, None)
                left.append(item)
        return left

    def append(self, records: Sequence[PlainRecord]) -> None:
        """Write records, which last once this returns."""
        start = self._file.seek(0, os.SEEK_END)
        lines = []
        for record in records:
            line = json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n"
            self._note(record, start)
            start += len(line)
            lines.append(line)
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())

    def records(self, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        """The records of these files, in this order, one at a time; those that are there."""
        for line in self._read(names):
            yield json.loads(line)

    def put_in_order(self, names: Sequence[str]) -> None:
        """Let the file have the records of these files, in this order, and nothing else."""
        starts = [self._lines[name].start for name in names]
        whole = sum(map(len, self._read(names))) == self._file.seek(0, os.SEEK_END)
        if whole and starts == sorted(starts):
            return
        lines: dict[str, _Line] = {}
        start = 0
        with file_beside(self.path) as temporary, temporary.open("wb") as file:
            for name, line in zip(names, self._read(names), strict=True):
                file.write(line)
                lines[name] = self._lines[name]._replace(start=start)
                start += len(line)
            file.flush()
        self._file.close()
        self._file = self.path.open("a+b")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._lines = lines

    def _read(self, names: Iterable[str]) -> Iterator[bytes]:
        for name in names:
            line = self._lines.get(name)
            if line is not None:
                self._file.seek(line.start)
                yield self._file.readline()

    def _note(self, record: PlainRecord, start: int) -> None:
        name = record["path"]
        self._lines.pop(name, None)  # of a file that was read again the last record counts
        code = (record["error"] or {}).get("code")
        self._lines[name] = _Line(start, record["state"], code in (UNREADABLE, MAP_NOT_WRITTEN))

    def _scan(self) -> int:
        """Find the records, and cut off what is behind the last one; answer with its bytes."""
        start = end = 0
        self._file.seek(0)
        for number, line in enumerate(self._file, start=1):
            record = _record_in(line)
            if record is not None:
                self._note(record, start)
                end = start + len(line)
            elif not _is_left_of_a_record(line, is_first=start == 0):
                raise CommandError(
                    f"{self.path} has something else than records of this command with --out, "
                    f"first in line {number:,}. It is left as it is. Give another --out."
                )
            start += len(line)
        if start > end:
            self._file.truncate(end)
        return start - end


def _record_in(line: bytes) -> dict[str, Any] | None:
    """The record that a line holds whole; None where it is none."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except ValueError:  # of a power cut there may be anything
        return None
    return record if _is_record(record) else None


def _is_record(found: object) -> bool:
    return isinstance(found, dict) and {"path", "state", "decision", "error"} <= found.keys()


def _is_left_of_a_record(line: bytes, *, is_first: bool) -> bool:
    """Whether a line that is no record is what a kill or a power cut leaves of some: one that
    does not end, or zeros where the disk had not written yet."""
    if b"\0" in line:
        return not is_first or line.startswith((_BEGIN, b"\0"))
    if line.endswith(b"\n") or not (line.startswith(_BEGIN) or _BEGIN.startswith(line)):
        return False
    try:
        whole = json.loads(line)
    except ValueError:
        return True
    return _is_record(whole)
