"""One index of several, for tasks whose classes come from several releases."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from models.errors import DatasetError
from training.datasets.adapt import COLUMNS, write_index
from training.datasets.index import read_index


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
        rows = csv.DictReader(index.read_text(encoding="utf-8-sig").splitlines())
        for record, row in zip(records, rows, strict=True):
            path = _beside(record.path, home)
            if path in seen:
                raise DatasetError(f"Expected each image once, received {path} twice. Drop one.")
            seen.add(path)
            mask = _beside(record.mask.resolve(), home) if record.mask else ""
            table.writerow({**row, "path": path, "mask": mask})
    write_index(out, text.getvalue())
    return len(seen)


def _beside(path: Path, home: Path) -> str:
    if not path.is_relative_to(home):
        raise DatasetError(
            "Expected every image in the new index's folder or below it, received one elsewhere. "
            "Write the index into a folder that holds all the releases."
        )
    return path.relative_to(home).as_posix()
