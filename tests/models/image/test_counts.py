"""Percentiles from counts are numpy's own, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from models.image.counts import level_counts, percentile_of_counts, share_of


@pytest.mark.parametrize("n_levels", [3, 256, 766])
def test_percentiles_of_counts_are_those_of_sorted_pixels_to_the_last_bit(n_levels: int) -> None:
    rng = np.random.default_rng(n_levels)
    for _ in range(300):
        n = int(rng.integers(1, 400))
        pixels = rng.integers(0, rng.integers(1, n_levels + 1), (n, 1)).astype(np.uint16)
        percent = float(rng.choice([0, 1, 25, 50, 90, 99, 100]))
        found = percentile_of_counts(level_counts(pixels, n_levels), percent)
        assert found == float(np.percentile(pixels, percent)), (pixels.tolist(), percent)
        if percent == 50:
            assert found == float(np.median(pixels))


def test_counts_are_of_one_channel_and_where_the_mask_is() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (31, 17, 3), dtype=np.uint8)
    mask = rgb[..., 0] > 100
    found = level_counts(rgb, 256, channel=2, mask=mask)
    assert np.array_equal(found, np.bincount(rgb[..., 2][mask], minlength=256))
    assert share_of(mask) == float(mask.mean())
