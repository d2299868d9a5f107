"""Denoising, sharpening and contrast do to a picture what their names say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.preprocessing import Step, apply_steps
from tests.models.preprocessing.drawn import Rgb, smear


def noisy(sigma: float) -> tuple[Rgb, Rgb]:
    clean = cv2.GaussianBlur(smear()[0], (0, 0), 1.0)
    noise = np.random.default_rng(8).normal(0, sigma, clean.shape)
    return clean, np.clip(np.rint(clean + noise), 1, 255).astype(np.uint8)


def distance(first: Rgb, second: Rgb) -> float:
    return float(np.sqrt(np.mean((first.astype(float) - second.astype(float)) ** 2)))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("median_denoise", {}),
        ("bilateral_denoise", {"sigma_colour": 40}),
        ("non_local_means", {"strength": 8}),
    ],
)
def test_a_noisy_picture_comes_nearer_to_the_clean_one(
    name: str, parameters: dict[str, float]
) -> None:
    clean, noised = noisy(8.0)
    denoised = apply_steps(noised, [Step(name=name, parameters=parameters)])
    assert distance(denoised, clean) < 0.7 * distance(noised, clean)


def test_the_median_removes_single_wrong_pixels_altogether() -> None:
    rgb = np.full((40, 40, 3), (220, 210, 200), np.uint8)
    dusty = rgb.copy()
    dusty[5::10, 5::10] = 0
    assert np.array_equal(apply_steps(dusty, [Step(name="median_denoise")]), rgb)


def test_the_bilateral_filter_leaves_the_outline_of_a_nucleus_sharp() -> None:
    rgb = np.full((40, 40, 3), 220, np.uint8)
    rgb[:, 20:] = (90, 40, 140)
    assert distance(apply_steps(rgb, [Step(name="bilateral_denoise")]), rgb) < 1.0


def test_the_unsharp_mask_makes_an_edge_steeper_and_leaves_flat_areas_alone() -> None:
    rgb = np.full((40, 60, 3), 180, np.uint8)
    rgb[:, 30:] = 90
    soft = cv2.GaussianBlur(rgb, (0, 0), 2.0)
    sharp = apply_steps(soft, [Step(name="unsharp_mask", parameters={"amount": 2})])
    steepest = [np.abs(np.diff(image[20, :, 0].astype(int))).max() for image in (soft, sharp)]
    assert steepest[1] > 1.3 * steepest[0]
    assert np.array_equal(sharp[:, :10], soft[:, :10])


def test_the_unsharp_mask_leaves_noise_below_its_threshold_alone() -> None:
    rgb = (180 + np.random.default_rng(2).integers(-1, 2, (40, 40, 3))).astype(np.uint8)
    step = Step(name="unsharp_mask", parameters={"threshold": 4, "amount": 5})
    assert np.array_equal(apply_steps(rgb, [step]), rgb)


def test_clahe_raises_the_contrast_of_a_dull_picture_and_keeps_its_hue() -> None:
    texture = np.random.default_rng(6).normal(0, 1, (128, 128))
    chromatin = cv2.GaussianBlur(texture, (0, 0), 2.0)[..., np.newaxis]
    dull = np.clip(np.array([150, 110, 180]) + 40 * chromatin, 0, 255).astype(np.uint8)
    raised = apply_steps(dull, [Step(name="clahe", parameters={"clip_limit": 4})])
    before, after = (
        cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for image in (dull, raised)
    )
    assert after[..., 0].std() > 1.5 * before[..., 0].std()
    # The median: the lightest pixels leave sRGB, and lose colour there.
    assert np.median(np.abs(after[..., 1:] - before[..., 1:])) < 1.0
