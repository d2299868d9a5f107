"""Batches and what layers draw follow from a seed and the number of the epoch."""

import keras
import numpy as np

from tests.training.fit.test_mixing import pictures
from training.fit.batches import Batches, BeginEpoch, Draws


def batches(**arguments: object) -> Batches:
    rgb, labels = pictures()
    return Batches(rgb, labels, alphas={"mixup": 0.4, "cutmix": 1.0}, batch=5, **arguments)


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


def test_every_epoch_has_another_order_that_follows_from_its_number():
    rgb, labels = pictures()
    plain = Batches(rgb, labels, batch=5, seed=1)
    orders = []
    for epoch in (0, 1, 0):
        plain.epoch = epoch
        shown = np.concatenate([plain[number][0] for number in range(len(plain))])
        assert shown.dtype == np.uint8
        assert sorted(each.tobytes() for each in shown) == sorted(each.tobytes() for each in rgb)
        orders.append(plain[0][0].tobytes())
    assert orders[0] == orders[2] != orders[1]


def test_an_epoch_that_draws_has_its_steps_and_shows_what_is_likely_more_often():
    rgb, labels = pictures()
    chances = np.full(len(rgb), 0.1 / (len(rgb) - 1))
    chances[3] = 0.9
    drawing = Batches(rgb, labels, batch=5, seed=1, draws=Draws(steps=20, chances=chances))
    assert len(drawing) == 20
    first = [drawing[number][0] for number in range(20)]
    shown = np.concatenate(first)
    assert len(shown) == 100
    assert 80 < sum(np.array_equal(each, rgb[3]) for each in shown) < 98
    assert all(np.array_equal(a, drawing[n][0]) for n, a in enumerate(first))
    drawing.epoch = 1
    assert any(not np.array_equal(a, drawing[n][0]) for n, a in enumerate(first))


class Drawn(keras.layers.Layer):
    """Keeps what it draws in training."""

    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(3)
        self.drawn = []

    def call(self, inputs, training=False):
        if training:
            self.drawn.append(float(keras.random.uniform((), seed=self.seed_generator)))
        return inputs


def fitted(batches: Batches, *, epochs: int, begin: int = 0) -> list[float]:
    """What a layer draws in these epochs, in order."""
    layer = Drawn()
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layer, keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True), run_eagerly=True)
    layer.drawn.clear()
    model.fit(
        batches,
        shuffle=False,
        initial_epoch=begin,
        epochs=epochs,
        callbacks=[BeginEpoch(batches, model.layers)],
        verbose=0,
    )
    return layer.drawn


def test_a_model_is_shown_another_epoch_each_time_and_draws_anew():
    seen: list[bytes] = []

    class Watched(Batches):
        def __getitem__(self, number):
            batch = super().__getitem__(number)
            seen.append(batch[1].tobytes())
            return batch

    rgb, labels = pictures()
    drawn = fitted(Watched(rgb, labels, alphas={"mixup": 1.0}, batch=12, seed=1), epochs=3)
    assert len(set(seen)) == 3
    assert len(set(drawn)) == 3


def test_a_training_that_begins_at_the_second_epoch_draws_as_one_that_never_stopped():
    rgb, labels = pictures()
    whole = fitted(Batches(rgb, labels, batch=6, seed=1), epochs=3)
    resumed = fitted(Batches(rgb, labels, batch=6, seed=1), begin=1, epochs=3)
    assert len(whole) == 6
    assert resumed == whole[2:]
