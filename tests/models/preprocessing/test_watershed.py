"""The watershed parts cells that touch, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from models.preprocessing import Step, apply_steps
from tests.models.preprocessing.drawn import BACKGROUND, NUCLEUS, Mask, Rgb, components, disc, kept

SPLIT = Step(name="watershed_split", parameters={"smooth_px": 1})


def cells(mask: Mask) -> Rgb:
    rgb = np.full((*mask.shape, 3), BACKGROUND, np.uint8)
    rgb[mask] = NUCLEUS
    return rgb


def test_two_touching_discs_become_two_with_a_thin_line_at_the_neck() -> None:
    shape = (120, 200)
    mask = disc(shape, (70, 60), 30) | disc(shape, (122, 60), 30)
    assert components(mask) == 1
    result = kept(apply_steps(cells(mask), [SPLIT]))
    assert components(result) == 2
    lost = mask & ~result
    columns = np.flatnonzero(lost[45:75].any(axis=0))
    assert columns.min() >= 93  # the neck is at x = 96
    assert columns.max() <= 99
    assert (lost.sum(axis=1) <= 2).all()
    assert not (result & ~mask).any()


def test_a_small_cell_is_cut_off_at_the_neck_and_not_through_the_large_one() -> None:
    shape = (140, 200)
    large, small = disc(shape, (70, 70), 45), disc(shape, (127, 70), 18)
    result = kept(apply_steps(cells(large | small), [SPLIT]))
    assert components(result) == 2
    lost = (large | small) & ~result
    columns = np.flatnonzero(lost.any(axis=0))
    assert columns.min() >= 109  # the circles cross at x = 112
    assert columns.max() <= 116


@pytest.mark.parametrize("radius", [6, 15, 50])
def test_a_single_round_cell_stays_whole(radius: int) -> None:
    mask = disc((128, 128), (64, 64), radius)
    assert components(kept(apply_steps(cells(mask), [SPLIT]))) == 1


def test_cells_that_lie_apart_stay_as_they_are() -> None:
    mask = disc((128, 128), (30, 64), 20) | disc((128, 128), (90, 64), 25)
    assert np.array_equal(kept(apply_steps(cells(mask), [SPLIT])), mask)


def test_a_lower_neck_keeps_an_elongated_nucleus_whole() -> None:
    shape = (120, 200)
    mask = disc(shape, (80, 60), 30) | disc(shape, (115, 60), 30)  # the neck: 0.81 of the width
    for neck_share, expected in ((0.95, 2), (0.6, 1)):
        step = Step(name="watershed_split", parameters={"neck_share": neck_share})
        assert components(kept(apply_steps(cells(mask), [step]))) == expected


def test_specks_and_pinholes_smaller_than_the_median_are_gone() -> None:
    mask = disc((128, 128), (64, 64), 30)
    mask[64, 64] = mask[70, 50] = False
    mask[10, 10] = mask[100, 110] = True
    result = kept(apply_steps(cells(mask), [Step(name="watershed_split")]))
    assert components(result) == 1
    assert result[64, 64]


def test_a_cell_cut_by_the_pictures_edge_is_one_cell() -> None:
    mask = disc((128, 128), (0, 64), 40)
    assert components(kept(apply_steps(cells(mask), [SPLIT]))) == 1


def test_a_cell_cut_by_the_pictures_edge_counts_with_its_whole_width() -> None:
    shape = (160, 160)
    mask = disc(shape, (60, 0), 30) | disc(shape, (60, 62), 45)  # the neck: 0.67 of the smaller
    assert components(kept(apply_steps(cells(mask), [SPLIT]))) == 2


def test_a_small_bump_of_the_outline_is_not_cut_off_as_a_cell() -> None:
    mask = disc((128, 128), (64, 64), 30)
    mask[62:66, 94:98] = True  # 4 × 4 px on a stalk of 1 px
    mask[62:66, 95] = False
    mask[64, 95] = True
    assert components(kept(apply_steps(cells(mask), [SPLIT]))) == 1


def test_after_a_segmentation_only_what_it_left_is_parted() -> None:
    shape = (120, 200)
    mask = disc(shape, (70, 60), 30) | disc(shape, (122, 60), 30)
    rgb = cells(mask)
    rgb[disc(shape, (170, 100), 15)] = (205, 150, 140)
    steps = [
        Step(name="kmeans_segmentation"),
        Step(name="watershed_split", parameters={"foreground": "not_black"}),
    ]
    assert components(kept(apply_steps(rgb, steps))) == 2


def test_a_picture_that_is_all_foreground_stays_whole() -> None:
    rgb = np.full((64, 64, 3), NUCLEUS, np.uint8)
    step = Step(name="watershed_split", parameters={"foreground": "not_black"})
    assert np.array_equal(apply_steps(rgb, [step]), rgb)


def test_touching_cells_are_parted_in_a_picture_larger_than_the_working_size() -> None:
    shape = (1500, 2400)
    mask = disc(shape, (900, 700), 300) | disc(shape, (1440, 700), 300)
    result = kept(apply_steps(cells(mask), [SPLIT]))
    assert components(result) == 2
    lost = (mask & ~result)[600:800, 1100:1240]
    assert lost.sum(axis=1).max() <= 3
