"""A drawn field holds the cells that were asked for, where it says, and nothing else nucleated."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from drawn.errors import DrawingError
from drawn.fields import DRAWN_KINDS, UM_PER_PX, DrawnField, draw_cells
from models.cells.count import KINDS
from models.finding.find import find_cells

NUCLEATED = [kind for kind in DRAWN_KINDS if kind != "other"]


@pytest.fixture(scope="module")
def field() -> DrawnField:
    return draw_cells([*NUCLEATED, *NUCLEATED, "blast", "other"], seed=4)


def test_it_draws_every_kind_that_cells_are_counted_by() -> None:
    assert set(DRAWN_KINDS) == set(KINDS)


def test_every_cell_lies_where_it_says(field: DrawnField) -> None:
    assert Counter(cell.kind for cell in field.cells)["blast"] == 3
    for cell in field.cells:
        x, y = (round(each) for each in cell.centre)
        assert field.at(x, y) is cell
        mask = field.cell_numbers == cell.number
        if cell.kind == "other":
            assert not mask.any()
            continue
        assert mask[y, x]
        assert mask.sum() == pytest.approx(np.pi * cell.radius_px**2, rel=0.25)
    assert set(np.unique(field.cell_numbers)) == {0} | {
        cell.number for cell in field.cells if cell.kind != "other"
    }


def test_each_is_found_once_and_nothing_else(field: DrawnField) -> None:
    found = find_cells(field.rgb, um_per_px=UM_PER_PX)
    hit = [field.at(*cell.centre) for cell in found.cells]
    numbers = [cell.number for cell in hit if cell is not None]
    assert len(numbers) == len(hit)
    assert sorted(numbers) == [cell.number for cell in field.cells if cell.kind != "other"]
    assert len(found.whole) == len(found.cells)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    first, same, other = (draw_cells(["blast", "monocyte"], seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.rgb, same.rgb)
    assert not np.array_equal(first.rgb, other.rgb)
    assert not first.rgb.flags.writeable


@pytest.mark.parametrize(
    ("kinds", "seed"), [([], 0), (["platelet"], 0), (["blast"] * 1001, 0), (["blast"], -1)]
)
def test_what_cannot_be_drawn_is_refused(kinds: list[str], seed: int) -> None:
    with pytest.raises(DrawingError, match="Expected 1 to 1000 kinds"):
        draw_cells(kinds, seed=seed)


@pytest.mark.slow
def test_a_field_of_500_cells_has_them_all() -> None:
    field = draw_cells([NUCLEATED[number % 8] for number in range(500)], seed=3)
    found = find_cells(field.rgb, um_per_px=UM_PER_PX).cells
    hit = {cell.number for each in found if (cell := field.at(*each.centre))}
    assert len(found) == len(hit) == 500
