import keras
import numpy as np
import pytest

from models.image.stains import mixing_matrix
from training.fit.stain_jitter import StainJitter

STAINS = ("hematoxylin_eosin", "wright_giemsa")


def field() -> np.ndarray:
    """Four images: a purple nucleus in pink cytoplasm on white, and a black corner."""
    rgb = np.full((4, 16, 16, 3), 255, np.float32)
    rgb[:, 2:14, 2:14] = (225, 150, 190)
    rgb[:, 5:10, 5:10] = (95, 50, 140)
    rgb[:, :2, :2] = 0
    return rgb


def jittered(sigma: float, *, stain: str = "wright_giemsa", seed: int = 3) -> np.ndarray:
    return keras.ops.convert_to_numpy(
        StainJitter(sigma, stain=stain, seed=seed)(field(), training=True)
    )


@pytest.mark.parametrize("stain", STAINS)
def test_strength_zero_leaves_an_image_alone(stain):
    np.testing.assert_allclose(jittered(0.0, stain=stain), field(), atol=0.01)


@pytest.mark.parametrize("stain", STAINS)
def test_white_background_stays_white_and_black_stays_black(stain):
    varied = jittered(0.5, stain=stain)
    assert (varied[:, 15, :] == 255).all()
    assert (varied[:, :2, :2] == 0).all()


def test_cells_change_differently_from_image_to_image_and_stay_in_range():
    varied = jittered(0.3)
    nuclei = varied[:, 7, 7]
    assert np.ptp(nuclei, axis=0).min() > 3
    assert varied.min() >= 0
    assert varied.max() <= 255


def test_only_the_concentrations_of_the_two_stains_change():
    mix = mixing_matrix("wright_giemsa")

    def rest(rgb: np.ndarray) -> np.ndarray:
        return (-np.log((rgb + 1.0) / 256.0) @ np.linalg.inv(mix))[..., 2]

    inside = (slice(None), slice(5, 10), slice(5, 10))
    np.testing.assert_allclose(rest(jittered(0.1)[inside]), rest(field()[inside]), atol=1e-3)


def test_the_seed_decides_and_inference_does_not_jitter():
    assert np.array_equal(jittered(0.2, seed=5), jittered(0.2, seed=5))
    assert not np.array_equal(jittered(0.2, seed=5), jittered(0.2, seed=6))
    still = StainJitter(0.5, stain="wright_giemsa", seed=1)(field(), training=False)
    assert np.array_equal(keras.ops.convert_to_numpy(still), field())
