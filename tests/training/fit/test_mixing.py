import numpy as np
import pytest

from training.fit.mixing import cut_mix, mix_up


def pictures(n: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Images of one grey level each, by which they are told apart, and one-hot labels."""
    rgb = np.empty((n, 8, 8, 3), np.uint8)
    rgb[:] = np.arange(n)[:, None, None, None] * 20
    return rgb, np.eye(3, dtype=np.float32)[np.arange(n) % 3]


@pytest.mark.parametrize("mix", [mix_up, cut_mix])
def test_labels_stay_distributions_and_images_stay_in_range(mix):
    rgb, labels = pictures()
    rng = np.random.default_rng(1)
    mixed, shares = mix(rgb, labels, partner=rng.permutation(12), alpha=1.0, rng=rng)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert shares.min() >= 0
    assert mixed.min() >= 0
    assert mixed.max() <= 255


@pytest.mark.parametrize("mix", [mix_up, cut_mix])
def test_a_label_tells_how_much_of_the_image_is_whose(mix):
    rgb = np.zeros((2, 8, 8, 3), np.uint8)
    rgb[1] = 200
    labels = np.eye(2, dtype=np.float32)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        mixed, shares = mix(rgb, labels, partner=np.array([1, 0]), alpha=1.0, rng=rng)
        np.testing.assert_allclose(mixed.mean(axis=(1, 2, 3)) / 200, shares[:, 1], atol=1e-5)


def test_cutmix_leaves_each_pixel_one_image_s():
    rgb, labels = pictures()
    rng = np.random.default_rng(2)
    mixed, _ = cut_mix(rgb, labels, partner=np.roll(np.arange(12), 1), alpha=1.0, rng=rng)
    assert set(np.unique(mixed)) <= set(np.unique(rgb).tolist())
