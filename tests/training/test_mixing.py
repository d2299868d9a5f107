import keras
import numpy as np
import pytest

from training.mixing import MixedBatches, cut_mix, mix_up


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


def batches(**arguments: object) -> MixedBatches:
    rgb, labels = pictures()
    return MixedBatches(rgb, labels, alphas={"mixup": 0.4, "cutmix": 1.0}, batch=5, **arguments)


def test_batches_hold_every_image_s_share_and_follow_from_the_seed():
    first, second = batches(seed=1), batches(seed=1)
    assert len(first) == 3
    assert [len(first[number][0]) for number in range(3)] == [5, 5, 2]
    for number in range(3):
        for one, other in zip(first[number], second[number], strict=True):
            assert np.array_equal(one, other)
    assert not np.array_equal(first[0][0], batches(seed=2)[0][0])


def test_a_mixture_weighs_as_its_parts_do():
    _, labels, weights = batches(seed=1, class_weights={0: 1.0, 1: 2.0, 2: 4.0})[0]
    np.testing.assert_allclose(weights, labels @ np.array([1, 2, 4], np.float32))


def test_a_model_learns_from_mixed_batches_and_every_epoch_is_another():
    seen: list[bytes] = []

    class Watched(MixedBatches):
        def __getitem__(self, number):
            batch = super().__getitem__(number)
            seen.append(batch[1].tobytes())
            return batch

    rgb, labels = pictures()
    mixed = Watched(rgb, labels, alphas={"mixup": 1.0}, batch=12, seed=1)
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    model.fit(mixed, epochs=3, callbacks=[mixed.epoch_setter()], verbose=0)
    assert len(set(seen)) == 3
