"""What the browser is shown of a field: every cell at its place, cut out at its true size."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodui.corrections.correction import MOST_AT_ONCE
from bloodui.fields.board import (
    MOST_CELLS,
    ShownField,
    board,
    field_part,
    longest_px,
    scales_in_words,
    shown_to,
)
from bloodui.fields.review import Review
from drawn.fields import draw_cells
from models.answer.loading import load_model
from models.cells.read import FieldReading, read_field
from models.finding.field import Scale
from models.image.micrograph import micrograph_from_rgb


@pytest.fixture(scope="module")
def reading(tiny_cell_bundle: Path) -> FieldReading:
    field = draw_cells(["blast", "lymphocyte", "neutrophil"] * 3, seed=2)
    # The upper part alone, so that the edge cuts cells.
    half = field.rgb[: int(field.cells[-1].centre[1])]
    micrograph = micrograph_from_rgb(half)
    return read_field(micrograph, load_model(tiny_cell_bundle), despite_quality=True)


def picture(address: str) -> np.ndarray:
    data = base64.b64decode(address.partition(",")[2])
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB))


def test_everything_is_json_and_speaks_of_each_cell_once(reading: FieldReading) -> None:
    fields = [ShownField(label="Field 1", key="a", reading=reading)]
    shown = shown_to("visit", fields, reading.manifest.classes)
    data = board(shown, fields, [field_part(reading, 2048)], reading.manifest, Review())
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert [each["number"] for each in data["cells"]] == [c.cell.number for c in reading.cells]
    assert [each["isCut"] for each in data["cells"]] == [not may for may in shown.may_move]
    assert any(each["isCut"] for each in data["cells"])
    for each, cell in zip(data["cells"], reading.cells, strict=True):
        assert data["classes"][each["top"]]["name"] == cell.top_class
        assert sum(each["probabilities"]) == pytest.approx(1, abs=0.01)
    assert {each["name"] for each in data["classes"] if not each["isCounted"]} == {
        "erythroblast",
        "other",
    }


def test_cells_lie_in_the_middle_of_their_pictures_at_one_scale(reading: FieldReading) -> None:
    part = field_part(reading, 2048)
    sheet = picture(part["sheets"]["field"]["address"])
    per_row = part["sheets"]["field"]["perRow"]
    side = sheet.shape[1] // per_row
    um_per_px = reading.found.scale.um_per_px
    assert um_per_px is not None
    for each, cell in zip(part["cells"], reading.cells, strict=True):
        row, column = divmod(each["place"], per_row)
        own = sheet[row * side : (row + 1) * side, column * side : (column + 1) * side]
        if cell.cell.is_cut_off:
            continue
        x, y, w, h = cell.cell.box
        window = each["sideUm"] / um_per_px
        left, top = x + w / 2 - window / 2, y + h / 2 - window / 2
        nx, ny = cell.cell.centre
        at = round((ny - top) / window * side), round((nx - left) / window * side)
        there = reading.micrograph.rgb[round(ny), round(nx)].astype(float)
        assert np.abs(own[at].astype(float) - there).max() < 60
    assert {each["sideUm"] for each in part["cells"]} >= {22.0}


def test_of_many_fields_each_is_sent_smaller(reading: FieldReading) -> None:
    alone, among = (
        picture(field_part(reading, longest_px(n))["field"]["picture"]) for n in (1, 40)
    )
    longest = max(reading.micrograph.rgb.shape)
    assert max(alone.shape) == min(longest, 2048)
    assert max(among.shape) == min(longest, 900)


def fields_with_scales(reading: FieldReading, *scales: Scale) -> list[ShownField]:
    return [
        ShownField(
            label=f"Field {number}",
            key=str(number),
            reading=replace(reading, found=replace(reading.found, scale=scale)),
        )
        for number, scale in enumerate(scales, start=1)
    ]


def notes_with_scales(reading: FieldReading, *scales: Scale) -> list[str]:
    fields = fields_with_scales(reading, *scales)
    shown = shown_to("visit", fields, reading.manifest.classes)
    parts = [field_part(each.reading, 900) for each in fields]
    told = board(shown, fields, parts, reading.manifest, Review())["fields"]
    return [each["note"] for each in told]


def test_a_field_whose_scale_is_unlike_that_of_the_others_says_so(reading: FieldReading) -> None:
    def told(*scales: float) -> list[bool]:
        found = [Scale(um_per_px=each, told_by="red cells", n=9) for each in scales]
        return ["Its scale is unlike" in note for note in notes_with_scales(reading, *found)]

    assert told(0.06, 0.07, 0.18) == [False, False, True]
    assert told(0.06, 0.18) == [True, True]  # nobody knows which of them is wrong
    assert told(0.06) == [False]
    assert told(0.06, 0.06, 0.06, 0.2, 0.2) == [False, False, False, True, True]
    by_file = Scale(um_per_px=0.06, told_by="file")
    apart = Scale(um_per_px=0.2, told_by="red cells", n=9)
    nothing = Scale(um_per_px=None, told_by="nothing")
    assert "unlike" not in " ".join(notes_with_scales(reading, by_file, apart, nothing))


def test_the_fields_whose_scales_differ_are_named_above_them(reading: FieldReading) -> None:
    fields = fields_with_scales(
        reading, *(Scale(um_per_px=each, told_by="nuclei", n=9) for each in (0.06, 0.07, 0.18))
    )
    assert scales_in_words(fields).startswith("Scales differ (Field 3): ")
    assert scales_in_words(fields[:2]) == ""


def test_all_cells_of_a_page_can_be_kept_at_once() -> None:
    assert MOST_AT_ONCE >= MOST_CELLS
