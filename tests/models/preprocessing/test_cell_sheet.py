"""A sheet shows the largest cells of a smear, each alike, and nothing else of it."""

from __future__ import annotations

import numpy as np
import pytest

from drawn.fields import draw_cells
from models.errors import StepError
from models.finding.find import find_cells
from models.preprocessing import Step, StepPicture, picture_steps
from models.preprocessing.cell_sheet import EMPTY_LEVEL

SHEET = Step(name="cell_sheet", parameters={"size_px": 288, "per_side": 3})


def sheet_of(rgb: np.ndarray) -> StepPicture:
    return picture_steps(rgb, [SHEET])[-1]


def field(n: int, *, seed: int = 3) -> np.ndarray:
    return np.array(draw_cells(["lymphocyte"] * n, seed=seed).rgb)


def test_the_largest_cells_stand_in_the_tiles_and_the_rest_is_empty() -> None:
    rgb = field(5)
    picture = sheet_of(rgb)
    found = find_cells(rgb)
    areas = sorted((each.morphology.nucleus_area_um2 for each in found.whole), reverse=True)
    assert len(picture.tiles) == len(found.whole) == 5
    for number, tile in enumerate(picture.tiles):
        middle = np.array([(tile[0] + tile[2]) / 2, (tile[1] + tile[3]) / 2])
        boxes = [each.nucleus_box for each in found.whole]
        nearest = min(
            range(5),
            key=lambda n: float(
                np.hypot(*(middle - (boxes[n][0] + boxes[n][2] / 2, boxes[n][1] + boxes[n][3] / 2)))
            ),
        )
        assert found.whole[nearest].morphology.nucleus_area_um2 == areas[number]
        assert picture.rgb[picture.tile(number)].std() > 20
    for number in range(5, 9):
        assert (picture.rgb[picture.tile(number)] == EMPTY_LEVEL).all()


def test_of_many_cells_no_more_are_shown_than_there_are_tiles() -> None:
    assert len(sheet_of(field(20)).tiles) == 9


def test_a_picture_without_cells_is_an_empty_sheet() -> None:
    picture = sheet_of(np.full((200, 300, 3), 235, np.uint8))
    assert picture.is_sheet
    assert picture.tiles == ()
    assert (picture.rgb == EMPTY_LEVEL).all()


def test_what_lies_beside_the_cells_is_not_seen() -> None:
    rgb = field(4)
    picture = sheet_of(rgb)
    marked = rgb.copy()
    marked[:6, :6] = (200, 0, 0)
    assert np.array_equal(sheet_of(marked).rgb, picture.rgb)


def test_a_map_of_the_sheet_lies_where_its_cells_stand() -> None:
    rgb = field(4)
    picture = sheet_of(rgb)
    values = np.zeros(picture.rgb.shape[:2], np.float32)
    values[picture.tile(2)] = 1.0
    placed, region = picture.on_original(values)
    assert region == (0.0, 0.0, rgb.shape[1], rgb.shape[0])
    rows, columns = np.nonzero(placed > 0.5)
    per_px = placed.shape[1] / rgb.shape[1]
    left, top, right, bottom = (per_px * edge for edge in picture.tiles[2])
    assert columns.min() == pytest.approx(max(left, 0), abs=1.5)
    assert columns.max() == pytest.approx(min(right, placed.shape[1]), abs=1.5)
    assert rows.min() == pytest.approx(max(top, 0), abs=1.5)
    assert rows.max() == pytest.approx(min(bottom, placed.shape[0]), abs=1.5)


def test_a_step_that_would_cut_the_tiles_is_refused_behind_a_sheet() -> None:
    with pytest.raises(StepError, match="Put the sheet last"):
        picture_steps(field(3), [SHEET, Step(name="resize", parameters={"size_px": 64})])
    grey = picture_steps(field(3), [SHEET, Step(name="grey")])[-1]
    assert len(grey.tiles) == 3
