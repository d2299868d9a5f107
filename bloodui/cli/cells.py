"""The cells of field pictures and what a model says of each: a record a picture, or a row a cell.

A file that cannot be read becomes a record with an error, and the others go on. Without a model for
cells they are found and measured, and not named.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import cv2
import numpy as np

from bloodui.batch.inputs import Item, inputs_of
from bloodui.batch.record import ReadFailure, failure_of
from bloodui.batch.words import counted as counted_of
from bloodui.cli.read import INTENDED_USE, STOPPED, stoppable, tell_left_out
from bloodui.errors import CommandError
from bloodui.inventory import DEFAULT_CELL_MODEL, cell_models, installed_in
from bloodui.render.differential_words import (
    blast_words,
    error_limits_in_words,
    left_out_in_words,
    share_in_words,
)
from bloodui.settings import Settings, networks_in
from models.bundle.folder import find_bundle
from models.cells.count import CountedCell, Differential, counted_cells, differential
from models.cells.count_error import ModelError, model_error_of
from models.cells.cut import cell_square
from models.cells.read import CellReading, FieldReading, read_field, require_cell_model
from models.errors import BlooduiError
from models.files import disk_reason, write_file
from models.finding.find import Cell, FoundCells, find_cells
from models.finding.morphology import SHOWN
from models.image.micrograph import FIELD_LIMITS, Micrograph, read_micrograph
from models.rate import Rate
from models.table_cell import as_cell

if TYPE_CHECKING:
    from models.answer.ensemble import Ensemble
    from models.answer.runtime import Model

_PICTURE_PX = 128
_FIELD_COLUMNS = ("path", "sha256", "width_px", "height_px", "um_per_px", "scale_told_by")
_CELL_COLUMNS = ("number", "x", "y", "w", "h", "nucleus_x", "nucleus_y", "nucleus_w", "nucleus_h")
_ANSWER = ("class", "model_class", "probability", "decision")
_LAST_COLUMNS = ("is_cut_off", *SHOWN, "picture", "error_code", "error_message")
_READ = ("model", "is_declined")
CSV_COLUMNS = (*_FIELD_COLUMNS, *_CELL_COLUMNS, *_LAST_COLUMNS, *_READ, *_ANSWER)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reader:
    """A model that reads cells, and how often it takes one kind for another.

    Attributes:
        model: Whatever reads cells.
        error: None where its card does not tell.
    """

    model: Model | Ensemble
    error: ModelError | None

    def count(self, cells: Iterable[CountedCell]) -> Differential:
        """The differential of cells that it named."""
        return differential(cells, classes=self.model.manifest.classes, error=self.error)


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldRecord:
    """What was found in one file.

    Attributes:
        path: As it was given, or found in a folder that was given.
        micrograph, cells: None where the file could not be read.
        reading, counts: What the model said; None without a model, or where there are no cells.
        pictures: Names of the pictures that were written, by number of the cell.
        failure: None where all went well.
    """

    path: str
    micrograph: Micrograph | None = None
    cells: FoundCells | None = None
    reading: FieldReading | None = None
    counts: Differential | None = None
    pictures: dict[int, str]
    failure: ReadFailure | None = None

    def to_dict(self) -> dict[str, Any]:
        """The record in JSON's own types; every record has the same keys."""
        found, reading = self.cells, self.reading
        answers = {each.cell.number: each for each in reading.cells} if reading else {}
        return {
            "path": self.path,
            "sha256": self.micrograph.sha256 if self.micrograph else None,
            "width_px": found.width_px if found else None,
            "height_px": found.height_px if found else None,
            "um_per_px": found.scale.um_per_px if found else None,
            "scale_told_by": found.scale.told_by if found else None,
            "scale_n": found.scale.n if found else None,
            "n_cells": len(found.whole) if found else None,
            "n_cut_off": len(found.cells) - len(found.whole) if found else None,
            "cells": [self._cell(cell) | _answer(answers.get(cell.number)) for cell in found.cells]
            if found
            else [],
            "notes": list(self.micrograph.notes) if self.micrograph else [],
            "error": vars(self.failure).copy() if self.failure else None,
            "model": reading.manifest.id if reading else None,
            "is_declined": reading.is_declined if reading else None,
            "quality": list(reading.quality.reasons) if reading else [],
            "counts": _counts(self.counts) if self.counts else None,
        }

    def to_rows(self) -> Iterator[dict[str, str]]:
        """A row of CSV for each cell, one alone for a field without any; safe in spreadsheets."""
        record = self.to_dict()
        of_field = {key: record[key] for key in (*_FIELD_COLUMNS, *_READ)}
        of_field |= {f"error_{key}": value for key, value in (record["error"] or {}).items()}
        for cell in record["cells"] or [{}]:
            nucleus = {f"nucleus_{key}": value for key, value in cell.get("nucleus", {}).items()}
            row = of_field | cell | nucleus | cell.get("measures", {})
            yield {key: as_cell(row.get(key)) for key in CSV_COLUMNS}

    def _cell(self, cell: Cell) -> dict[str, Any]:
        return {
            "number": cell.number,
            **_box(cell.box),
            "nucleus": _box(cell.nucleus_box),
            "is_cut_off": cell.is_cut_off,
            "measures": {name: _rounded(getattr(cell.morphology, name)) for name in SHOWN},
            "picture": self.pictures.get(cell.number),
        }


