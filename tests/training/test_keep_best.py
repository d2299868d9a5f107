from dataclasses import replace

import keras
import numpy as np
import pytest

from training.keep_best import KeepBest, early_stopping
from training.recipe import FitPlan, read_recipe


def plan(**changes: object) -> FitPlan:
    return replace(read_recipe("hagar-2023-vgg16").fit, **changes)


@pytest.mark.parametrize(
    ("keep_epoch", "kept"), [("lowest_val_loss", 1), ("highest_val_accuracy", 2), ("last", 3)]
)
def test_the_epoch_that_the_recipe_names_is_kept(tmp_path, keep_epoch, kept):
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    path = tmp_path / "best.weights.h5"
    logs = ((0.9, 0.5), (0.2, 0.6), (0.3, 0.8), (0.4, 0.7))
    for epoch, (loss, accuracy) in enumerate(logs):
        network.set_weights([np.full((1, 1), epoch, np.float32)])
        # A new callback each time: a resumed training goes by what lies on the disk.
        KeepBest(network, path, keep_epoch=keep_epoch).on_epoch_end(
            epoch, {"val_loss": loss, "val_accuracy": accuracy}
        )
    network.load_weights(path)
    assert network.get_weights()[0][0, 0] == kept


def test_no_patience_means_every_epoch():
    assert early_stopping(plan(patience=0)) == []


def test_accuracy_is_watched_upwards():
    (stop,) = early_stopping(plan(keep_epoch="highest_val_accuracy", patience=3))
    assert (stop.monitor, stop.mode, stop.patience) == ("val_accuracy", "max", 3)
