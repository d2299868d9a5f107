"""From a downloaded release to an index CSV beside it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import DatasetError
from training.datasets.adapters import FoundImage, adapter, detect
from training.datasets.index import ImageRecord
from training.datasets.inspection import ImageFacts, Unreadable, inspect
from training.datasets.report import DataReport, report_on

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
AUTOMATIC = "auto"
"""The kind of a release that is told from its layout."""


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """A release that now has an index.

    Attributes:
        kind: Name of the adapter.
        index: The index CSV.
        skipped: Files that the layout gives no label, by their paths in the index's folder, each
            with the reason.
        report: What is to be known of the images.
    """

    kind: str
    index: Path
    skipped: tuple[tuple[str, str], ...]
    report: DataReport


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
        raise DatasetError("Expected a folder of images, received no such folder.")
    home = out.resolve().parent
    if not folder.resolve().is_relative_to(home):
        raise DatasetError(
            "Expected the images in the index's folder or below it, received them elsewhere. "
            f"Write the index beside the images: --out {folder / 'index.csv'}."
        )
    chosen = detect(folder) if kind == AUTOMATIC else adapter(kind)
    found = chosen.read(folder)
    dataset = chosen.dataset or found.dataset
    records = tuple(_record(image, home, dataset) for image in found.images)
    facts = inspect(records)
    report = report_on(records, facts)
    n_labels = len(report.counts.get(dataset, {}))
    if n_labels < 2:
        raise DatasetError(
            f"Expected readable images of at least two classes, received {report.n_images} of "
            f"{n_labels}. Check the download and the kind ({chosen.name})."
        )
    _write(out, found.images, records, facts)
    return Adapted(
        kind=chosen.name,
        index=out,
        skipped=tuple((_name(path, home), reason) for path, reason in found.skipped),
        report=report,
    )


def write_index(out: Path, text: str) -> None:
    """Write an index CSV, whole or not at all. Raises DatasetError where there is no room."""
    temporary = out.with_name(f".{out.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, out)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DatasetError(
            f"Expected to write the index, received: {error.strerror}. "
            "Make room, or write it where you may."
        ) from error


def _record(image: FoundImage, home: Path, dataset: str) -> ImageRecord:
    return ImageRecord(
        path=image.path.resolve(),
        name=_name(image.path, home),
        dataset=dataset,
        label=image.label,
        group=image.group,
    )


def _name(path: Path, home: Path) -> str:
    try:
        return path.resolve().relative_to(home).as_posix()
    except ValueError:
        raise DatasetError(
            f"Expected files that lie in the folder, received a link that leaves it ({path.name}). "
            "Copy the file into the folder."
        ) from None


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
                (
                    record.name, record.dataset, record.label, image.group, image.group_kind,
                    fact.width, fact.height, "", image.note, fact.sha256,
                )
            )  # fmt: skip
    write_index(out, text.getvalue())
