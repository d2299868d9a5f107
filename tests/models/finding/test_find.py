"""Every nucleated cell of a field is found once: touching ones apart, the lobes of one together."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.cell_finding import SETS, Tally, count, truths
from drawn.smears import DrawnSmear, draw
from models.finding.field import _spans
from models.finding.find import FoundCells, find_cells
from models.image.micrograph import read_micrograph

PAPER = (235, 232, 228)
RED_CELL = (205, 150, 140)
CYTOPLASM = (190, 175, 215)
NUCLEUS = (95, 50, 140)
UM_PER_PX = 0.2
LYMPHOCYTE_PX = 19
"""Radius of a lymphocyte's nucleus, 3.8 µm."""


def paper(width_px: int = 500, height_px: int = 400) -> np.ndarray:
    return np.full((height_px, width_px, 3), PAPER, np.uint8)


def disc(
    rgb: np.ndarray, x: int, y: int, radius_px: int, colour: tuple[int, int, int] = NUCLEUS
) -> None:
    cv2.circle(rgb, (x, y), radius_px, colour, -1, cv2.LINE_AA)


def lymphocyte(rgb: np.ndarray, x: int, y: int) -> None:
    disc(rgb, x, y, LYMPHOCYTE_PX + 5, CYTOPLASM)
    disc(rgb, x, y, LYMPHOCYTE_PX)


def granulocyte(rgb: np.ndarray, x: int, y: int) -> None:
    """Three lobes that don't touch, in one cytoplasm."""
    disc(rgb, x, y, 34, CYTOPLASM)
    for dx, dy in ((-14, -8), (14, -8), (0, 15)):
        disc(rgb, x + dx, y + dy, 10)


def seen(rgb: np.ndarray) -> np.ndarray:
    """As a lens shows it: no edge is sharp."""
    return cv2.GaussianBlur(rgb, (0, 0), 1.0)


def found_in(rgb: np.ndarray, um_per_px: float | None = UM_PER_PX) -> FoundCells:
    return find_cells(seen(rgb), um_per_px=um_per_px)


def centres(cells: FoundCells) -> list[tuple[int, int]]:
    return [(round(cell.centre[0]), round(cell.centre[1])) for cell in cells.cells]


def assert_at(cells: FoundCells, places: list[tuple[int, int]], *, within_px: float = 4) -> None:
    assert len(cells.cells) == len(places), centres(cells)
    for x, y in places:
        away = [np.hypot(cell.centre[0] - x, cell.centre[1] - y) for cell in cells.cells]
        assert min(away) <= within_px, (x, y, centres(cells))


def test_each_cell_is_found_with_its_box_and_outline() -> None:
    rgb = paper()
    places = [(80, 80), (300, 120), (200, 300)]
    for x, y in places:
        lymphocyte(rgb, x, y)
    cells = found_in(rgb)
    assert_at(cells, places)
    assert [cell.number for cell in cells.cells] == [1, 2, 3]
    for cell in cells.cells:
        x, y = cell.centre
        assert np.allclose(cell.nucleus_box[2:], 2 * LYMPHOCYTE_PX, atol=5)
        assert np.allclose(cell.box[2:], 2 * LYMPHOCYTE_PX + 10, atol=7)
        assert cv2.pointPolygonTest(cell.outline, (x, y), False) > 0
        assert not cell.outline.flags.writeable
        assert not cell.is_cut_off


def test_touching_cells_are_parted() -> None:
    rgb = paper()
    places = [(100, 200), (136, 200), (250, 100), (250, 137), (287, 137)]
    for x, y in places:
        disc(rgb, x, y, LYMPHOCYTE_PX)
    assert_at(found_in(rgb), places)


def test_the_lobes_of_one_nucleus_are_one_cell() -> None:
    rgb = paper()
    granulocyte(rgb, 120, 120)
    granulocyte(rgb, 320, 220)
    cells = found_in(rgb)
    assert_at(cells, [(120, 120), (320, 220)])
    assert [cell.morphology.lobes for cell in cells.cells] == [3, 3]
    assert all(len(cell.nucleus_outlines) == 3 for cell in cells.cells)


def test_two_round_lobes_in_one_round_cell_are_one_cell() -> None:
    rgb = paper()
    disc(rgb, 200, 200, 42, CYTOPLASM)
    disc(rgb, 200, 180, 17)
    disc(rgb, 200, 221, 17)
    assert_at(found_in(rgb), [(200, 200)])


def test_a_cell_that_the_edge_cuts_is_marked_and_not_counted() -> None:
    rgb = paper()
    lymphocyte(rgb, 4, 200)
    lymphocyte(rgb, 250, 395)
    lymphocyte(rgb, 250, 200)
    cells = found_in(rgb)
    assert len(cells.cells) == 3
    assert [cell.centre[0] for cell in cells.whole] == pytest.approx([250], abs=2)


def test_a_cell_on_the_seam_of_tiles_is_found_once() -> None:
    rgb = paper(1500, 300)
    places = [(x, y) for y in (90, 210) for x in range(60, 1450, 83)]
    for x, y in places:
        lymphocyte(rgb, x, y)
    assert_at(found_in(rgb), places)


def test_specks_and_red_cells_are_no_cells() -> None:
    rgb = paper()
    for x in range(40, 480, 60):
        disc(rgb, x, 60, 18, RED_CELL)
        disc(rgb, x, 130, 5)
        cv2.line(rgb, (x, 300), (x + 30, 340), NUCLEUS, 2)
    assert found_in(rgb).cells == ()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_in_an_even_picture_there_are_no_cells(level: int) -> None:
    cells = find_cells(np.full((90, 120, 3), level, np.uint8))
    assert cells.cells == ()
    assert cells.scale.um_per_px is None
    assert (cells.width_px, cells.height_px) == (120, 90)


