"""The square around a nucleus shows a cell alike at every scale; the balance takes tints away."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.preprocessing import Step, apply_steps, picture_steps
from models.preprocessing.nucleus import balanced, nucleus_box, square_around
from tests.models.preprocessing.drawn import BACKGROUND, NUCLEUS, RED_CELL, Mask, Rgb, disc

CYTOPLASM = (190, 170, 215)
SQUARE = Step(name="nucleus_square", parameters={"size_px": 128, "multiple": 1.8})
BALANCE = Step(name="white_balance", parameters={"level": 240})


def cell(side: int = 240, centre: tuple[int, int] = (120, 120), radius: int = 40) -> Rgb:
    """A cell among red cells: cytoplasm of half as much radius again around a round nucleus."""
    rgb = np.full((side, side, 3), BACKGROUND, np.uint8)
    for x in range(20, side, 70):
        rgb[disc((side, side), (x, 25), 20)] = RED_CELL
    rgb[disc((side, side), centre, radius * 3 // 2)] = CYTOPLASM
    rgb[disc((side, side), centre, radius)] = NUCLEUS
    return rgb


def is_nucleus(rgb: Rgb) -> Mask:
    return np.asarray(rgb[..., 0] < 140)


@pytest.mark.parametrize(("side", "radius"), [(240, 40), (120, 20), (480, 80), (300, 24)])
def test_a_nucleus_takes_the_same_room_whatever_the_scale(side: int, radius: int) -> None:
    framed = apply_steps(cell(side, (side // 2, side // 2), radius), [SQUARE])
    assert framed.shape == (128, 128, 3)
    _, _, w, h = cv2.boundingRect(is_nucleus(framed).astype(np.uint8))
    assert w == pytest.approx(128 / 1.8, abs=4)
    assert h == pytest.approx(128 / 1.8, abs=4)


def test_the_square_says_where_in_the_original_it_lies() -> None:
    rgb = cell(centre=(100, 140))
    picture = picture_steps(rgb, [SQUARE])[-1]
    assert picture.region == pytest.approx((100 - 72, 140 - 72, 100 + 72, 140 + 72), abs=4)
    assert picture.to_original(64, 64) == pytest.approx((100, 140), abs=3)


def test_of_two_nuclei_the_one_in_the_middle_is_framed() -> None:
    rgb = cell(radius=30)
    rgb[disc((240, 240), (205, 205), 30)] = NUCLEUS
    box = nucleus_box(rgb)
    assert box == pytest.approx((90, 90, 151, 151), abs=3)


def test_a_nucleus_is_parted_from_one_that_touches_it_at_the_edge() -> None:
    rgb = cell(radius=40)
    rgb[disc((240, 240), (196, 120), 38)] = NUCLEUS
    box = nucleus_box(rgb)
    assert box is not None
    assert box[2] - box[0] == pytest.approx(81, abs=8)
    assert (box[0] + box[2]) / 2 == pytest.approx(120, abs=6)


def test_lobes_of_one_nucleus_are_framed_together() -> None:
    rgb = cell(radius=1)
    for centre in ((100, 108), (120, 134), (141, 109)):
        rgb[disc((240, 240), centre, 15)] = NUCLEUS
    box = nucleus_box(rgb)
    assert box == pytest.approx((85, 93, 157, 150), abs=4)


def test_a_square_that_reaches_outside_is_filled_with_background() -> None:
    rgb = cell(centre=(120, 200), radius=30)
    framed = square_around(rgb, (90.0, 170.0, 150.0, 230.0), size_px=120, multiple=3.0).rgb
    assert (framed[-30:] == BACKGROUND).all()
    assert is_nucleus(framed)[60, 60]


def test_a_cell_cut_out_on_black_is_framed_and_its_black_becomes_background() -> None:
    rgb = np.zeros((240, 240, 3), np.uint8)
    rgb[disc((240, 240), (120, 120), 60)] = (150, 90, 160)
    rgb[disc((240, 240), (120, 120), 40)] = NUCLEUS
    framed = picture_steps(rgb, [BALANCE, SQUARE])
    assert (framed[1].rgb[:20, :20] == 240).all()
    assert is_nucleus(framed[2].rgb)[64, 64]
    left, top, right, bottom = framed[2].region
    assert left < 60
    assert top < 60
    assert right > 180
    assert bottom > 180


def test_a_picture_without_a_nucleus_is_framed_whole() -> None:
    rgb = np.full((90, 150, 3), BACKGROUND, np.uint8)
    picture = picture_steps(rgb, [SQUARE])[-1]
    assert nucleus_box(rgb) is None
    assert picture.region == (0.0, -30.0, 150.0, 120.0)
    assert (picture.rgb == BACKGROUND).all()


@pytest.mark.parametrize("tint", [(1.0, 1.0, 1.0), (1.0, 0.9, 0.7), (0.8, 0.95, 1.0)])
def test_the_tint_of_lamp_and_camera_goes_away(tint: tuple[float, float, float]) -> None:
    tinted = np.rint(cell() * np.array(tint)).astype(np.uint8)
    plain, found = apply_steps(cell(), [BALANCE]), apply_steps(tinted, [BALANCE])
    assert (found[200:, 200:] == 240).all()
    assert np.abs(found.astype(int) - plain).max() <= 3


def test_an_unknown_light_changes_nothing() -> None:
    assert np.array_equal(balanced(cell(), np.zeros(3), level=240), cell())


def test_a_field_and_a_picture_of_one_cell_give_the_same_square() -> None:
    """Of a field the light is measured once; what the model sees must not differ."""
    field = np.full((600, 600, 3), BACKGROUND, np.uint8)
    field[200:440, 200:440] = cell()
    box = nucleus_box(cell())
    assert box is not None
    moved = (box[0] + 200, box[1] + 200, box[2] + 200, box[3] + 200)
    from_field = square_around(field, moved, size_px=128, multiple=1.8).rgb
    from_field = balanced(from_field, np.array(BACKGROUND, np.float32), level=240)
    alone = apply_steps(cell(), [BALANCE, SQUARE])
    assert np.abs(from_field.astype(int) - alone).max() <= 1  # rounded before or after scaling
