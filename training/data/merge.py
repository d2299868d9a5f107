"""One index of several, for tasks whose classes come from several releases."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from models.table_cell import as_cell
from training.data.adapt import COLUMNS, write_index
from training.data.index import read_index
from training.data.index_rows import read_rows
from training.errors import DatasetError


def merge_indexes(indexes: Sequence[Path], out: Path) -> int:
    """Write the rows of several indexes into one; paths are rewritten to be beside it.

    Args:
        indexes: Index CSVs.
        out: The new index; every image must lie in its folder or below.

    Returns:
        The number of images.

    Raises:
        DatasetError: An index can't be read, an image lies elsewhere or stands in two indexes.
    """
    home = out.resolve().parent
    seen: set[str] = set()
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for index in indexes:
        records = read_index(index).records  # refuses missing columns and files
        rows = read_rows(index.read_bytes())
        for record, row in zip(records, rows, strict=True):
            path = _beside(record.path, home)
            if path in seen:
                raise DatasetError(f"The image {path} is listed twice. Drop one of its lines.")
            seen.add(path)
            mask = _beside(record.mask.resolve(), home) if record.mask else ""
            cells = {**row.cells, "path": path, "mask": mask}
            table.writerow({key: as_cell(cell) for key, cell in cells.items()})
    write_index(out, text.getvalue())
    return len(seen)


def _beside(path: Path, home: Path) -> str:
    if not path.is_relative_to(home):
        raise DatasetError(
            "An image lies neither in the new index's folder nor below it. "
            "Write the index into a folder that holds all the releases."
        )
    return path.relative_to(home).as_posix()
