"""Stain normalisation brings pictures of one slide in two tints together, and invents nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.image.stains import TARGETS
from models.preprocessing import Step, apply_steps
from models.preprocessing.macenko import find_stains
from models.preprocessing.reinhard import lab_statistics
from tests.models.preprocessing.drawn import Rgb, smear, two_stains

HAEMATOXYLIN_EOSIN = ((0.56, 0.72, 0.41), (0.22, 0.80, 0.56))
OTHER_LABORATORY = ((0.70, 0.62, 0.35), (0.10, 0.88, 0.45))


def difference(first: Rgb, second: Rgb) -> float:
    """Mean colour difference of two pictures in CIE L*a*b*, in ΔE."""
    lab = [cv2.cvtColor(p.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for p in (first, second)]
    return float(np.linalg.norm(lab[0] - lab[1], axis=2).mean())


def tinted(rgb: Rgb) -> Rgb:
    """The picture as another camera shows it: bluer, and with less contrast."""
    return np.rint(rgb * (0.75, 0.8, 0.9) + (20, 15, 10)).astype(np.uint8)


@pytest.mark.parametrize("measured_on", ["tissue", "all"])
def test_reinhard_brings_two_tints_of_one_smear_together(measured_on: str) -> None:
    rgb, _ = smear()
    step = Step(name="reinhard", parameters={"measured_on": measured_on})
    before = difference(rgb, tinted(rgb))
    after = difference(apply_steps(rgb, [step]), apply_steps(tinted(rgb), [step]))
    assert after < 0.4 * before


def test_reinhard_reaches_its_target() -> None:
    rgb = two_stains(HAEMATOXYLIN_EOSIN)
    target = {"mean_l": 62, "mean_a": 14, "mean_b": -6, "std_l": 9, "std_a": 6, "std_b": 5}
    step = Step(name="reinhard", parameters={**target, "measured_on": "all"})
    reached = lab_statistics(apply_steps(rgb, [step]), measured_on="all")
    assert reached is not None
    assert reached.mean == pytest.approx((62, 14, -6), abs=1.0)
    assert reached.std == pytest.approx((9, 6, 5), abs=1.0)


def test_reinhard_does_not_stretch_a_faint_picture_more_than_fivefold() -> None:
    faint = (np.array([150, 145, 155]) + two_stains(HAEMATOXYLIN_EOSIN) * 0.02).astype(np.uint8)
    before = lab_statistics(faint, measured_on="all")
    result = apply_steps(faint, [Step(name="reinhard", parameters={"measured_on": "all"})])
    after = lab_statistics(result, measured_on="all")
    assert before is not None
    assert after is not None
    assert 3 < after.std[0] / before.std[0] < 5.5


def test_reinhard_on_tissue_gives_a_nucleus_one_colour_however_much_background_there_is() -> None:
    rgb, nucleus = smear()
    wide = np.vstack([rgb, np.tile(rgb[:8, :8], (40, 20, 1))])
    colours = {}
    for measured_on in ("tissue", "all"):
        step = Step(name="reinhard", parameters={"measured_on": measured_on})
        pair = [apply_steps(picture, [step])[:160][nucleus].mean(axis=0) for picture in (rgb, wide)]
        colours[measured_on] = float(np.abs(pair[0] - pair[1]).max())
    assert colours["tissue"] < 2
    assert colours["all"] > 10


@pytest.mark.parametrize("light", ["fixed", "background"])
def test_macenko_brings_two_laboratories_stains_together(light: str) -> None:
    first, second = two_stains(HAEMATOXYLIN_EOSIN), two_stains(OTHER_LABORATORY)
    step = Step(name="macenko", parameters={"light": light})
    before = difference(first, second)
    after = difference(apply_steps(first, [step]), apply_steps(second, [step]))
    assert after < 0.4 * before


@pytest.mark.parametrize(
    "pair",
    [
        HAEMATOXYLIN_EOSIN,
        OTHER_LABORATORY,
        ((0.80, 0.35, 0.50), (0.55, 0.83, 0.05)),
        ((0.90, 0.30, 0.10), (0.10, 0.30, 0.90)),
        ((0.50, 0.10, 0.80), (0.30, 0.90, 0.20)),
    ],
    ids=str,
)
def test_macenko_finds_the_stains_that_a_picture_was_drawn_with(
    pair: tuple[tuple[float, float, float], tuple[float, float, float]],
) -> None:
    found = find_stains(two_stains(pair), light="fixed", od_min=0.15, percentile=1.0)
    assert found is not None
    drawn = np.array(pair) / np.linalg.norm(pair, axis=1, keepdims=True)
    cosines = (np.array(found.vectors) * drawn).sum(axis=1)
    assert (np.rad2deg(np.arccos(np.clip(cosines, -1, 1))) < 6).all()


@pytest.mark.parametrize("target", TARGETS)
def test_macenko_shows_the_targets_stains(target: str) -> None:
    step = Step(name="macenko", parameters={"target": target})
    found = find_stains(
        apply_steps(two_stains(OTHER_LABORATORY), [step]),
        light="fixed",
        od_min=0.15,
        percentile=1.0,
    )
    assert found is not None
    assert np.array(found.vectors) == pytest.approx(np.array(TARGETS[target].vectors), abs=0.06)
    assert found.strengths == pytest.approx(TARGETS[target].strengths, rel=0.15)


def test_macenko_gives_nuclei_the_targets_nuclei_although_red_cells_absorb_more_red() -> None:
    bluish_smear = ((0.55, 0.83, 0.02), (0.79, 0.37, 0.49))  # nuclei, red cells
    step = Step(name="macenko", parameters={"target": "wright_giemsa"})
    rgb = two_stains(bluish_smear)
    nuclei = rgb[..., 1] < 135
    assert 0.05 < nuclei.mean() < 0.6
    result = apply_steps(rgb, [step])
    red, green, blue = np.median(result[nuclei], axis=0)
    assert blue > red > green  # violet


def test_macenko_keeps_removed_background_black_in_a_picture_stained_more_than_the_target() -> None:
    density = -np.log(np.maximum(two_stains(HAEMATOXYLIN_EOSIN), 1) / 240)
    rgb = np.maximum(240 * np.exp(-3 * density), 1).astype(np.uint8)
    rgb[:40] = 0
    result = apply_steps(rgb, [Step(name="macenko")])
    assert not result[:40].any()
    assert result[40:].mean() > rgb[40:].mean() + 20


def test_macenko_takes_a_smears_tinted_background_for_light() -> None:
    rgb, _ = smear()
    amber = np.rint(rgb * (1.0, 0.9, 0.7)).astype(np.uint8)
    step = Step(name="macenko", parameters={"target": "wright_giemsa", "light": "background"})
    background = apply_steps(amber, [step])[:8, :8].reshape(-1, 3).mean(axis=0)
    assert np.ptp(background) < 12
    assert np.ptp(amber[:8, :8].reshape(-1, 3).mean(axis=0)) > 60


@pytest.mark.parametrize("name", ["reinhard", "macenko"])
@pytest.mark.parametrize(
    "blank", [(255, 255, 255), (238, 236, 240), (0, 0, 0), (120, 60, 150)], ids=str
)
def test_a_picture_without_stains_comes_back_unchanged(
    name: str, blank: tuple[int, int, int]
) -> None:
    rgb = np.full((64, 64, 3), blank, np.uint8)
    assert np.array_equal(apply_steps(rgb, [Step(name=name)]), rgb)


@pytest.mark.parametrize("name", ["reinhard", "macenko"])
def test_the_noise_of_a_clear_background_is_not_painted_as_tissue(name: str) -> None:
    noise = np.random.default_rng(4).integers(-2, 3, (64, 64, 3))
    rgb = (np.array([244, 242, 245]) + noise).astype(np.uint8)
    assert np.array_equal(apply_steps(rgb, [Step(name=name)]), rgb)


@pytest.mark.parametrize("name", ["reinhard", "macenko"])
def test_black_around_a_cell_is_not_measured_and_stays_black(name: str) -> None:
    rgb = two_stains(HAEMATOXYLIN_EOSIN)
    framed = cv2.copyMakeBorder(rgb, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    result = apply_steps(framed, [Step(name=name)])
    assert not result[:60].any()
    assert difference(result[60:-60, 60:-60], apply_steps(rgb, [Step(name=name)])) < 0.5
