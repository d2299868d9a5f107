"""The epoch that a recipe names is kept, and a training stops as its patience says."""

from pathlib import Path

import keras
import numpy as np
import pytest

from training.fit.keep_best import KeepBest
from training.recipes.recipe import FitPlan, read_recipe

LOGS = ((0.9, 0.5), (0.2, 0.6), (0.3, 0.8), (0.4, 0.7), (0.5, 0.6))


def plan(**changes: object) -> FitPlan:
    return read_recipe("hagar-2023-vgg16").fit.changed(**changes)


def watched(path: Path, fit: FitPlan) -> tuple[keras.Model, int]:
    """The network as it was kept, and the epoch after which the training stopped."""
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    stopped = len(LOGS) - 1
    for epoch, (loss, accuracy) in enumerate(LOGS):
        network.set_weights([np.full((1, 1), epoch, np.float32)])
        # A new callback each time: a resumed training goes by what lies on the disk.
        keeper = KeepBest(network, path, fit)
        keeper.set_model(network)
        network.stop_training = False
        keeper.on_epoch_end(epoch, {"val_loss": loss, "val_accuracy": accuracy})
        if network.stop_training:
            stopped = epoch
            break
    network.load_weights(path)
    return network, stopped


@pytest.mark.parametrize(
    ("keep_epoch", "kept"), [("lowest_val_loss", 1), ("highest_val_accuracy", 2), ("last", 4)]
)
def test_the_epoch_that_the_recipe_names_is_kept(tmp_path, keep_epoch, kept):
    network, _ = watched(tmp_path / "best.weights.h5", plan(keep_epoch=keep_epoch, patience=0))
    assert network.get_weights()[0][0, 0] == kept


@pytest.mark.parametrize(
    ("keep_epoch", "patience", "stopped"),
    [
        ("lowest_val_loss", 0, 4),
        ("lowest_val_loss", 1, 2),
        ("lowest_val_loss", 2, 3),
        ("highest_val_accuracy", 1, 3),
    ],
)
def test_a_training_stops_after_so_many_epochs_without_a_better_one(
    tmp_path, keep_epoch, patience, stopped
):
    fit = plan(keep_epoch=keep_epoch, patience=patience)
    assert watched(tmp_path / "best.weights.h5", fit)[1] == stopped
