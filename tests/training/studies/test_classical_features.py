"""Colour, texture and shape in numbers: each number moves with what its name says."""

import cv2
import numpy as np
import pytest

from training.studies.classical_features import (
    FEATURE_NAMES,
    classical_features,
)

LIGHT, NUCLEUS = (235, 225, 235), (80, 30, 140)


def named(rgb: np.ndarray) -> dict[str, float]:
    return dict(zip(FEATURE_NAMES, classical_features(rgb[None])[0].tolist(), strict=True))


def smear(*ellipses: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
    """A 128 px field of light with nuclei at these centres with these half axes."""
    rgb = np.full((128, 128, 3), LIGHT, np.uint8)
    for centre, axes in ellipses:
        cv2.ellipse(rgb, centre, axes, 0, 0, 360, NUCLEUS, -1)
    return rgb


def test_a_row_an_image_and_a_name_a_column():
    rgb = np.stack([smear(), smear(((64, 64), (20, 20)))])
    features = classical_features(rgb)
    assert features.shape == (2, len(FEATURE_NAMES)) == (2, len(set(FEATURE_NAMES)))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_image_without_anything_has_finite_numbers(level):
    features = named(np.full((32, 32, 3), level, np.uint8))
    assert np.isfinite(list(features.values())).all()
    assert features["stained share"] == features["largest circularity"] == 0
    assert features["R skewness"] == 0
    assert features["GLCM contrast at 1 px"] == 0


def test_colour_is_that_of_the_pixels():
    rgb = np.zeros((16, 16, 3), np.uint8)
    rgb[:, :8] = (255, 0, 0)
    features = named(rgb)
    assert features["R mean"] == pytest.approx(0.5)
    assert features["R standard deviation"] == pytest.approx(0.5)
    assert features["G mean"] == 0
    assert features["S mean"] == pytest.approx(0.5)
    assert features["a* mean"] > 0.3


def test_hues_left_and_right_of_red_are_near_each_other():
    left, right = (
        named(np.full((8, 8, 3), colour, np.uint8)) for colour in ((255, 0, 10), (255, 10, 0))
    )
    for name in ("cos H mean", "sin H mean"):
        assert abs(left[name] - right[name]) < 0.1


def test_fine_texture_has_more_contrast_and_less_order_than_a_flat_field():
    rng = np.random.default_rng(0)
    flat = named(np.full((64, 64, 3), 120, np.uint8))
    noisy = named(np.repeat(rng.integers(0, 256, (64, 64, 1)), 3, axis=2).astype(np.uint8))
    assert noisy["GLCM contrast at 1 px"] > flat["GLCM contrast at 1 px"]
    assert noisy["GLCM entropy at 3 px"] > flat["GLCM entropy at 3 px"]
    assert noisy["GLCM ASM at 1 px"] < flat["GLCM ASM at 1 px"]
    assert noisy["LBP 9"] > flat["LBP 9"]  # patterns that are not uniform
    assert sum(noisy[f"LBP {code}"] for code in range(10)) == pytest.approx(1)


def test_texture_does_not_hang_on_how_the_slide_lies():
    rng = np.random.default_rng(1)
    rgb = cv2.GaussianBlur(rng.integers(0, 256, (64, 64, 3)).astype(np.uint8), (9, 9), 3)
    upright, turned = named(rgb), named(np.rot90(rgb).copy())
    for name in FEATURE_NAMES:
        if name.startswith(("GLCM", "LBP")):
            assert upright[name] == pytest.approx(turned[name], rel=0.02, abs=1e-3), name


def test_nuclei_are_counted_and_measured():
    two = named(smear(((34, 40), (18, 18)), ((94, 84), (12, 12))))
    assert two["stained regions"] == 2
    assert two["largest area"] == pytest.approx(np.pi * 18**2 / 128**2, rel=0.15)
    assert two["stained share"] == pytest.approx(np.pi * (18**2 + 12**2) / 128**2, rel=0.15)
    assert two["largest eccentricity"] < 0.3
    assert two["largest circularity"] > 0.8


def test_a_long_nucleus_is_eccentric_and_a_kidney_is_not_solid():
    round_one = named(smear(((64, 64), (24, 24))))
    long = named(smear(((64, 64), (40, 14))))
    kidney_rgb = smear(((64, 64), (30, 30)))
    cv2.circle(kidney_rgb, (92, 64), 22, LIGHT, -1)
    kidney = named(kidney_rgb)
    assert long["largest eccentricity"] > 0.8 > 0.3 > round_one["largest eccentricity"]
    assert long["largest circularity"] < round_one["largest circularity"]
    assert kidney["largest solidity"] < 0.9 < round_one["largest solidity"]
