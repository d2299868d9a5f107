"""The table of cells names files, case and reader where that was asked for, and else nobody."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from bloodui.fields.board import ShownField
from bloodui.fields.demo import DEMO
from bloodui.fields.review import Review
from bloodui.fields.table import COLUMNS, Named, cells_csv
from models.answer.loading import load_model
from models.cells.read import read_field
from models.image.micrograph import read_micrograph

NAME = "=HYPERLINK(1).jpg"


@pytest.fixture(scope="module")
def field(tiny_cell_bundle: Path) -> ShownField:
    """A field of BCCD whose file has a name that a spreadsheet would take for a formula."""
    photograph = min(DEMO.glob("*.jpg"))
    reading = read_field(
        read_micrograph(photograph.read_bytes()),
        load_model(tiny_cell_bundle),
        despite_quality=True,
    )
    assert reading.cells
    return ShownField(label="Field 1", key="a", reading=reading, name=NAME)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_names_are_columns_only_where_they_were_asked_for(field: ShownField) -> None:
    without = cells_csv([field], Review())
    assert tuple(rows(without)[0]) == COLUMNS
    assert "HYPERLINK" not in without
    named = rows(cells_csv([field], Review(), named=Named(case="+49 case", reader="Dr Ada")))
    assert tuple(named[0]) == ("file", "case", "reader", *COLUMNS)
    assert len(named) == len(field.reading.cells)
    assert {row["file"] for row in named} == {f"'{NAME}"}
    assert {row["case"] for row in named} == {"'+49 case"}
    assert {row["reader"] for row in named} == {"Dr Ada"}
    left = [{key: row[key] for key in COLUMNS} for row in named]
    assert left == rows(without)
