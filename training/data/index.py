"""An index of images: which file shows what, and whom it comes from."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from models.files import disk_reason
from training.data.index_rows import Row, read_rows
from training.errors import DatasetError

_REQUIRED = ("path", "dataset", "label")
_MOST_LABELS = 12  # that fit no class, in one sentence
# Data sets of the people of another one, under the names that they have there: jhu_cells holds
# further cells of the patients of jhu_aml (Sidhom et al. 2021).
_PEOPLE_OF = MappingProxyType({"jhu_cells": "jhu_aml"})


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
    def person(self) -> str:
        """The patient, subject, case or slide, told from one of the same name in another release;
        "" where it is unknown.
        """
        release = _PEOPLE_OF.get(self.dataset, self.dataset)
        return f"{release}/{self.group}" if self.group else ""

    @property
    def file_number(self) -> int | None:
        """The running number in the file's name, or None where it has none."""
        found = re.findall(r"\d+", Path(self.name).stem)
        return int(max(found, key=len)) if found else None

    @property
    def file_numbers(self) -> tuple[int, ...]:
        """Every number in the file's name, in the order in which they stand there."""
        return tuple(int(number) for number in re.findall(r"\d+", Path(self.name).stem))

    def read_bytes(self) -> bytes:
        """The bytes of its file. Raises DatasetError where it cannot be read."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise self.unreadable(f"{disk_reason(error)}.") from error

    def unreadable(self, reason: str) -> DatasetError:
        """The error of an image that cannot be read; `reason` is a sentence."""
        return DatasetError(
            f"The image {self.name} of the index cannot be read: {reason} "
            "Repair the file or drop its line from the index."
        )


@dataclass(frozen=True, kw_only=True)
class DatasetIndex:
    """The images of an index CSV, where it lies, and the hash of the CSV itself."""

    path: Path
    records: tuple[ImageRecord, ...]
    sha256: str

    def find(self, name: str) -> ImageRecord:
        """The image that the index calls so. Raises DatasetError where it lists none."""
        for record in self.records:
            if record.name == name:
                return record
        raise DatasetError(f"The index lists no image {name!r}. Index the folder again.")


def read_index(path: Path) -> DatasetIndex:
    """Read an index CSV, as `read_rows` reads it; paths in it are relative to it.

    Raises:
        DatasetError: The file is missing, is no table that can be read, has no rows, lacks a
            column, or lists a path or a mask that leaves its folder, or a path that is not there.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            raise DatasetError(
                "The index is a folder or a device, and no file. Give the path of an index.csv."
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = disk_reason(error) if isinstance(error, OSError) else "no path has a NUL in it"
        raise DatasetError(
            f"The index cannot be read: {reason}. Give the path of an index.csv."
        ) from error
    rows = read_rows(data)
    if not rows:
        raise DatasetError("The index lists no image. Add rows to it.")
    missing = [column for column in _REQUIRED if column not in rows[0].cells]
    if missing:
        raise DatasetError(
            f"The index lacks the columns {', '.join(missing)} of {', '.join(_REQUIRED)}. "
            "Add them to the header."
        )
    root = path.parent.resolve()
    records = tuple(_record(root, row) for row in rows)
    return DatasetIndex(path=path, records=records, sha256=hashlib.sha256(data).hexdigest())


def select_classes(
    records: Sequence[ImageRecord], selectors: Mapping[str, Sequence[str]]
) -> tuple[tuple[ImageRecord, int], ...]:
    """The images of each class, as (record, class number) in the order of the records.

    Args:
        records: Every image known.
        selectors: For each class the "dataset/label" pairs that belong to it; "*" stands for
            any dataset.

    Raises:
        DatasetError: A class has no image, an image fits two classes, or fits one but for
            capitals, blanks or accents.
    """
    wanted = _wanted(selectors)
    chosen = []
    for record in records:
        number_or_none = _class_of(record, wanted)
        if number_or_none is not None:
            chosen.append((record, number_or_none))
    if len(chosen) < len(records):
        _refuse_other_spellings(records, wanted)
    present = {number for _, number in chosen}
    for number, name in enumerate(selectors):
        if number not in present:
            raise DatasetError(
                f'The index has no images of class "{name}". It must hold one of: '
                f"{', '.join(selectors[name])}."
            )
    return tuple(chosen)


def left_over(records: Sequence[ImageRecord], selectors: Mapping[str, Sequence[str]]) -> str:
    """How many images fit no class, and which labels they have; "" where every one fits.

    Args:
        records, selectors: As of `select_classes`.
    """
    wanted = _wanted(selectors)
    numbers = Counter(
        f"{record.dataset}/{record.label}" if record.label else f"{record.dataset}, no label"
        for record in records
        if _class_of(record, wanted) is None
    )
    if not numbers:
        return ""
    told = [f"{label} {number:,}" for label, number in numbers.most_common()]
    return (
        f"{numbers.total():,} of {len(records):,} rows of the index fit no class and are left out: "
        f"{_first(told)}."
    )


def _first(told: Sequence[str]) -> str:
    """The first labels of a list, and how many there are more."""
    more = f" and {len(told) - _MOST_LABELS} more labels" if len(told) > _MOST_LABELS else ""
    return ", ".join(told[:_MOST_LABELS]) + more


def _wanted(selectors: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], int]:
    """The class number of each pair of data set and label."""
    wanted: dict[tuple[str, str], int] = {}
    for number, (name, pairs) in enumerate(selectors.items()):
        for pair in pairs:
            dataset, _, label = pair.partition("/")
            if wanted.setdefault((dataset, label), number) != number:
                raise DatasetError(
                    f'"{pair}" is in two classes ("{name}" is one). Take it out of one class.'
                )
    return wanted


