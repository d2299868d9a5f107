"""Files of ours: read where they are plain files, and written whole or not at all.

What is written lasts: the bytes are on the disk before the name points at them, and the name is
before anybody goes on, so that neither a kill nor a power cut leaves half of a file.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from threading import get_ident

from models.errors import BundleError, BundleTamperedError

_PIECE_BYTES = 2**20
# What network and FUSE file systems answer that know no fsync of a folder.
_NO_FLUSH_OF_FOLDERS = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def write_file(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all; its folder is made where it is not there."""
    make_folder(path.parent)
    with file_beside(path) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def file_beside(path: Path, *, is_lasting: bool = True) -> Iterator[Path]:
    """The path of a file to write, which takes its name where the block ends well, and is gone
    where it does not.

    Args:
        path: The name that it takes. The temporary one is hidden, ends in ".part", and is another
            for each process and thread, which may write the same file at the same time.
        is_lasting: Whether it is on the disk before anybody goes on.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.part")
    try:
        yield temporary
        if is_lasting:
            move_into_place(temporary, path)
        else:
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def move_into_place(temporary: Path, path: Path) -> None:
    """Give a finished file or folder its name, once everything in it is on the disk.

    A file that has the name is replaced; a folder that has it, and is not empty, is an OSError.
    """
    for each in (temporary, *temporary.rglob("*")):
        if not each.is_symlink() and (each.is_file() or each.is_dir()):
            flush(each)  # opening another kind, such as a pipe, would wait for ever
    os.replace(temporary, path)
    flush(path.parent)
    if temporary.parent != path.parent:
        flush(temporary.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where they are not there yet."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        flush(folder.parent)


def flush(path: Path) -> None:
    """Wait until a file's bytes, or the names in a folder, are on the disk.

    A folder that may be written but not read, or whose file system knows no flush of folders,
    is left to the system: what was written there is written.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        if path.is_dir():
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FLUSH_OF_FOLDERS or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def disk_reason(error: OSError) -> str:
    """What the system says of an error of the disk; the kind of error where it says nothing."""
    return error.strerror or type(error).__name__


def disk_error_in_words(error: OSError) -> str:
    """What the system said of which file, and what to do where the disk is full."""
    where = f"{error.filename}: " if error.filename else ""
    words = f"{where}{disk_reason(error)}."
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        words += (
            " What was written before is kept. Make room, or give another place, and give the same "
            "command again."
        )
    return words


def read_plain_file(directory: Path, name: str) -> bytes:
    """The bytes of a plain file of a bundle; links and folders are refused by name.

    Raises:
        BundleTamperedError: there is a link, a folder or another kind of file.
        BundleError: there is none, or it cannot be read.
    """
    with _plain_file(directory, name) as file:
        return file.read()


def hash_plain_file(directory: Path, name: str) -> str:
    """The SHA-256 of a plain file of a bundle, of which a piece at a time is in memory.

    Raises: as `read_plain_file`.
    """
    with _plain_file(directory, name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_plain_file(directory: Path, name: str, target: Path) -> str:
    """Copy a plain file of a bundle a piece at a time; answer with the SHA-256 of what was copied.

    Raises: as `read_plain_file`, and OSError where the target cannot be written.
    """
    digest = hashlib.sha256()
    with _plain_file(directory, name) as file, target.open("xb") as copy:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            copy.write(piece)
    return digest.hexdigest()


@contextlib.contextmanager
def _plain_file(directory: Path, name: str) -> Iterator[BufferedReader]:
    """A plain file of a bundle, open for reading."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    path = Path(directory) / name
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise BundleTamperedError(
                f"Expected a plain file at {name!r}, received a link, a folder or another kind."
            )
        file = os.fdopen(os.open(path, flags), "rb")
    except OSError as error:
        raise BundleError(
            f"The file {name!r} of the bundle in '{Path(directory).name}' cannot be read: "
            f"{disk_reason(error)}. Give the folder that holds it."
        ) from error
    with file:
        yield file
