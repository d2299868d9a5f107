"""Resize and crop: what part of the original a picture covers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.preprocessing import Step, apply_steps, picture_steps
from tests.models.preprocessing.drawn import disc


def resize(size_px: int, fit: str) -> Step:
    return Step(name="resize", parameters={"size_px": size_px, "fit": fit})


def test_stretch_covers_the_whole_picture() -> None:
    rgb = np.zeros((60, 90, 3), np.uint8)
    picture = picture_steps(rgb, [resize(48, "stretch")])[-1]
    assert picture.rgb.shape == (48, 48, 3)
    assert picture.region == (0.0, 0.0, 90.0, 60.0)


def test_centre_crop_keeps_the_middle_square_undistorted() -> None:
    rgb = np.full((60, 100, 3), 255, np.uint8)
    rgb[disc((60, 100), (50, 30), 20)] = (90, 40, 140)
    picture = picture_steps(rgb, [resize(120, "centre_crop")])[-1]
    assert picture.region == (20.0, 0.0, 80.0, 60.0)
    box = cv2.boundingRect((picture.rgb[..., 0] < 170).astype(np.uint8))
    assert box[2] == pytest.approx(82, abs=2)
    assert box[3] == pytest.approx(82, abs=2)


def test_centre_crop_of_a_tall_picture_loses_top_and_bottom() -> None:
    rgb = np.zeros((100, 60, 3), np.uint8)
    rgb[20:80] = 200
    picture = picture_steps(rgb, [resize(60, "centre_crop")])[-1]
    assert picture.region == (0.0, 20.0, 60.0, 80.0)
    assert (picture.rgb == 200).all()


def test_letterbox_keeps_the_shape_and_reaches_outside_of_the_original() -> None:
    rgb = np.full((50, 100, 3), (230, 220, 210), np.uint8)
    rgb[disc((50, 100), (50, 25), 20)] = (90, 40, 140)
    picture = picture_steps(rgb, [resize(200, "letterbox")])[-1]
    assert picture.region == (0.0, -25.0, 100.0, 75.0)
    box = cv2.boundingRect((picture.rgb[..., 0] < 160).astype(np.uint8))
    assert box[2] == pytest.approx(box[3], abs=1)


@pytest.mark.parametrize("edge", [(230, 220, 210), (0, 0, 0)])
def test_letterbox_bars_have_the_colour_of_the_pictures_edge(edge: tuple[int, int, int]) -> None:
    rgb = np.full((40, 80, 3), edge, np.uint8)
    rgb[10:30, 20:60] = (90, 40, 140)
    boxed = apply_steps(rgb, [resize(80, "letterbox")])
    assert (boxed[:20] == edge).all()
    assert (boxed[60:] == edge).all()


def test_shrinking_averages_and_does_not_skip_pixels() -> None:
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    rgb = np.repeat(checks[..., np.newaxis], 3, axis=2).astype(np.uint8)
    small = apply_steps(rgb, [resize(16, "stretch")])
    assert np.abs(small.astype(int) - 128).max() <= 1


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for fit in ("stretch", "letterbox", "centre_crop"):
        assert np.array_equal(apply_steps(rgb, [resize(64, fit)]), rgb)


def test_a_strip_is_resized_without_a_huge_picture_between() -> None:
    strip = np.full((16, 30_000, 3), 200, np.uint8)
    for fit in ("stretch", "letterbox", "centre_crop"):
        assert (apply_steps(strip, [resize(2048, fit)]) == 200).all()


def test_black_borders_are_cropped_to_the_bounding_box() -> None:
    rgb = np.zeros((80, 120, 3), np.uint8)
    rgb[20:50, 30:101] = (0, 0, 11)
    picture = picture_steps(rgb, [Step(name="crop_black_borders")])[-1]
    assert picture.rgb.shape == (30, 71, 3)
    assert picture.region == (30.0, 20.0, 101.0, 50.0)
    assert picture.rgb.any(axis=2).all()


def test_the_noise_of_a_jpeg_does_not_count_as_content() -> None:
    rgb = np.random.default_rng(1).integers(0, 11, (60, 60, 3), dtype=np.uint8)
    rgb[25:35, 5:45] = 90
    picture = picture_steps(rgb, [Step(name="crop_black_borders")])[-1]
    assert picture.region == (5.0, 25.0, 45.0, 35.0)


def test_the_margin_ends_where_the_picture_ends() -> None:
    rgb = np.zeros((40, 40, 3), np.uint8)
    rgb[2:20, 15:25] = 200
    step = Step(name="crop_black_borders", parameters={"margin_px": 5})
    assert picture_steps(rgb, [step])[-1].region == (10.0, 0.0, 30.0, 25.0)


def test_a_picture_that_is_black_all_over_is_not_cropped_away() -> None:
    rgb = np.zeros((40, 50, 3), np.uint8)
    assert picture_steps(rgb, [Step(name="crop_black_borders")])[-1].rgb.shape == (40, 50, 3)


def test_the_middle_is_cut_out_in_the_pictures_own_shape() -> None:
    rgb = np.zeros((100, 200, 3), np.uint8)
    rgb[25:75, 50:150] = 255
    picture = picture_steps(rgb, [Step(name="crop_centre", parameters={"share": 0.5})])[-1]
    assert picture.rgb.shape == (50, 100, 3)
    assert (picture.rgb == 255).all()
    assert picture.region == (50.0, 25.0, 150.0, 75.0)


@pytest.mark.parametrize("fit", ["stretch", "letterbox", "centre_crop"])
def test_a_point_found_after_crop_and_resize_is_at_its_place_in_the_original(fit: str) -> None:
    rgb = np.zeros((150, 210, 3), np.uint8)
    rgb[31:121, 43:163] = 120  # the content: 120 × 90
    rgb[70:75, 110:115] = 255  # the dot: its centre is at (112.5, 72.5)
    steps = (
        Step(name="crop_black_borders", parameters={"margin_px": 3}),
        Step(name="resize", parameters={"size_px": 224, "fit": fit}),
        Step(name="median_denoise"),
        Step(name="resize", parameters={"size_px": 97, "fit": "centre_crop"}),
    )
    picture = picture_steps(rgb, steps)[-1]
    weight = np.clip(picture.rgb[..., 0].astype(float) - 140, 0, None)
    rows, columns = np.indices(weight.shape)
    x = float(((columns + 0.5) * weight).sum() / weight.sum())
    y = float(((rows + 0.5) * weight).sum() / weight.sum())
    assert picture.to_original(x, y) == pytest.approx((112.5, 72.5), abs=0.6)
    whole_x, whole_y = (int(value) for value in picture.to_original(x, y))
    assert rgb[whole_y, whole_x].tolist() == [255, 255, 255]


def test_regions_of_two_crops_add_up() -> None:
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[20:90, 30:80] = 20
    rgb[40:60, 50:70] = 200
    steps = (
        Step(name="crop_black_borders"),
        Step(name="crop_black_borders", parameters={"level": 30}),
    )
    first, second = picture_steps(rgb, steps)[1:]
    assert first.region == (30.0, 20.0, 80.0, 90.0)
    assert second.region == (50.0, 40.0, 70.0, 60.0)