def _class_of(record: ImageRecord, wanted: Mapping[tuple[str, str], int]) -> int | None:
    return wanted.get((record.dataset, record.label), wanted.get(("*", record.label)))


def plain(label: str) -> str:
    """A label without capitals, without blanks too many, and with accents written in one way."""
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def _refuse_other_spellings(
    records: Sequence[ImageRecord], wanted: Mapping[tuple[str, str], int]
) -> None:
    """Refuse rows that would fit a class, were they spelt as it is. Raises DatasetError."""
    folded = {(plain(dataset), plain(label)): label for dataset, label in wanted}
    pairs = Counter(
        (record.dataset, record.label) for record in records if _class_of(record, wanted) is None
    )
    told, n_rows = [], 0
    for (dataset, label), number in pairs.items():
        meant = folded.get((plain(dataset), plain(label)), folded.get(("*", plain(label))))
        if meant is not None:
            told.append(f"{dataset}/{label} {number} (the class has {meant})")
            n_rows += number
    if told:
        raise DatasetError(
            f"{n_rows} of {len(records)} rows of the index fit a class but for capitals, blanks or "
            f"accents: {_first(told)}. Write data set and label as the recipe's task does, or "
            "give the label another name."
        )


def _record(root: Path, row: Row) -> ImageRecord:
    name, file = _inside(root, row, "path")
    if file is None:
        raise DatasetError(
            f"The image {name} of line {row.line} is not there. Put the image there or drop the "
            "line."
        )
    has_mask = bool(row.cells.get("mask", "").strip())
    mask_name, mask = _inside(root, row, "mask") if has_mask else ("", None)
    return ImageRecord(
        path=file,
        name=name,
        dataset=row.cells["dataset"].strip(),
        label=row.cells["label"].strip(),
        group=row.cells.get("group", "").strip(),
        mask=mask or (root / mask_name if mask_name else None),
        sha256=row.cells.get("sha256", "").strip().lower(),
    )


def _inside(root: Path, row: Row, column: str) -> tuple[str, Path | None]:
    """A path of the index as it is spelt on this machine, and the file, or None where there is
    none. Raises DatasetError where the path leads out of the index's folder.
    """
    given = row.cells[column]
    if not given.strip():
        raise DatasetError(f"Line {row.line} of the index names no image. Give its path.")
    for name in _spellings(given):
        try:
            file = (root / name).resolve()
            is_inside = file.is_relative_to(root)
            is_there = is_inside and file.is_file()
        except (OSError, RuntimeError) as error:  # too long a name, or links in a circle
            reason = disk_reason(error) if isinstance(error, OSError) else "links in a circle"
            raise DatasetError(
                f"The {column} on line {row.line} cannot be followed: {reason}. "
                "Correct it, or drop the line."
            ) from error
        if not is_inside:
            raise DatasetError(
                f"The {column} {given!r} on line {row.line} leads out of the index's folder. "
                "Write paths relative to the index."
            )
        if is_there:
            return name, file
    return _spellings(given)[-1], None


def _spellings(name: str) -> tuple[str, ...]:
    """How a path may be spelt: as it is, without blanks around it, as another system joins folders,
    and accents as a Mac or as others write them; each once.
    """
    slashes = name.strip().replace("\\", "/")
    forms = (unicodedata.normalize(form, slashes) for form in ("NFC", "NFD"))
    return tuple(dict.fromkeys((name, name.strip(), *forms, slashes)))
