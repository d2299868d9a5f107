"""Records as tables: CSV that is safe in a spreadsheet, and Parquet with numbers as numbers.

Rows pass through one after the other: a table takes no more memory for having more of them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from bloodui.batch.record import columns
from models.bundle.manifest import Manifest
from models.files import file_beside
from models.table_cell import as_cell

GROUP_COLUMN = "duplicate_group"
"""The number of the group of likely duplicates that a file is in, from 1."""
_ROWS_AT_ONCE = 1_000
_NUMBERS = ("p_", "q_", "domain_distance", "domain_limit")

Row = dict[str, Any]


def with_groups(rows: Iterable[Row], groups: Iterable[Iterable[int]]) -> Iterator[Row]:
    """The rows with the number of their group.

    Args:
        rows: Of `bloodui.batch.record.row_of`.
        groups: Of likely duplicates, by the place of their rows.
    """
    number_of = {place: n for n, group in enumerate(groups, start=1) for place in group}
    for place, row in enumerate(rows):
        yield row | {GROUP_COLUMN: number_of.get(place)}


def write_csv(file: TextIO, rows: Iterable[Row], manifest: Manifest) -> None:
    """Write rows as CSV.

    Args:
        file: Open for writing, and leaves ends of lines as they are.
    """
    table = csv.DictWriter(file, (*columns(manifest), GROUP_COLUMN), lineterminator="\n")
    table.writeheader()
    table.writerows({name: as_cell(value) for name, value in row.items()} for row in rows)


def write_parquet(file: Path | Any, rows: Iterable[Row], manifest: Manifest) -> None:
    """Write rows as Parquet.

    Args:
        file: A path, or what is open for writing bytes.
    """
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {
        name: pa.float64() if name.startswith(_NUMBERS) else pa.string()
        for name in columns(manifest)
    }
    schema = pa.schema([*kinds.items(), (GROUP_COLUMN, pa.int64())])
    left = iter(rows)
    with parquet.ParquetWriter(file, schema) as writer:
        while some := list(islice(left, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema=schema))


def write_table(path: Path, rows: Iterable[Row], manifest: Manifest) -> None:
    """Write rows whole or not at all, in the form that the path's ending names."""
    with file_beside(path) as temporary:
        if path.suffix == ".parquet":
            write_parquet(temporary, rows, manifest)
        else:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                write_csv(file, rows, manifest)
