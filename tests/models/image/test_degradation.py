"""An image made worse: each kind does what its name says, the more the stronger, and no other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from drawn.smears import draw
from models.errors import MicrographError
from models.image.degradation import (
    NOTHING,
    STRENGTHS,
    Degradation,
    degrade,
)
from models.image.stains import mixing_matrix


@pytest.fixture(scope="module")
def smear() -> np.ndarray:
    return draw("Pre", seed=2).rgb


def sharpness(rgb: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(float) - second).mean())


def test_nothing_changes_nothing(smear):
    assert np.array_equal(degrade(smear, NOTHING), smear)


# A larger angle is not a larger difference of pixels.
@pytest.mark.parametrize("kind", sorted(set(STRENGTHS) - {"rotation"}))
def test_every_strength_moves_the_image_further(smear, kind):
    moved = [difference(degrade(smear, each), smear) for each in STRENGTHS[kind]]
    assert len(moved) == 5
    assert moved[0] > 0
    assert moved == sorted(moved)


@pytest.mark.parametrize("kind", STRENGTHS)
def test_size_and_type_stay(smear, kind):
    before = smear.copy()
    for each in STRENGTHS[kind]:
        worse = degrade(smear, each)
        assert worse.shape == smear.shape
        assert worse.dtype == np.uint8
    assert np.array_equal(smear, before)


def test_blur_and_down_scaling_take_sharpness(smear):
    for kind in ("blur", "down-scaling"):
        sharp = [sharpness(degrade(smear, each)) for each in STRENGTHS[kind]]
        assert sharp == sorted(sharp, reverse=True)
        assert sharp[-1] < 0.2 * sharpness(smear)


def test_a_quarter_turn_is_a_quarter_turn(smear):
    side = min(smear.shape[:2])
    square = smear[:side, :side]
    assert np.array_equal(degrade(square, Degradation(rotation_deg=90.0)), np.rot90(square))


def test_half_a_crop_is_the_middle(smear):
    height, width = smear.shape[:2]
    cropped = degrade(smear, Degradation(crop=0.5))
    assert cropped.shape[:2] == (height // 2, width // 2)
    top, left = (height - height // 2) // 2, (width - width // 2) // 2
    assert np.array_equal(cropped, smear[top : top + height // 2, left : left + width // 2])


def test_a_patch_covers_what_it_names_and_nothing_else(smear):
    height, width = smear.shape[:2]
    covered = degrade(smear, Degradation(patch=(0.25, 0.5, 0.75, 1.0)))
    inside = np.zeros((height, width), bool)
    inside[round(0.5 * height) :, round(0.25 * width) : round(0.75 * width)] = True
    assert np.array_equal(covered[~inside], smear[~inside])
    assert len(np.unique(covered[inside], axis=0)) == 1


def test_more_of_a_stain_is_more_of_that_stain_alone():
    mix = mixing_matrix("wright_giemsa")
    light = np.exp(-(np.array([0.5, 0.4, 0.0]) @ mix)) * 256 - 1
    rgb = np.full((4, 4, 3), np.rint(light), np.uint8)
    stronger = degrade(rgb, Degradation(first_stain=1.4))[0, 0].astype(float)
    found = -np.log((stronger + 1) / 256) @ np.linalg.inv(mix)
    assert found[:2] == pytest.approx([0.7, 0.4], abs=0.02)


def test_background_that_was_cut_away_stays_black():
    rgb = np.zeros((8, 8, 3), np.uint8)
    rgb[2:6, 2:6] = (120, 60, 150)
    worse = degrade(rgb, Degradation(first_stain=0.5, second_stain=1.5))
    assert not worse[0].any()
    assert worse[3, 3].any()


@pytest.mark.parametrize(
    "wrong",
    [{"crop": 0.0}, {"jpeg_quality": 0}, {"patch": (0.5, 0.0, 0.4, 1.0)}, {"stain": "ink"}],
)
def test_a_value_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(MicrographError, match="Expected"):
        Degradation(**wrong)
