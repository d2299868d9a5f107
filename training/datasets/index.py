"""An index of images: which file shows what, and whom it comes from."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import DatasetError

_REQUIRED = ("path", "dataset", "label")


@dataclass(frozen=True, kw_only=True)
class ImageRecord:
    """One image of an index.

    Attributes:
        path: Where the file is, absolute.
        name: The path as the index writes it: what cards and tables call the image.
        dataset, label: The release it comes from and what its authors say it shows.
        group: Patient, subject, case or slide; empty where unknown.
        mask: Path of the cell mask, or None.
        sha256: Hash of the file as the index gives it; empty where it gives none.
    """

    path: Path
    name: str
    dataset: str
    label: str
    group: str = ""
    mask: Path | None = None
    sha256: str = ""

    @property
    def file_number(self) -> int | None:
        """The running number in the file's name, or None where it has none."""
        found = re.findall(r"\d+", Path(self.name).stem)
        return int(max(found, key=len)) if found else None


@dataclass(frozen=True, kw_only=True)
class DatasetIndex:
    """The images of an index CSV, where it lies, and the hash of the CSV itself."""

    path: Path
    records: tuple[ImageRecord, ...]
    sha256: str


def read_index(path: Path) -> DatasetIndex:
    """Read an index CSV; paths in it are relative to it.

    Raises:
        DatasetError: The file is missing, has no rows, lacks a column, or lists a path that
            leaves its folder or that is not there.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"Expected an index CSV, received {error.strerror}. Give the path of an index.csv."
        ) from error
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    if not rows:
        raise DatasetError("Expected an index with images, received none. Add rows to the index.")
    missing = [column for column in _REQUIRED if column not in rows[0]]
    if missing:
        raise DatasetError(
            f"Expected the columns {', '.join(_REQUIRED)}, received an index without "
            f"{', '.join(missing)}. Add them to the header."
        )
    root = path.parent.resolve()
    records = tuple(_record(root, row, line) for line, row in enumerate(rows, start=2))
    return DatasetIndex(path=path, records=records, sha256=hashlib.sha256(data).hexdigest())


def select_classes(
    index: DatasetIndex, selectors: Mapping[str, Sequence[str]]
) -> tuple[tuple[ImageRecord, int], ...]:
    """The images of each class, as (record, class number) in the order of the index.

    Args:
        index: Every image known.
        selectors: For each class the "dataset/label" pairs that belong to it; "*" stands for
            any dataset.

    Raises:
        DatasetError: A class has no image, or an image fits two classes.
    """
    wanted: dict[tuple[str, str], int] = {}
    for number, (name, pairs) in enumerate(selectors.items()):
        for pair in pairs:
            dataset, _, label = pair.partition("/")
            if wanted.setdefault((dataset, label), number) != number:
                raise DatasetError(
                    f'Expected each selector in one class, received "{pair}" in two ("{name}" is '
                    "one). Take it out of one class."
                )
    chosen = []
    for record in index.records:
        number_or_none = wanted.get((record.dataset, record.label), wanted.get(("*", record.label)))
        if number_or_none is not None:
            chosen.append((record, number_or_none))
    present = {number for _, number in chosen}
    for number, name in enumerate(selectors):
        if number not in present:
            raise DatasetError(
                f'Expected images of class "{name}", received none. The index must hold one of: '
                f"{', '.join(selectors[name])}."
            )
    return tuple(chosen)


def _record(root: Path, row: Mapping[str, str], line: int) -> ImageRecord:
    name = (row.get("path") or "").strip()
    file = (root / name).resolve()
    if not name or not file.is_relative_to(root):
        raise DatasetError(
            f"Expected a path inside the index's folder on line {line}, received {name!r}. "
            "Write paths relative to the index."
        )
    if not file.is_file():
        raise DatasetError(
            f"Expected the image of line {line}, received no such file ({name}). "
            "Put the image there or drop the line."
        )
    mask = (row.get("mask") or "").strip()
    return ImageRecord(
        path=file,
        name=name,
        dataset=(row.get("dataset") or "").strip(),
        label=(row.get("label") or "").strip(),
        group=(row.get("group") or "").strip(),
        mask=root / mask if mask else None,
        sha256=(row.get("sha256") or "").strip(),
    )
