"""From a downloaded release to an index CSV beside it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.files import disk_reason, write_file
from models.folder_files import files_below
from models.table_cell import as_cell
from training.data.adapters import Found, FoundImage, adapter, detect
from training.data.adapters.adapter import list_pictures
from training.data.file_facts import ImageFacts
from training.data.index import ImageRecord
from training.data.inspection import Unreadable, inspect
from training.errors import DatasetError

COLUMNS = (
    "path",
    "dataset",
    "label",
    "group",
    "group_kind",
    "width",
    "height",
    "mask",
    "note",
    "sha256",
)
_MOST_NAMES = 5  # of what is not read, in one sentence
AUTOMATIC = "auto"
"""The kind of a release that is told from its layout."""


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """A release that now has an index.

    Attributes:
        kind: Name of the adapter.
        index: The index CSV.
        skipped: Everything in the folder that is not in the index and is no unreadable image, by
            its path in the index's folder, each with the reason.
        notes: Sentences on what was taken for a group, or for no class.
        records: The images of the release, the unreadable ones too.
        facts: What `inspect` found of each, in the same order.
    """

    kind: str
    index: Path
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    records: tuple[ImageRecord, ...]
    facts: tuple[ImageFacts | Unreadable, ...]


def adapt(folder: Path, out: Path, *, kind: str = AUTOMATIC) -> Adapted:
    """Read a release as it was downloaded and write its index.

    Files that are no readable image are reported and left out of the index. The index is
    replaced whole or not at all.

    Args:
        folder: What the release was unpacked into.
        out: The index CSV; the images must lie in its folder or below.
        kind: Key of ADAPTERS, or "auto" to tell it from the layout.

    Raises:
        DatasetError: The folder is not there or not laid out so, holds one class alone or no
            readable image, lies elsewhere than the index, or the index cannot be written.
    """
    if not folder.is_dir():
        raise DatasetError("There is no such folder of images. Give another path.")
    home = out.resolve().parent
    folder = folder.resolve()
    if not folder.is_relative_to(home):
        raise DatasetError(
            "The images lie neither in the index's folder nor below it. "
            f"Write the index beside the images: --out {folder / 'index.csv'}."
        )
    try:
        chosen = detect(folder) if kind == AUTOMATIC else adapter(kind)
        found = chosen.read(folder)
    except DatasetError as error:
        raise DatasetError(f"{error}{_what_is_not_read(folder)}") from error
    dataset = chosen.dataset or found.dataset
    records = tuple(_record(image, home, dataset) for image in found.images)
    facts = inspect(records)
    labels = [
        record.label
        for record, fact in zip(records, facts, strict=True)
        if isinstance(fact, ImageFacts)
    ]
    n_labels = len(set(labels))
    if n_labels < chosen.least_labels:
        least = "two classes" if chosen.least_labels > 1 else "one class"
        raise DatasetError(
            f"A data set needs readable images of at least {least}, and {len(labels)} images "
            f"of {n_labels} were found. Check the download and the kind ({chosen.name})."
        )
    skipped = _left_out(folder, found, chosen.layout)
    _write(out, found.images, records, facts)
    return Adapted(
        kind=chosen.name,
        index=out,
        skipped=tuple(
            (os.fsencode(path.relative_to(home)).decode("utf-8", "replace"), reason)
            for path, reason in skipped
            if path != out.resolve()
        ),
        notes=found.notes,
        records=records,
        facts=facts,
    )


def write_index(out: Path, text: str) -> None:
    """Write an index CSV, whole or not at all. Raises DatasetError where there is no room."""
    try:
        write_file(out, text.encode("utf-8"))
    except OSError as error:
        raise DatasetError(
            f"The index cannot be written: {disk_reason(error)}. "
            "Make room, or write it where you may."
        ) from error


def _record(image: FoundImage, home: Path, dataset: str) -> ImageRecord:
    return ImageRecord(
        path=image.path.resolve(),
        name=image.path.relative_to(home).as_posix(),
        dataset=dataset,
        label=image.label,
        group=image.group,
    )


def _what_is_not_read(folder: Path) -> str:
    """Hidden folders and links in a folder, which may be why it has no images; "" for none."""
    told = [
        f"{each.path.relative_to(folder)}, {each.reason}" for each in files_below(folder).left_out
    ]
    if not told:
        return ""
    more = f"; and {len(told) - _MOST_NAMES} more" if len(told) > _MOST_NAMES else ""
    return f" Not read were: {'; '.join(told[:_MOST_NAMES])}{more}."


def _left_out(folder: Path, found: Found, layout: str) -> list[tuple[Path, str]]:
    """Everything in a folder that an adapter did not take, in the order of paths."""
    listing = list_pictures(folder)
    reasons = dict(listing.left_out)
    reasons |= dict.fromkeys(
        listing.pictures,
        f"it lies in no folder that this kind reads ({layout}); index its folder by itself, and "
        "merge the two",
    )
    reasons |= dict(found.skipped)
    for image in found.images:
        reasons.pop(image.path, None)
    return sorted(reasons.items())


def _write(
    out: Path,
    images: Sequence[FoundImage],
    records: Sequence[ImageRecord],
    facts: Sequence[ImageFacts | Unreadable],
) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for image, record, fact in zip(images, records, facts, strict=True):
        if isinstance(fact, ImageFacts):
            table.writerow(
                as_cell(cell)
                for cell in (
                    record.name,
                    record.dataset,
                    record.label,
                    image.group,
                    image.group_kind,
                    fact.width,
                    fact.height,
                    "",
                    image.note,
                    fact.sha256,
                )
            )
    write_index(out, text.getvalue())
