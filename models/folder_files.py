"""The files below a folder: links followed once, and whatever is left out told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.files import disk_reason

# Why something is left out: its name says that it is not meant to be seen; a link to what is read
# in its own place; a link out of the folder; a link to nothing; what cannot be opened.
Why = Literal["hidden", "again", "outside", "nowhere", "closed"]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A file, folder or link that is not read; the reason is said of it in a few words."""

    path: Path
    why: Why
    reason: str


@dataclass(frozen=True, kw_only=True)
class FolderFiles:
    """What lies below a folder.

    Attributes:
        files: Plain files, sorted; those of a linked folder under the link's name.
        left_out: Everything else but the folders that were read, sorted.
    """

    files: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or a Mac's own beside an archive's."""
    return name.startswith(".") or name == "__MACOSX"


def files_below(folder: Path) -> FolderFiles:
    """Every file below a folder, each once.

    A link is followed where it leads to what is in the folder and not read in its own place, such
    as a hidden store; a link to anywhere else is left out, since it may lead to the whole disk.

    Args:
        folder: Where to look; it may be a link itself.
    """
    return _Walk(folder).result()


class _Walk:
    """One look through a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = folder.resolve()
        self._places: set[Path] = set()  # true paths of the folders that were read
        self._linked_folders: list[Path] = []
        self._linked_files: list[Path] = []
        self._files: list[Path] = []
        self._left_out: list[LeftOut] = []

    def result(self) -> FolderFiles:
        """Read true folders first, so that a link never takes what has a place of its own."""
        self._read(self._folder)
        while self._linked_folders:
            self._follow_folder(self._linked_folders.pop(0))
        if self._linked_files:
            true_files = {self._true(path) for path in self._files}
            for link in self._linked_files:
                self._follow_file(link, true_files)
        return FolderFiles(
            files=tuple(sorted(self._files)),
            left_out=tuple(sorted(self._left_out, key=lambda each: each.path)),
        )

    def _read(self, top: Path) -> None:
        for here, folders, names in os.walk(top, onerror=self._note_closed):
            place = self._true(Path(here))
            if place in self._places:
                folders.clear()
                self._leave(Path(here), "again", "a folder whose files are read in another place")
                continue
            self._places.add(place)
            folders[:] = sorted(self._true_folders(Path(here), folders))
            for name in sorted(names):
                self._take(Path(here, name))

    def _true_folders(self, here: Path, names: list[str]) -> Iterator[str]:
        """Folders to go down into; links wait, and hidden ones are left out with their number."""
        for name in names:
            path = here / name
            if is_hidden(name) and path.is_symlink():
                self._leave(path, "hidden", "a hidden link")
            elif is_hidden(name):
                n_files = sum(len(files) for _, _, files in os.walk(path))
                number = "1 file" if n_files == 1 else f"{n_files} files"
                self._leave(path, "hidden", f"a hidden folder with {number} in it")
            elif path.is_symlink():
                self._linked_folders.append(path)
            else:
                yield name

    def _take(self, path: Path) -> None:
        if is_hidden(path.name):
            self._leave(path, "hidden", "a hidden file")
        elif path.is_symlink():
            self._linked_files.append(path)
        elif path.is_file():
            self._files.append(path)
        else:
            self._leave(path, "closed", "no plain file")

    def _follow_folder(self, link: Path) -> None:
        target = self._true(link)
        if not target.is_relative_to(self._root):
            self._leave(link, "outside", "a link out of the folder")
        else:
            self._read(link)

    def _follow_file(self, link: Path, true_files: set[Path]) -> None:
        target = self._true(link)
        if not target.is_file():
            self._leave(link, "nowhere", "a link to nothing that can be read")
        elif not target.is_relative_to(self._root):
            self._leave(link, "outside", "a link out of the folder")
        elif target in true_files:
            self._leave(link, "again", "a link to a file that is read in its own place")
        else:
            true_files.add(target)
            self._files.append(link)

    def _true(self, path: Path) -> Path:
        try:
            return path.resolve()
        except (OSError, RuntimeError):  # links in a circle
            return path

    def _note_closed(self, error: OSError) -> None:
        reason = f"a folder that cannot be opened ({disk_reason(error)})"
        self._leave(Path(os.fsdecode(error.filename or self._folder)), "closed", reason)

    def _leave(self, path: Path, why: Why, reason: str) -> None:
        self._left_out.append(LeftOut(path=path, why=why, reason=reason))
