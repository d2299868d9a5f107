"""What is kept of a training is the running average of its weights, where its recipe says so."""

import keras
import numpy as np
import pytest

from training.fit.averaging import averaged_weights
from training.fit.keep_best import KeepBest
from training.recipes.recipe import read_recipe


def learner(share: float) -> keras.Model:
    """A network of one weight that goes down by 1 at each step."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=share), lambda _, out: out)
    model.set_weights([np.full((1, 1), 10, np.float32)])
    return model


def test_the_average_follows_the_steps_and_the_weights_come_back():
    model = learner(0.5)
    ones = np.ones((1, 1), np.float32)
    for _ in range(3):
        model.train_on_batch(ones, ones)
    assert model.get_weights()[0].item() == 7
    with averaged_weights(model):
        assert model.get_weights()[0].item() == pytest.approx(0.25 * 9 + 0.25 * 8 + 0.5 * 7)
    assert model.get_weights()[0].item() == 7


def test_what_is_kept_of_an_epoch_is_the_average(tmp_path):
    plan = read_recipe("hagar-2023-vgg16").fit
    plan = plan.changed(keep_epoch="last", patience=0, average=0.5)
    model = learner(0.5)
    ones = np.ones((1, 1), np.float32)
    keeper = KeepBest(model, tmp_path / "best.weights.h5", plan)
    model.fit(ones, ones, epochs=3, callbacks=[keeper], verbose=0)
    model.load_weights(tmp_path / "best.weights.h5")
    assert model.get_weights()[0].item() == pytest.approx(7.75)
