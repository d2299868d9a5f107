"""The square around a nucleus has a fixed multiple of its size, and white paper."""

from __future__ import annotations

import numpy as np
import pytest

from models.cells.cut import cell_square

PAPER = (200, 210, 180)


def field() -> np.ndarray:
    rgb = np.full((200, 300, 3), PAPER, np.uint8)
    rgb[80:120, 100:150] = (90, 40, 140)
    return rgb


def test_the_square_is_so_many_times_the_longer_side_of_the_nucleus() -> None:
    square = cell_square(field(), (100, 80, 50, 40), multiple=2.0, side_px=100)
    assert square.shape == (100, 100, 3)
    is_nucleus = square[..., 1] < 120
    ys, xs = np.nonzero(is_nucleus)
    assert (xs.min(), xs.max() + 1) == (25, 75)
    assert (ys.min(), ys.max() + 1) == (30, 70)


def test_the_background_becomes_one_light_grey() -> None:
    square = cell_square(field(), (100, 80, 50, 40))
    assert square.shape == (128, 128, 3)
    assert square[0, 0].tolist() == [240, 240, 240]
    blue = cell_square(field(), (100, 80, 50, 40), background=np.array([240, 240, 120]))
    assert blue[0, 0].tolist() == [200, 210, 255]


@pytest.mark.parametrize("corner", [(0, 0), (280, 0), (0, 180), (280, 180)])
def test_beyond_the_field_lies_background(corner: tuple[int, int]) -> None:
    square = cell_square(field(), (*corner, 20, 20), side_px=36)
    assert (square == 240).all()


def test_a_black_picture_stays_black() -> None:
    assert not cell_square(np.zeros((50, 50, 3), np.uint8), (10, 10, 20, 20)).any()
