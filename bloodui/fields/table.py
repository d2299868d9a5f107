"""The cells of a case as a table: a row for each, what the model said of it and the reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloodui.fields.board import ShownField
from bloodui.fields.review import Review
from models.cells.read import CellReading
from models.finding.morphology import SHOWN
from models.table_cell import as_cell

COLUMNS = (
    "field",
    "field_sha256",
    "um_per_px",
    "number",
    "x",
    "y",
    "w",
    "h",
    "is_cut_off",
    "class",
    "named_by",
    "model",
    "model_class",
    "probability",
    "decision",
    *SHOWN,
)
NAMES = ("file", "case", "reader")
"""Columns before the others, where the reader asked for names."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """The names that a reader asked for, beside those of the files.

    Attributes:
        case: What the reader calls the case; "" for nothing.
        reader: The reader's name; "" for nothing.
    """

    case: str
    reader: str


def cells_csv(fields: Sequence[ShownField], review: Review, *, named: Named | None = None) -> str:
    """The table as CSV, safe in spreadsheets.

    A cell that nobody names has no class; one that the edge cuts is marked and not counted.

    Args:
        named: Names to be in it, with those of the files; None for no names at all.
    """
    held = io.StringIO()
    columns = COLUMNS if named is None else (*NAMES, *COLUMNS)
    table = csv.DictWriter(held, columns, lineterminator="\n")
    table.writeheader()
    for field in fields:
        given = review.corrected(field.sha256)
        names = {} if named is None else {"file": field.name, **vars(named)}
        for reading in field.reading.cells:
            row = names | _row(field, reading, given)
            table.writerow({key: as_cell(row[key]) for key in columns})
    return held.getvalue()


def _row(field: ShownField, reading: CellReading, given: Mapping[int, str]) -> dict[str, Any]:
    cell = reading.cell
    x, y, w, h = cell.box
    by_reader = given.get(cell.number)
    by_model = reading.top_class if reading.decision == "answered" else None
    named = by_reader or by_model
    measures = {name: getattr(cell.morphology, name) for name in SHOWN}
    return {
        "field": field.label,
        "field_sha256": field.sha256,
        "um_per_px": field.reading.found.scale.um_per_px,
        "number": cell.number,
        "x": x,
        "y": y,
        "w": w,
        "h": h,
        "is_cut_off": cell.is_cut_off,
        "class": named,
        "named_by": None if named is None else "reader" if by_reader else "model",
        "model": field.reading.manifest.id,
        "model_class": reading.top_class,
        "probability": round(reading.probability, 4),
        "decision": reading.decision,
        **{name: None if each is None else round(each, 4) for name, each in measures.items()},
    }
