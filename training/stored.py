"""Files that commands leave: texts, tables, records and arrays, whole or not at all; and locks."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.files import disk_reason, file_beside, make_folder, write_file
from models.table_cell import as_cell
from training.errors import DatasetError

_log = logging.getLogger(__name__)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all; its folder is made where it is not there."""
    write_file(path, text.encode("utf-8"))


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as .npy, whole or not at all; its folder is made where it is not there."""
    make_folder(path.parent)
    with file_beside(path) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV, whole or not at all; the columns are those of any row, in order."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writerow({name: as_cell(name) for name in columns})
    writer.writerows({key: as_cell(value) for key, value in row.items()} for row in rows)
    write_text(path, text.getvalue())


def read_or_make(path: Path, make: Callable[[], Any]) -> Any:
    """What is stored at a path as JSON, or what `make` gives, which is stored there."""
    if not path.is_file():
        write_json(path, make())
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DatasetError(
            f"The file {path.name} is damaged. Remove it, or name another folder."
        ) from error


def claim_folder(folder: Path, purpose: Mapping[str, Any]) -> None:
    """Note in a folder what it is for, so that nothing else is continued in it.

    Args:
        folder: Made where it is not there yet.
        purpose: JSON values that settle the result, such as a recipe and an index's hash.

    Raises:
        DatasetError: The folder is already for something else.
    """
    wanted = json.loads(json.dumps(purpose))
    found = read_or_make(folder / "purpose.json", lambda: wanted)
    if found != wanted:
        other = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
        raise DatasetError(
            f"The folder was begun with another {', '.join(other)}. Name another folder."
        )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock until the block ends; the kernel frees it when its holder is killed.

    Who finds it held waits, and says so in the log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("Another process works in the folder %s. Waiting for it.", folder.name)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, as `locked`, for a command whose user named the folder.

    Raises:
        DatasetError: It cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
    except OSError as error:
        raise DatasetError(
            f"The folder {folder.name} cannot be written to: {disk_reason(error)}. Name another."
        ) from error
    with locked(folder):
        yield
