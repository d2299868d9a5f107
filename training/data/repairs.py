"""What can be mended in an index by a rule: each repair writes a new index beside the old one."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from models.table_cell import as_cell
from training.data.adapt import write_index
from training.data.index import DatasetIndex, ImageRecord
from training.data.index_rows import read_rows
from training.data.inspection import Unreadable, inspect
from training.data.splits import BLOCK
from training.errors import DatasetError

_Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """A new index, and what differs in it from the old one, which stays as it is."""

    index: Path
    done: str


@dataclass(frozen=True, kw_only=True)
class Repair:
    """A repair, by what it does to the rows of an index.

    Attributes:
        title: What it does, for a button.
        suffix: Behind the old index's name in the new one's.
        rows: The new rows of these, and what was done in a sentence; "" where that is nothing.
    """

    title: str
    suffix: str
    rows: Callable[[Sequence[tuple[ImageRecord, _Row]]], tuple[list[_Row], str]]


def repair_index(index: DatasetIndex, name: str) -> Repaired:
    """Write a repaired index beside an index; no file is overwritten and none deleted.

    Args:
        index: The old one.
        name: Key of REPAIRS.

    Raises:
        DatasetError: There is nothing to repair, or the new index cannot be written.
    """
    repair = REPAIRS[name]
    cells = [dict(row.cells) for row in read_rows(index.path.read_bytes())]
    rows, done = repair.rows(list(zip(index.records, cells, strict=True)))
    if not done:
        raise DatasetError("There is nothing to repair in this index. Check it again.")
    columns = dict.fromkeys(column for row in rows for column in row if column)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(map(as_cell, columns))
    table.writerows([as_cell(row.get(column, "")) for column in columns] for row in rows)
    out = _free_name(index.path, repair.suffix)
    write_index(out, text.getvalue())
    return Repaired(index=out, done=done)


def _without_copies(rows: Sequence[tuple[ImageRecord, _Row]]) -> tuple[list[_Row], str]:
    """Of files that are the same to the byte and have one label, the first alone stays."""
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for record, row in rows:
        same = (hashlib.sha256(record.read_bytes()).hexdigest(), record.dataset, record.label)
        if same not in seen:
            seen.add(same)
            kept.append(row)
    n_dropped = len(rows) - len(kept)
    return kept, _dropped(n_dropped, rows, "copies of others")


def _without_unreadable(rows: Sequence[tuple[ImageRecord, _Row]]) -> tuple[list[_Row], str]:
    facts = inspect([record for record, _ in rows])
    kept = [
        row for (_, row), fact in zip(rows, facts, strict=True) if not isinstance(fact, Unreadable)
    ]
    n_dropped = len(rows) - len(kept)
    return kept, _dropped(n_dropped, rows, "files that cannot be read")


def _dropped(n_dropped: int, rows: Sequence[object], what: str) -> str:
    return f"Dropped: {n_dropped:,} of {len(rows):,} rows, {what}." if n_dropped else ""


def _with_blocks(rows: Sequence[tuple[ImageRecord, _Row]]) -> tuple[list[_Row], str]:
    """A block of consecutive file numbers of a label is a group where none is known."""
    changed, groups = [], set()
    n_grouped = 0
    for record, row in rows:
        number = record.file_number
        if record.group or number is None:
            changed.append(row)
            continue
        group = f"{record.label} block {number // BLOCK}"
        groups.add((record.dataset, group))
        n_grouped += 1
        changed.append(row | {"group": group, "group_kind": f"block of {BLOCK} numbers"})
    done = f"{n_grouped:,} images without a group are in {len(groups):,} groups of neighbours."
    return changed, done if n_grouped else ""


def _free_name(index: Path, suffix: str) -> Path:
    """A name beside an index that no file has."""
    number = 1
    while True:
        ending = suffix if number == 1 else f"{suffix}-{number}"
        path = index.with_name(f"{index.stem}-{ending}.csv")
        if not path.exists():
            return path
        number += 1


REPAIRS: Mapping[str, Repair] = MappingProxyType(
    {
        "copies": Repair(title="Drop the copies", suffix="without-copies", rows=_without_copies),
        "unreadable": Repair(
            title="Drop the unreadable files", suffix="readable", rows=_without_unreadable
        ),
        "blocks": Repair(
            title=f"Group blocks of {BLOCK} file numbers", suffix="with-blocks", rows=_with_blocks
        ),
    }
)
