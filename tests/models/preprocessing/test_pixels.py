"""Working in bands of rows changes nothing but the memory that it takes."""

from __future__ import annotations

import numpy as np
import pytest

from models.preprocessing.pixels import even_sample, in_bands, lab_of, rgb_of


@pytest.mark.parametrize("shape", [(2050, 1000, 3), (3, 400_000, 3), (2, 1_200_000, 3)])
def test_a_picture_of_several_bands_comes_back_whole_and_in_order(shape: tuple[int, ...]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    seen: list[int] = []

    def inverted(band: np.ndarray) -> np.ndarray:
        seen.append(band.shape[0] * band.shape[1])
        return 255 - band

    assert np.array_equal(in_bands(rgb, inverted), 255 - rgb)
    assert len(seen) > 1
    assert max(seen) <= max(1_000_000, shape[1])


def test_a_sample_is_spread_over_the_mask_and_never_larger_than_asked() -> None:
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[..., 0] = np.arange(100)[:, np.newaxis]
    mask = rgb[..., 0] >= 20
    sample = even_sample(rgb, mask, 300)
    assert 200 < len(sample) <= 300
    assert sample[:, 0].min() == 20
    assert sample[:, 0].max() == 99
    assert len(even_sample(rgb, np.zeros((100, 100), bool), 300)) == 0


def test_colours_survive_the_way_to_lab_and_back() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.abs(rgb_of(lab_of(rgb)).astype(int) - rgb).max() <= 1


def test_red_is_red_in_lab() -> None:
    lightness, a, b = lab_of(np.array([[[255, 0, 0]]], np.uint8))[0, 0]
    assert (lightness, a, b) == pytest.approx((53.2, 80.1, 67.2), abs=0.5)
