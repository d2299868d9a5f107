"""Files that commands leave: texts, tables, records and arrays, whole or not at all; and locks."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import DatasetError


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all; its folder is made where it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as .npy, whole or not at all; its folder is made where it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.stem}.part.npy")
    np.save(temporary, array, allow_pickle=False)
    os.replace(temporary, path)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV, whole or not at all; the columns are those of any row, in order."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_or_make(path: Path, make: Callable[[], Any]) -> Any:
    """What is stored at a path as JSON, or what `make` gives, which is stored there."""
    if not path.is_file():
        write_json(path, make())
    return json.loads(path.read_text(encoding="utf-8"))


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
            f"Expected a new folder or one begun with the same {', '.join(other)}, received one "
            "begun with another. Name another folder."
        )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock until the block ends; the kernel frees it when its holder is killed."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