def test_red_cells_tell_the_scale() -> None:
    rgb = paper(600, 500)
    lymphocyte(rgb, 300, 250)
    for x in range(40, 580, 75):
        for y in (50, 130, 380, 450):
            disc(rgb, x, y, 18, RED_CELL)
    scale = found_in(rgb, um_per_px=None).scale
    assert scale.told_by == "red cells"
    assert scale.n >= 20
    assert scale.um_per_px == pytest.approx(0.2, rel=0.25)


@pytest.mark.parametrize("side_px", [1024, 1025, 1500, 2049, 3072, 4001])
def test_windows_for_the_scale_never_lie_over_one_another(side_px: int) -> None:
    spans = _spans(side_px)
    assert spans[0][0] == 0
    assert spans[-1][1] == side_px
    assert all(400 < end - start <= 1024 for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_a_red_cell_counts_once_however_large_the_field_is() -> None:
    rgb = paper(1100, 1100)
    for x in (80, 200, 320):
        disc(rgb, x, 150, 21)
    disc(rgb, 450, 450, 18, RED_CELL)
    assert found_in(rgb, um_per_px=None).scale.told_by == "nuclei"


def test_without_red_cells_nuclei_tell_the_scale() -> None:
    rgb = paper()
    for x in (80, 200, 320):
        disc(rgb, x, 150, 21)
    scale = found_in(rgb, um_per_px=None).scale
    assert scale.told_by == "nuclei"
    assert scale.um_per_px == pytest.approx(0.2, rel=0.2)


def test_what_the_file_says_of_its_scale_is_believed() -> None:
    rgb = paper()
    lymphocyte(rgb, 200, 200)
    cells = found_in(rgb, um_per_px=0.15)
    assert (cells.scale.told_by, cells.scale.um_per_px) == ("file", 0.15)
    assert cells.cells[0].morphology.nucleus_area_um2 == pytest.approx(
        np.pi * (LYMPHOCYTE_PX * 0.15) ** 2, rel=0.2
    )


def test_a_finer_picture_of_the_same_field_has_the_same_cells() -> None:
    rgb = paper()
    lymphocyte(rgb, 100, 100)
    granulocyte(rgb, 300, 200)
    small = found_in(rgb)
    large = find_cells(
        cv2.resize(seen(rgb), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC),
        um_per_px=UM_PER_PX / 3,
    )
    assert_at(large, [(300, 300), (900, 600)], within_px=9)
    for one, other in zip(small.cells, large.cells, strict=True):
        assert np.allclose(np.array(one.box) * 3, other.box, atol=12)
        assert one.morphology.area_um2 == pytest.approx(other.morphology.area_um2, rel=0.1)


def test_the_share_that_is_done_is_announced() -> None:
    told: list[float] = []
    find_cells(paper(1500, 900), um_per_px=UM_PER_PX, announce=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def whole_cells(smear: DrawnSmear) -> dict[int, np.ndarray]:
    """The drawn cells that don't touch the edge and aren't mostly hidden, as masks."""
    kept = {}
    for number in np.unique(smear.cell_numbers[smear.cell_numbers > 0]):
        mask = smear.cell_numbers == number
        at_edge = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        if not at_edge and (mask & smear.nucleus_mask).sum() >= 60:
            kept[int(number)] = mask
    return kept


def test_nearly_all_cells_of_drawn_smears_are_found_once() -> None:
    n_drawn, n_found = 0, 0
    for label, seed in (("Early", 1), ("Pre", 1), ("Pro", 0), ("Benign", 2)):
        smear = draw(label, seed=seed, size_px=448)
        cells = find_cells(smear.rgb).cells
        hit = [int(smear.cell_numbers[int(c.centre[1]), int(c.centre[0])]) for c in cells]
        whole = whole_cells(smear)
        n_drawn += len(whole)
        n_found += len(whole.keys() & set(hit))
        assert len(hit) - len(set(hit)) <= 1, f"{label}: one cell found as several"
    assert n_drawn >= 40
    assert n_found >= 0.95 * n_drawn


@pytest.mark.parametrize("name", SETS)
def test_white_cells_of_real_fields_are_found(data_dir: Path, name: str) -> None:
    tally = Tally()
    for truth in truths(data_dir, name)[:8:2]:
        count(truth, find_cells(read_micrograph(truth.path.read_bytes()).rgb), tally)
    assert tally.found >= 4
    assert (tally.missed, tally.beyond) == (0, 0), tally.words


@pytest.mark.parametrize("radius_px", [15, 19, 24])
@pytest.mark.parametrize("overlap_px", [0, 1, 2])
@pytest.mark.parametrize("turn", [0.0, 0.5])
def test_three_nuclei_that_touch_in_a_triangle_are_three(
    radius_px: int, overlap_px: int, turn: float
) -> None:
    rgb = paper()
    lymphocyte(rgb, 60, 60)
    away = (2 * radius_px - overlap_px) / np.sqrt(3)
    angles = turn + np.arange(3) * 2 * np.pi / 3
    places = [
        (round(280 + away * np.cos(angle)), round(200 + away * np.sin(angle))) for angle in angles
    ]
    for x, y in places:
        disc(rgb, x, y, radius_px)
    assert_at(found_in(rgb), [(60, 60), *places], within_px=radius_px / 2)


def test_a_nucleus_with_three_shallow_bays_is_one() -> None:
    rgb = paper()
    disc(rgb, 200, 200, 33)
    for angle in np.arange(3) * 2 * np.pi / 3:
        x, y = round(200 + 37 * np.cos(angle)), round(200 + 37 * np.sin(angle))
        disc(rgb, x, y, 7, CYTOPLASM)
    assert_at(found_in(rgb), [(200, 200)])
