import cv2
import numpy as np
import pytest

from training.errors import RecipeError
from training.fit.augmentation import augmented, sheared
from training.recipes.augmentation import MIXES, Augmentation


def picture() -> np.ndarray:
    rgb = np.full((8, 32, 32, 3), (220, 215, 225), np.uint8)
    rgb[:, 4:12, 4:18] = (90, 40, 130)
    return rgb


@pytest.mark.parametrize("name", [name for name in Augmentation.model_fields if name not in MIXES])
def test_each_augmentation_changes_pictures_and_stays_in_range(name):
    high = Augmentation.schema_for_people()["properties"][name]["maximum"]
    varied = augmented(picture(), {name: high}, seed=1)
    assert varied.shape == (8, 32, 32, 3)
    assert varied.min() >= 0
    assert varied.max() <= 255
    assert np.abs(varied - picture()).mean() > 0.1


def test_the_same_seed_varies_the_same_way():
    strengths = {"flips": 1, "quarter_turns": 1, "brightness": 0.2, "hue": 0.1}
    assert np.array_equal(
        augmented(picture(), strengths, seed=4), augmented(picture(), strengths, seed=4)
    )


def test_quarter_turns_keep_every_pixel():
    varied = augmented(picture(), {"quarter_turns": 1}, seed=2)
    turns = [np.rot90(picture()[0], k) for k in range(4)]
    assert all(any(np.array_equal(rgb, turn) for turn in turns) for rgb in varied)
    assert len({rgb.tobytes() for rgb in varied}) > 1


def test_a_horizontal_flip_never_turns_an_image_upside_down():
    varied = augmented(picture(), {"horizontal_flip": 1}, seed=3)
    same = [np.array_equal(rgb, picture()[0]) for rgb in varied]
    mirrored = [np.array_equal(rgb, picture()[0][:, ::-1]) for rgb in varied]
    assert any(same)
    assert any(mirrored)
    assert all(left or right for left, right in zip(same, mirrored, strict=True))


def test_exposure_scales_every_grey_level_by_one_factor():
    varied = augmented(picture() // 2, {"exposure": 0.2}, seed=3)
    factors = varied / (picture() // 2)
    assert np.ptp(factors, axis=(1, 2, 3)).max() < 1e-4
    assert 0.8 <= factors.min() < factors.max() <= 1.2


def test_blur_softens_edges_and_keeps_the_light():
    varied = augmented(picture(), {"blur": 2.0}, seed=3)
    steepest = np.abs(np.diff(varied, axis=1)).max(axis=(1, 2, 3))
    assert steepest.max() < np.abs(np.diff(picture().astype(int), axis=1)).max()
    assert np.ptp(steepest) > 10  # some images much, others little
    assert varied.mean() == pytest.approx(picture().mean(), rel=0.02)
    flat = np.full((2, 32, 32, 3), 180, np.uint8)
    assert np.abs(augmented(flat, {"blur": 4.0}, seed=1) - flat).max() < 0.01


# Keras's generator is an old one, and reads SciPy's old name of affine_transform.
@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
@pytest.mark.parametrize("degrees", [-30.0, -0.2, 0.2, 12.0])
def test_a_shear_by_an_angle_is_that_of_keras_own_generator(degrees: float) -> None:
    """apply_affine_transform is what ImageDataGenerator(shear_range=...) calls, in degrees."""
    from keras.src.legacy.preprocessing.image import apply_affine_transform

    smooth = np.stack([cv2.GaussianBlur(rgb, (0, 0), 2) for rgb in picture()[:2]])
    smooth = smooth.astype(np.float32)
    angles = np.full((2, 1), np.deg2rad(degrees), np.float32)
    ours = np.asarray(sheared(smooth, angles, 32))
    theirs = apply_affine_transform(
        smooth[0].copy(),
        shear=degrees,
        row_axis=0,
        col_axis=1,
        channel_axis=2,
        fill_mode="reflect",
        order=1,
    )
    # Within a pixel of the border the two mirror differently.
    reach = 2 + round(16 * abs(np.sin(np.deg2rad(degrees))))
    inner = (slice(2, -2), slice(reach, -reach))
    assert np.abs(ours[0][inner] - theirs[inner]).max() < 0.5
    assert np.abs(theirs[inner] - smooth[0][inner]).max() > (0.1 if abs(degrees) < 1 else 5)
    assert np.array_equal(ours[0], ours[1])


def test_a_shear_of_a_fifth_of_a_degree_moves_no_pixel_by_more_than_a_ninth() -> None:
    """hagar-2023's: at 32 px from the middle sin 0.2° is 0.11 px; a share of 0.2 is 6 px."""
    ramp = np.tile(np.arange(64, dtype=np.uint8)[None, None, :, None] * 3, (16, 64, 1, 3))
    by_degrees = (
        augmented(ramp, {"shear_degrees": 0.2}, seed=3)[:, 2:-2, 8:-8] - ramp[:, 2:-2, 8:-8]
    )
    by_share = augmented(ramp, {"shear": 0.2}, seed=3)[:, 2:-2, 8:-8] - ramp[:, 2:-2, 8:-8]
    assert 0.05 < np.abs(by_degrees).max() <= 3 * 0.112
    assert np.abs(by_share).max() > 3
    # Either way round, each image by an angle of its own.
    slopes = by_degrees[:, 0, 20, 0] - by_degrees[:, -1, 20, 0]
    assert slopes.min() < 0 < slopes.max()


def test_noise_is_of_another_strength_in_each_image():
    flat = np.full((16, 32, 32, 3), 128, np.uint8)
    spread = augmented(flat, {"noise": 12}, seed=3).std(axis=(1, 2, 3))
    assert 0 <= spread.min() < 4
    assert 8 < spread.max() <= 12.5


def test_no_augmentation_leaves_pictures_alone():
    assert np.array_equal(augmented(picture(), {"flips": 0}, seed=1), picture())


@pytest.mark.parametrize(
    ("strengths", "complaint"), [({"fog": 1}, "fog"), ({"zoom": 3}, "0 to 0.5")]
)
def test_unknown_or_excessive_augmentation_is_refused(strengths, complaint):
    with pytest.raises(RecipeError, match=complaint):
        augmented(picture(), strengths, seed=1)
