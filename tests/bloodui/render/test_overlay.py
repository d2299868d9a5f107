"""The map lies where the model looked, and is drawn as strong as it is."""

import cv2
import numpy as np
import pytest

from bloodui.render.overlay import (
    blend,
    contour_lines,
    heat_rgba,
    place_map,
)
from tests.bloodui.map_checks import PASSED


def _spot(size: int, x: int, y: int, radius: int = 6) -> np.ndarray:
    spot = np.zeros((size, size), np.float32)
    cv2.circle(spot, (x, y), radius, 1.0, -1)
    return spot


def test_map_of_a_stretched_picture_peaks_at_the_same_place_of_the_original() -> None:
    placed = place_map(
        _spot(100, 25, 75), (0, 0, 400, 200), width_px=400, height_px=200, check=PASSED
    )
    x, y = placed.peak
    assert x == pytest.approx(100, abs=30)
    assert y == pytest.approx(150, abs=15)


def test_map_of_a_centre_crop_lies_inside_the_crop_alone() -> None:
    placed = place_map(
        _spot(100, 50, 50), (100, 0, 300, 200), width_px=400, height_px=200, check=PASSED
    )
    assert placed.region == (100, 0, 300, 200)
    x, y = placed.peak
    assert 185 < x < 215
    assert 85 < y < 115


def test_bars_of_a_letterbox_are_cut_off_the_map() -> None:
    # A 400 × 200 image in a square: bars of 100 px above and below.
    values = np.zeros((100, 100), np.float32)
    values[:20] = 1.0
    placed = place_map(values, (0, -100, 400, 300), width_px=400, height_px=200, check=PASSED)
    assert placed.region == (0, 0, 400, 200)
    assert placed.values.max() == 0


def test_overlay_is_clear_where_the_map_is_low_and_covers_where_it_peaks() -> None:
    rgba = heat_rgba(np.array([[0.0, 0.5, 1.0]], np.float32), opacity=0.6, is_doubtful=False)
    assert rgba[0, 0, 3] == 0
    assert 0 < rgba[0, 1, 3] < rgba[0, 2, 3] == round(0.6 * 255)


def test_contour_runs_round_the_half_of_the_map_that_is_high() -> None:
    placed = place_map(
        _spot(64, 20, 40, 8), (0, 0, 640, 640), width_px=640, height_px=640, check=PASSED
    )
    (line,) = contour_lines(placed)
    assert np.array_equal(line[0], line[-1])
    distances = np.hypot(line[:, 0] - 205, line[:, 1] - 405)
    assert distances.min() > 65
    assert distances.max() < 105


def test_empty_map_has_no_contour_and_leaves_the_image_as_it_is() -> None:
    rgb = np.full((50, 60, 3), 200, np.uint8)
    placed = place_map(
        np.zeros((8, 8), np.float32), (0, 0, 60, 50), width_px=60, height_px=50, check=PASSED
    )
    assert contour_lines(placed) == ()
    assert np.array_equal(blend(rgb, placed, opacity=1.0, contour=True), rgb)


def test_blend_changes_the_image_under_the_map_and_not_far_from_it() -> None:
    rgb = np.full((200, 200, 3), 120, np.uint8)
    placed = place_map(
        _spot(50, 10, 10, 4), (0, 0, 200, 200), width_px=200, height_px=200, check=PASSED
    )
    drawn = blend(rgb, placed, opacity=0.8, contour=False)
    assert np.abs(drawn[42, 42].astype(int) - 120).max() > 40
    assert (drawn[120:, 120:] == 120).all()
    assert (rgb == 120).all()


@pytest.mark.parametrize("region", [(0, 0, 37, 53), (-8, 0, 45, 53), (3.4, 7.7, 30.2, 41.1)])
def test_blend_fits_regions_of_any_shape(region: tuple[float, float, float, float]) -> None:
    rgb = np.zeros((53, 37, 3), np.uint8)
    placed = place_map(
        np.ones((64, 64), np.float32), region, width_px=37, height_px=53, check=PASSED
    )
    drawn = blend(rgb, placed, opacity=1.0, contour=True)
    assert drawn.shape == rgb.shape
    assert drawn.any()
