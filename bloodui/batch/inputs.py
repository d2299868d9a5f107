"""From paths of files, folders and ZIP archives to the pictures that they stand for, in order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bloodui.batch.archive import Archive, archive_at, is_archive_name
from bloodui.batch.words import counted
from bloodui.errors import ArchiveError
from models.folder_files import LeftOut, files_below
from models.image.formats.container import IntakeLimits


class Item(Protocol):
    """One file that is to be read as a picture; it can be sent to another process."""

    @property
    def name(self) -> str:
        """As it is shown, and found again: its path, or an archive's with the name in it."""

    @property
    def state(self) -> str:
        """Changes where the file is another than before."""

    def read(self) -> bytes:
        """Its bytes, at most one more than intake takes. Raises OSError, ArchiveError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileItem:
    """A file of the disk."""

    path: Path

    @property
    def name(self) -> str:
        """Its path."""
        return shown(self.path)

    @property
    def state(self) -> str:
        """Its size, and when it was changed."""
        return _file_state(self.path)

    def read(self) -> bytes:
        """See `Item`."""
        if self.path.exists() and not self.path.is_file():
            raise OSError(
                "a folder, or a link to one that is read in its own place or lies elsewhere"
                if self.path.is_dir()
                else "not a plain file"
            )
        with self.path.open("rb") as file:
            return file.read(IntakeLimits().max_bytes + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveItem:
    """A file in an archive.

    Attributes:
        archive: Where that is, or the archive itself where it lies in memory.
        number: Of the entry.
    """

    name: str
    archive: Path | Archive
    number: int
    state: str

    def read(self) -> bytes:
        """See `Item`."""
        where = self.archive
        if isinstance(where, Path):
            where = archive_at(where, _file_state(where))
        return where.read(self.number, self.state)


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedItem:
    """An item whose name another has already, under a name of its own."""

    name: str
    item: Item

    @property
    def state(self) -> str:
        """See `Item`."""
        return self.item.state

    def read(self) -> bytes:
        """See `Item`."""
        return self.item.read()


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultyItem:
    """What is not read, for a reason that is known before."""

    name: str
    fault: str
    state: str = ""

    def read(self) -> bytes:
        """Nothing but the reason."""
        raise ArchiveError(self.fault)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What paths stand for.

    Attributes:
        items: In the order of the paths; those of a folder and of an archive by name.
        left_out: What is hidden.
    """

    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]


def inputs_of(paths: Iterable[Path]) -> Inputs:
    """The pictures that these paths stand for, and what is hidden in folders and archives.

    Links in a folder are followed as in `files_below`. One that is not, and a folder that cannot be
    opened, is answered among the items: whoever reads it is told why it is none. A file whose name
    ends in ".zip" is looked into, in a folder, too.
    """
    items: list[Item] = []
    hidden: list[LeftOut] = []
    for path in paths:
        found: Sequence[Path] = (path,)
        if _is_folder(path):
            below = files_below(path)
            told = [each.path for each in below.left_out if each.why != "hidden"]
            found = sorted([*below.files, *told])
            hidden += [each for each in below.left_out if each.why == "hidden"]
        for each in found:
            if is_archive_name(each.name) and _is_file(each):
                packed, n_hidden = _items_of_archive(each)
                items += packed
                if n_hidden:
                    hidden.append(_hidden_in(each, n_hidden))
            else:
                items.append(FileItem(path=each))
    return Inputs(items=tuple(items), left_out=tuple(hidden))


def items_of(archive: Archive, *, name: str, place: Path | None = None) -> tuple[Item, ...]:
    """The files of an archive, those with a fault, too.

    Args:
        archive: Open for reading.
        name: Of the archive, as it is shown.
        place: Where it lies; None where it is in memory alone.
    """
    return tuple(
        FaultyItem(name=f"{name}/{each.name}", fault=each.fault, state=each.state)
        if each.fault
        else ArchiveItem(
            name=f"{name}/{each.name}",
            archive=place or archive,
            number=each.number,
            state=each.state,
        )
        for each in archive.entries()
    )


def shown(path: Path) -> str:
    """A path as text that can be written anywhere."""
    return os.fsencode(path).decode("utf-8", "replace")


def _items_of_archive(path: Path) -> tuple[tuple[Item, ...], int]:
    """Its files, or one that says why it cannot be opened; and how many are hidden."""
    name, state = shown(path), _file_state(path)
    try:
        archive = archive_at(path, state)
        return items_of(archive, name=name, place=path), archive.n_hidden
    except ArchiveError as error:
        return (FaultyItem(name=name, fault=str(error), state=state),), 0


def _hidden_in(path: Path, n_hidden: int) -> LeftOut:
    reason = f"{counted(n_hidden, 'hidden file')} of the archive"
    return LeftOut(path=path, why="hidden", reason=reason)


def _file_state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size}-{found.st_mtime_ns}"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, say; reading it says so
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
