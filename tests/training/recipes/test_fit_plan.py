"""What a recipe's keys do to a training, on an AlexNet of drawn weights and tiny images."""

import tomllib

import numpy as np
import pytest

from training.fit.epochs import EpochSeconds
from training.fit.network import fit, network_of
from training.fit.parts import Part
from training.recipes.recipe import RECIPES, Recipe, parse_recipe

pytestmark = pytest.mark.slow


def recipe(**fit_plan: object) -> Recipe:
    values = tomllib.loads((RECIPES / "pushpalatha-2024-alexnet.toml").read_text())
    values["model"] |= {"input_px": 64, "head": {"pooling": "avg"}}
    values["steps"] = [{"name": "resize", "parameters": {"size_px": 64, "fit": "stretch"}}]
    values["augmentation"] = {"mixup": 0.3, "cutmix": 1.0, "horizontal_flip": 1}
    values["fit"] |= {"epochs": 2, "batch": 8, "class_weights": "sqrt", **fit_plan}
    return parse_recipe(values, name="tiny")


def part(seed: int) -> Part:
    """Dark and bright images: twelve and four."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], [12, 4])
    rgb = (60 + 120 * labels[:, None, None, None] + rng.integers(0, 40, (16, 64, 64, 3))).astype(
        np.uint8
    )
    features = np.empty((0, 16, 0), np.float32)
    numbers = np.arange(16)
    return Part(rgb=rgb, labels=labels, features=features, groups=numbers, sources=numbers // 8)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    plan = recipe(frozen_after="conv2", keep_epoch="last", patience=0)
    return fit(plan, train=part(1), validation=part(2), n_classes=2, folder=folder), plan, folder


def test_a_training_with_mixed_labels_and_class_weights_runs_every_epoch(trained):
    _, _, folder = trained
    history = np.genfromtxt(folder / "history.csv", delimiter=",", names=True)
    assert history["epoch"].tolist() == [0, 1]
    assert np.isfinite(history["val_loss"]).all()
    assert (history["seconds"] > 0).all()


def test_a_history_that_was_begun_without_seconds_keeps_its_columns(tmp_path):
    history = tmp_path / "history.csv"
    for begun, is_measured in (("", True), ("epoch,loss", False), ("epoch,loss,seconds", True)):
        history.write_text(begun and f"{begun}\n")
        measure, logs = EpochSeconds(history), {"loss": 1.0}
        measure.on_epoch_begin(0)
        measure.on_epoch_end(0, logs)
        assert ("seconds" in logs) == is_measured


def test_frozen_layers_come_out_as_they_went_in(trained):
    from models.architectures import build_model

    model, plan, _ = trained
    before = build_model(
        plan.architecture,
        n_classes=2,
        input_px=64,
        head=plan.head,
        weights=plan.weights,
        seed=plan.seed,
    )
    moved = {
        layer.name: np.abs(layer.get_weights()[0] - model.get_layer(layer.name).get_weights()[0])
        for layer in before.layers
        if layer.weights
    }
    # Stored weights are rounded to 11 bits, so that unmoved ones differ by that at most.
    assert moved["conv5"].max() < 1e-4
    assert moved["conv2"].max() > 5e-4


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_short_epochs_that_draw_take_their_steps_and_go_on_where_they_stopped(tmp_path):
    changes = {"epoch_steps": 3, "average": 0.5, "class_weights": "none", "keep_epoch": "last"}
    told: list[int] = []

    def stop_once_in_the_second(phase: str, epoch: int, epochs: int, figures: object) -> None:
        told.append(epoch)
        if told == [1, 2]:
            raise KeyboardInterrupt

    plan = recipe(**changes, patience=0)
    arguments = {"train": part(1), "validation": part(2), "n_classes": 2}
    whole = fit(plan, **arguments, folder=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(plan, **arguments, folder=tmp_path / "stopped", tell=stop_once_in_the_second)
    resumed = fit(plan, **arguments, folder=tmp_path / "stopped", tell=stop_once_in_the_second)
    assert told == [1, 2, 2]
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_the_scaling_that_a_recipe_chose_is_in_the_network():
    values = dict(recipe().source)
    values["model"] = {**values["model"], "scaling": "zero-to-one"}
    plan = parse_recipe(values, name="tiny")
    scale = network_of(plan, 2).get_layer("scale_pixels").scale
    assert scale == pytest.approx(1 / 255)