def add_cells(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options to a command line."""
    cells = commands.add_parser(
        "cells",
        help="write which nucleated cells are in smear fields, their kinds, measures and counts",
        description="Writes one record for each field, with its counts and their limits (jsonl), "
        "or a row for each cell (csv). Cells that the edge cuts are marked and not counted. "
        f"{INTENDED_USE}",
        epilog="Exit status: 0 every image was read, 1 some had an error, 2 nothing was done, "
        f"{STOPPED} it was stopped.",
    )
    cells.add_argument(
        "--model",
        metavar="ID",
        help=f"of the model that names the cells ({DEFAULT_CELL_MODEL}, or the first installed one "
        "that reads cells; without any, cells are found and not named)",
    )
    cells.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="%(default)s")
    cells.add_argument(
        "--gallery", type=Path, metavar="DIR", help="write a picture of each cell there, as PNG"
    )
    cells.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="image, folder or ZIP archive"
    )


def cells(
    request: argparse.Namespace, roots: Sequence[Path], settings: Settings, records: TextIO
) -> int:
    """Find and read the cells of what was asked for; answer with the exit status.

    Args:
        request: With the options of `add_cells`.
        roots: Folders of bundles.
        records: Where records go.

    Raises:
        CommandError: There is nothing to read.
        BundleError: There is no such model.
        CellModelError: The model does not read cells.
    """
    from tqdm import tqdm

    if request.gallery:
        request.gallery.mkdir(parents=True, exist_ok=True)
    found = inputs_of(request.paths)
    tell_left_out(found, command="cells")
    if not found.items:
        raise CommandError("These folders are empty. Give others, or the paths of images.")
    _say(INTENDED_USE)
    reader = _reader(request.model, roots, settings)
    write = cells_writer(request.format, records)
    n_failed = 0
    counted: list[CountedCell] = []
    seen: set[str] = set()
    n_again = 0
    n_declined = 0
    n_read = 0
    with stoppable("cells") as stop:
        for item in tqdm(found.items, unit="image", file=sys.stderr, disable=None):
            if stop.is_set():
                break
            record = read_cells(item, reader, gallery_dir=request.gallery)
            n_read += 1
            n_failed += record.failure is not None
            write(record)
            records.flush()
            if record.reading is None or record.micrograph is None:
                continue
            if record.reading.is_declined:
                n_declined += 1
                continue
            if record.micrograph.sha256 in seen:
                n_again += 1
                continue
            seen.add(record.micrograph.sha256)
            counted += counted_cells(record.reading)
    if n_declined:
        _say(f"Declined, not good enough, and in no count: {counted_of(n_declined, 'field')}.")
    if n_again:
        which = "1 field was" if n_again == 1 else f"{n_again:,} fields were"
        once = "it counts once" if n_again == 1 else "each counts once"
        _say(f"{which} given again, the same file; {once}.")
    if reader is not None and len(seen) > 1:
        for line in _in_words(reader.count(counted), len(seen)):
            _say(line)
    if n_failed:
        where = "error" if request.format == "jsonl" else "error_message"
        _say(f"{n_failed:,} of {counted_of(n_read, 'file')} had an error; see {where}.")
    if n_read < len(found.items):
        _say(
            f"Stopped after {n_read:,} of {counted_of(len(found.items), 'file')}; the rest is not "
            "read."
        )
        return STOPPED
    return 1 if n_failed else 0


def read_cells(
    item: Item, reader: Reader | None = None, *, gallery_dir: Path | None = None
) -> FieldRecord:
    """The cells of the field in a file, or why there are none.

    Args:
        reader: What names the cells; they are found and measured without it.
        gallery_dir: An existing folder for a picture of each cell, named after the image's hash
            and the cell's number, never after the file; without it, none is made.
    """
    try:
        micrograph = read_micrograph(item.read(), FIELD_LIMITS)
        reading = read_field(micrograph, reader.model) if reader else None
    except (BlooduiError, OSError) as error:
        return FieldRecord(path=item.name, pictures={}, failure=failure_of(error))
    cells = reading.found if reading else find_cells(micrograph.rgb, um_per_px=micrograph.um_per_px)
    pictures: dict[int, str] = {}
    failure = None
    try:
        if gallery_dir is not None:
            for cell in cells.cells:
                pictures[cell.number] = _write_picture(micrograph, cells, cell, gallery_dir)
    except OSError as error:
        failure = ReadFailure(
            code="picture_not_written",
            message=f"A cell's picture cannot be written: {disk_reason(error)}. "
            "Give another folder.",
        )
    counts = None
    if reader is not None and reading is not None and not reading.is_declined:
        counts = reader.count(counted_cells(reading))
    return FieldRecord(
        path=item.name,
        micrograph=micrograph,
        cells=cells,
        reading=reading,
        counts=counts,
        pictures=pictures,
        failure=failure,
    )


def _reader(model_id: str | None, roots: Sequence[Path], settings: Settings) -> Reader | None:
    """The model that was asked for, or the installed one; None, and a word on it, without any."""
    from models.answer.loading import load_answerer

    if model_id is None:
        installed = cell_models(installed_in(roots).models)
        if not installed:
            _say("No model that reads cells is installed: cells are found, and not named.")
            return None
        bundle = installed[0].directory
        _say(f"Read by {installed[0].manifest.id}.")
    else:
        bundle = find_bundle(model_id, roots)
    model = load_answerer(bundle, cache=networks_in(settings.state))
    require_cell_model(model.manifest)
    return Reader(model=model, error=model_error_of(model.card, model.manifest.classes))


def _in_words(counted: Differential, n_fields: int) -> Iterator[str]:
    """What was counted in all fields together, in lines."""
    yield (
        f"In {n_fields:,} fields together: {counted.n_white:,} white cells. That is a differential "
        "only if these are fields of one patient."
    )
    for kind in counted.kinds:
        if not kind.n:
            continue
        words = f"{kind.name}: {kind.n:,}"
        if not counted.is_mostly_unnamed:
            words += f", {share_in_words(kind)}; with the model's error "
            words += error_limits_in_words(kind)
        yield words
    yield from filter(None, (left_out_in_words(counted), " ".join(blast_words(counted))))


def _say(line: str) -> None:
    print(f"python -m bloodui cells: {line}", file=sys.stderr, flush=True)


def _answer(reading: CellReading | None) -> dict[str, Any]:
    """What the model said of a cell, the same keys where it said nothing.

    It names the cell only where it answers; the class that it put first is there in any case.
    """
    if reading is None:
        return dict.fromkeys(_ANSWER)
    return {
        "class": reading.top_class if reading.decision == "answered" else None,
        "model_class": reading.top_class,
        "probability": _rounded(reading.probability),
        "decision": reading.decision,
    }


def _counts(counted: Differential) -> dict[str, Any]:
    """A differential in JSON's own types; shares and limits from 0 to 1."""
    return {
        "n_white": counted.n_white,
        "kinds": {
            kind.name: {
                "n": kind.n,
                **_limits(kind.share),
                "with_error": None if kind.with_error is None else list(kind.with_error),
            }
            for kind in counted.kinds
        },
        "erythroblasts": {"n": counted.n_erythroblasts}
        | _limits(counted.erythroblasts_per_100, name="per_100_white"),
        "n_other": counted.n_other,
        "n_abstained": counted.n_abstained,
        "n_outside": counted.n_outside,
        "is_mostly_unnamed": counted.is_mostly_unnamed,
        "blasts_in_words": list(blast_words(counted)),
    }


def _limits(rate: Rate | None, *, name: str = "share") -> dict[str, float | None]:
    """A share with its exact limits, not known without a white cell."""
    return {
        name: None if rate is None else rate.value,
        "low": None if rate is None else rate.low,
        "high": None if rate is None else rate.high,
    }


def cells_writer(format_name: str, records: TextIO) -> Callable[[FieldRecord], None]:
    """What writes a record to a stream, as a line of JSON or as rows of CSV under one head."""

    def write_line(record: FieldRecord) -> None:
        line = json.dumps(record.to_dict(), ensure_ascii=False, allow_nan=False)
        records.write(line + "\n")

    if format_name == "jsonl":
        return write_line
    table = csv.DictWriter(records, CSV_COLUMNS, lineterminator="\n")
    table.writeheader()
    return lambda record: table.writerows(record.to_rows())


def _write_picture(micrograph: Micrograph, cells: FoundCells, cell: Cell, folder: Path) -> str:
    """Write the square around a cell as PNG, whole or not at all; answer with its name."""
    square = cell_square(
        micrograph.rgb,
        cell.nucleus_box,
        side_px=_PICTURE_PX,
        background=np.array(cells.light, np.float32),
    )
    png = cv2.imencode(".png", cv2.cvtColor(square, cv2.COLOR_RGB2BGR))[1].tobytes()
    name = f"{micrograph.sha256[:16]}-{cell.number:04d}.png"
    write_file(folder / name, png)
    return name


def _box(box: tuple[int, int, int, int]) -> dict[str, int]:
    return dict(zip(("x", "y", "w", "h"), box, strict=True))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
