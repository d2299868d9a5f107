"""The pictures of a ZIP archive, each read alone, within the limits of a single file.

Nothing is unpacked to the disk, and of no entry more bytes are unpacked than a picture may have,
whatever the archive says of its sizes.
"""

from __future__ import annotations

import io
import re
import stat
import threading
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bloodui.errors import ArchiveError
from models.files import disk_reason
from models.folder_files import is_hidden
from models.image.formats.container import IntakeLimits

SUFFIX = ".zip"
_MOST_CONTENTS_BYTES = 32 * 2**20
"""Of a table of contents: some 300,000 entries. Python works for a quarter of a minute on 50 MiB
of one."""
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Of all ways to pack, those of which `zipfile` unpacks no more than it is asked for."""
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,  # a way to compress that Python does not know
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file of an archive.

    Attributes:
        number: Its place in the archive's table of contents.
        name: As the archive has it, with a number behind it where an earlier one has the same.
        state: Size and checksum, which are others where it is another file.
        fault: Why it is not read, as sentences; "" where it may be.
    """

    number: int
    name: str
    state: str
    fault: str


class Archive:
    """A ZIP archive that is open for reading. Safe to share between threads."""

    def __init__(self, file: Path | bytes) -> None:
        """Read the table of contents.

        Args:
            file: Where it is, or its bytes.

        Raises:
            ArchiveError: It is no ZIP archive, or its table of contents is damaged or endless.
        """
        self._lock = threading.Lock()
        try:
            opened = _InPieces(io.FileIO(file) if isinstance(file, Path) else _Lent(file))
            self._zip = zipfile.ZipFile(opened)
            opened.is_limited = False
        except _FAULTS as error:
            raise ArchiveError(
                f"The ZIP archive cannot be opened ({_reason(error)}). Make or copy it again, or "
                "give the folder that it was made of."
            ) from error

    def entries(self) -> tuple[Entry, ...]:
        """The files that somebody meant to put in, by name; see `n_hidden` for the others."""
        seen: Counter[str] = Counter()
        found = []
        for number, info in enumerate(self._zip.infolist()):
            if info.is_dir() or _is_hidden(info.filename):
                continue
            seen[info.filename] += 1
            nth = seen[info.filename]
            found.append(
                Entry(
                    number=number,
                    name=info.filename if nth == 1 else f"{info.filename} [{nth}]",
                    state=_state(info),
                    fault=_fault(info),
                )
            )
        return tuple(sorted(found, key=lambda entry: (entry.name, entry.number)))

    @property
    def n_hidden(self) -> int:
        """How many files are hidden, such as those that a Mac puts beside an archive's own."""
        return sum(not info.is_dir() and _is_hidden(info.filename) for info in self._zip.infolist())

    def read(self, number: int, state: str) -> bytes:
        """The bytes of an entry, at most one more than intake takes, which then refuses it.

        Args:
            number: Of the entry.
            state: Of the entry, as it was listed.

        Raises:
            ArchiveError: They are damaged, may not be read, or are another file's than was listed.
        """
        infos = self._zip.infolist()
        if number >= len(infos) or _state(infos[number]) != state:
            raise ArchiveError(
                "The archive was changed after its files were listed, and no longer has this one "
                "in its place. Read the archive again."
            )
        info = infos[number]
        if fault := _fault(info):
            raise ArchiveError(fault)
        most = IntakeLimits().max_bytes + 1
        try:
            with self._lock, self._zip.open(info) as file:
                return file.read(most)
        except _FAULTS as error:
            raise ArchiveError(
                f"The file cannot be unpacked ({_reason(error)}). Make or copy the archive again."
            ) from error


@lru_cache(maxsize=8)
def archive_at(path: Path, state: str) -> Archive:
    """The archive in a file, which is kept open for those who read it next.

    Args:
        path: Where it is.
        state: Changes with the file, so that another one is opened anew.

    Raises: as `Archive`.
    """
    del state
    return Archive(path)


def is_archive_name(name: str) -> bool:
    """Whether a file of this name is looked into."""
    return name.lower().endswith(SUFFIX)


class _TooLongError(zipfile.BadZipFile):
    """More is to be read at once than a table of contents has."""


class _InPieces(io.BufferedReader):
    """A file of which nobody reads very much at once while its table of contents is read.

    It is closed when it is forgotten.
    """

    is_limited = True

    def read(self, size: int | None = -1, /) -> bytes:
        if self.is_limited and size is not None and size > _MOST_CONTENTS_BYTES:
            raise _TooLongError
        return super().read(size)

    def __del__(self) -> None:
        self.close()


class _Lent(io.RawIOBase):
    """What lies in memory, as a file, without a copy of it."""

    def __init__(self, owned: bytes) -> None:
        self._bytes = memoryview(owned)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._bytes[self._at : self._at + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._bytes)}[whence]
        if start + offset < 0:
            raise ValueError("a place before the file's start")
        self._at = start + offset
        return self._at


def _is_hidden(name: str) -> bool:
    return any(is_hidden(part) for part in _parts(name) if part not in (".", ".."))


def _parts(name: str) -> list[str]:
    return re.split(r"[/\\]", name)


def _state(info: zipfile.ZipInfo) -> str:
    return f"{info.file_size}-{info.CRC:08x}"


def _fault(info: zipfile.ZipInfo) -> str:
    """Why an entry is not read, known from the table of contents; "" for none."""
    name, kind = info.filename, stat.S_IFMT(info.external_attr >> 16)
    if ".." in _parts(name) or re.match(r"[/\\]|[A-Za-z]:", name):
        return "The name leads out of the archive. Pack the files of one folder, and nothing else."
    if info.flag_bits & 1:
        return "The file is encrypted. Unpack the archive with its password, and give the folder."
    if kind not in (0, stat.S_IFREG):
        return "This is a link or another kind of file, not a picture. Pack the file itself."
    if is_archive_name(name):
        return "This is an archive within an archive. Unpack it, and give it for itself."
    if info.compress_type not in _BOUNDED:
        return (
            "The file is packed in a way that is not read here. Pack it as ZIP archives mostly are "
            "(Deflate), or give the folder."
        )
    if info.file_size > IntakeLimits().max_bytes:
        return (
            f"The file has {info.file_size / 2**20:.0f} MiB unpacked; at most "
            f"{IntakeLimits().max_bytes / 2**20:.0f} MiB are read. Export a smaller field of view."
        )
    return ""


def _reason(error: Exception) -> str:
    """In a few words, and none of a file's name: that may be a patient's."""
    if isinstance(error, _TooLongError):
        return "its table of contents is endless"
    if isinstance(error, NotImplementedError):
        return "it is packed in a way that is not known here"
    return disk_reason(error) if isinstance(error, OSError) else "it is damaged"
