"""Maps of a model that learned something change when that is taken away, and come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.agreement import rank_correlation
from models.answer.runtime import Model
from models.bundle.card import read_card
from models.bundle.folder import read_manifest
from models.preprocessing import Step
from training.audits.saliency_weights import drawn_anew, unchanged_part

pytestmark = pytest.mark.slow

PX = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A small network that learned to find a dark blob, and what it is asked about."""

    network: object
    model: Model
    pictures: np.ndarray

    def explain(self, item: int) -> np.ndarray:
        return self.model.explain(self.pictures[item], 1, "grad-cam").map


def pictures_with_blobs(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Pale pictures with noise; every other one has a dark blob somewhere."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    rgb = rng.integers(200, 240, (n, PX, PX, 3)).astype(np.uint8)
    for picture in rgb[1::2]:
        x, y = (int(value) for value in rng.integers(6, PX - 6, 2))
        cv2.circle(picture, (x, y), 5, (90, 50, 130), -1)
    return rgb, labels


@pytest.fixture(scope="module")
def trained(tiny_bundle: Path) -> Trained:
    import keras

    keras.utils.set_random_seed(3)
    rgb, labels = pictures_with_blobs(64)
    x = inputs = keras.Input((PX, PX, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = keras.layers.Conv2D(8, 3, padding="same", strides=2, activation="relu")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.BatchNormalization(momentum=0.5)(x)
    x = keras.layers.Conv2D(8, 1, activation="relu", name="features")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(inputs, keras.layers.Dense(2, name="logits")(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.02), loss)
    network.fit(rgb.astype(np.float32), labels, epochs=25, batch_size=64, verbose=0)
    manifest = read_manifest(tiny_bundle).changed(
        classes=("normal", "blast"),
        input_px=PX,
        steps=(Step(name="resize", parameters={"size_px": PX}),),
        saliency_layer="features",
    )
    model = Model(manifest=manifest, card=read_card(tiny_bundle / "card.json"), network=network)
    assert (model.logits(rgb).argmax(axis=1) == labels).mean() > 0.9
    return Trained(network=network, model=model, pictures=rgb[labels == 1][:9])


def test_maps_change_when_the_weights_are_drawn_anew(trained: Trained) -> None:
    maps = [trained.explain(item) for item in range(9)]
    left = {
        alone: unchanged_part(trained.network, trained.explain, maps, is_head_alone=alone)
        for alone in (True, False)
    }
    assert left[True] < 0.8
    assert left[False] < 0.8
    for item, before in enumerate(maps):
        np.testing.assert_array_equal(trained.explain(item), before)


def test_a_method_that_draws_the_picture_keeps_its_maps(trained: Trained) -> None:
    def edges(item: int) -> np.ndarray:
        return trained.pictures[item, ..., 1].astype(np.float32)

    maps = [edges(item) for item in range(9)]
    kept = unchanged_part(trained.network, edges, maps, is_head_alone=False)
    assert kept == pytest.approx(1)


@pytest.mark.parametrize("is_head_alone", [True, False])
def test_only_what_is_to_be_drawn_is_drawn(trained: Trained, is_head_alone: bool) -> None:
    weights: Callable[[], list[np.ndarray]] = trained.network.get_weights  # type: ignore[attr-defined]
    before = weights()
    with drawn_anew(trained.network, is_head_alone=is_head_alone, seed=0):
        same = [np.array_equal(*pair) for pair in zip(before, weights(), strict=True)]
        assert same[:-2] == [is_head_alone] * (len(same) - 2)
        assert not any(same[-2:])
        # The signal neither dies nor explodes.
        assert 1e-3 < float(np.abs(trained.model.logits(trained.pictures)).max()) < 1e3
    for first, second in zip(before, weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_an_empty_map_has_nothing_in_common_with_another() -> None:
    assert rank_correlation(np.zeros((4, 4)), np.eye(4)) is None
