"""Every architecture passes one contract: build, scale, save, load, predict, freeze, explain."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.architectures import (
    ARCHITECTURES,
    HEADS,
    ArchitectureSpec,
    architecture,
    backbone_layers,
    build_model,
)
from models.architectures.weights import WeightsSource
from models.errors import ArchitectureError

pytestmark = pytest.mark.slow

DRAWN = WeightsSource(kind="none")

# What red 255, green 0, blue 127 become, worked out by hand from each family's publication.
CAFFE = (127 - 103.939, -116.779, 255 - 123.68)  # blue, green, red
SIGNED = (1.0, -1.0, 127 / 127.5 - 1)
STANDARDISED = ((1 - 0.485) / 0.229, -0.456 / 0.224, (127 / 255 - 0.406) / 0.225)
SCALED_PIXEL = {
    "Baseline": SIGNED,
    "AlexNet": (255 - 123.68, -116.779, 127 - 103.939),
    "DenseNet": STANDARDISED,
    "EfficientNet": STANDARDISED,
    "EfficientNet-Lite": (1.0, -127 / 128, 0.0),
    "Inception": SIGNED,
    "MobileNet": SIGNED,
    "ResNet": CAFFE,
    "SqueezeNet": CAFFE,
    "VGG": CAFFE,
}


def small_px(spec: ArchitectureSpec) -> int:
    return max(64, spec.min_px)


def drawn_cells(px: int) -> np.ndarray:
    """Two purple discs on a pale ground, (2, px, px, 3), 0–255."""
    import cv2

    rgb = np.full((px, px, 3), (230, 220, 225), np.uint8)
    cv2.circle(rgb, (px // 3, px // 3), px // 6, (120, 60, 150), -1)
    return np.stack([rgb, rgb[::-1, :, ::-1]])


def assert_same(received: np.ndarray, expected: np.ndarray) -> None:
    """Within 1e-5 of the largest logit: without training some networks answer very small ones."""
    scale = np.abs(expected).max()
    assert scale > 0
    np.testing.assert_allclose(received / scale, expected / scale, atol=1e-5)


def logits(model: object, rgb: np.ndarray) -> np.ndarray:
    return np.asarray(model(rgb.astype(np.float32), training=False))


@pytest.mark.parametrize("spec", ARCHITECTURES.values(), ids=list(ARCHITECTURES))
def test_architecture_builds_scales_saves_loads_predicts_freezes_and_explains(
    spec: ArchitectureSpec, tmp_path: Path
) -> None:
    import keras

    px = small_px(spec)
    request = {"n_classes": 3, "input_px": px, "head": HEADS["linear"], "weights": DRAWN}
    model = build_model(spec.name, **request, seed=7)

    # a flat graph, from RGB to linear logits
    assert model.input.name == "rgb"
    assert model.input_shape == (None, px, px, 3)
    assert model.output_shape == (None, 3)
    assert model.layers[-1].name == "logits"
    assert model.layers[-1].activation is keras.activations.linear
    assert not [layer for layer in model.layers if isinstance(layer, keras.Model)]
    assert not [layer.name for layer in model.layers if layer.name.startswith("_")]

    # the scaling is inside, and takes 0–255
    pixel = np.full((1, px, px, 3), (255, 0, 127), np.float32)
    scaling = model.get_layer("scale_pixels")
    scaled = np.asarray(keras.Model(model.input, scaling.output)(pixel))
    np.testing.assert_allclose(scaled[0, 0, 0], SCALED_PIXEL[spec.family], atol=1e-4)
    assert not scaling.weights

    # saving and loading in safe mode, and the seed, change nothing
    rgb = drawn_cells(px)
    answered = logits(model, rgb)
    assert np.isfinite(answered).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    assert_same(logits(loaded, rgb), answered)
    again = build_model(spec.name, **request, seed=7)
    assert_same(logits(again, rgb), answered)

    # the border between backbone and head outlives saving
    names = [layer.name for layer in backbone_layers(model)]
    assert [layer.name for layer in backbone_layers(loaded)] == names
    for layer in backbone_layers(loaded):
        layer.trainable = False
    assert [weight.path.split("/")[0] for weight in loaded.trainable_weights] == ["logits"] * 2

    # the saliency layer is the last feature map, activated, with rows and columns
    assert spec.saliency_layer in names
    last = names.index(spec.saliency_layer)
    assert not [
        layer.name for layer in backbone_layers(model)[last + 1 :] if "Conv" in type(layer).__name__
    ]
    features = np.asarray(
        keras.Model(model.input, model.get_layer(spec.saliency_layer).output)(
            rgb.astype(np.float32)
        )
    )
    assert features.ndim == 4
    # Pixels themselves, and the linear end of an inverted residual, may be below 0.
    if spec.name != "colour-numbers" and not spec.cut_from:
        assert features.min() >= -0.28  # the least that ReLU, ReLU6 and SiLU answer

    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.scores import CategoricalScore

    explain = Gradcam(loaded, clone=False)
    saliency = explain(
        CategoricalScore([1, 1]),
        rgb.astype(np.float32),
        penultimate_layer=spec.saliency_layer,
        seek_penultimate_conv_layer=False,
    )
    assert saliency.shape == (2, px, px)
    assert np.isfinite(saliency).all()


def test_a_scaling_that_was_chosen_takes_the_place_of_the_architectures_own() -> None:
    import keras

    request = {"n_classes": 2, "input_px": 32, "head": HEADS["linear"], "weights": DRAWN}
    pixel = np.broadcast_to(np.array([51, 102, 255], np.float32), (1, 32, 32, 3))

    def seen(model: Any) -> np.ndarray:
        scaled = model.get_layer("scale_pixels").output
        return np.asarray(keras.Model(model.input, scaled)(pixel))[0, 0, 0]

    own = build_model("vgg16", **request)
    chosen = build_model("vgg16", **request, scaling="zero-to-one")
    assert seen(own) == pytest.approx([255 - 103.939, 102 - 116.779, 51 - 123.68], abs=1e-3)
    assert seen(chosen) == pytest.approx([0.2, 0.4, 1.0], abs=1e-6)  # RGB, divided by 255
    assert [weight.shape for weight in chosen.weights] == [weight.shape for weight in own.weights]


@pytest.mark.parametrize("name", ["vgg16", "alexnet"])
def test_clone_that_is_given_the_weights_answers_the_same(name: str) -> None:
    # tf-keras-vis clones so; these graphs hold operations beside layers
    import keras

    model = build_model(name, n_classes=2, input_px=64, head=HEADS["linear"], weights=DRAWN)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    rgb = drawn_cells(64)
    assert_same(logits(clone, rgb), logits(model, rgb))


def test_registry_holds_every_architecture_that_the_papers_name() -> None:
    named = {
        *("vgg16", "vgg19", "resnet50", "resnet101", "densenet121", "inceptionv3", "xception"),
        *("mobilenet", "mobilenetv2", "efficientnetb0", "efficientnetb3", "alexnet"),
        *("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"),
        "squeezenet",
    }
    assert named <= set(ARCHITECTURES)
    assert all(name == spec.name for name, spec in ARCHITECTURES.items())
    with pytest.raises(TypeError):
        ARCHITECTURES["mine"] = ARCHITECTURES["vgg16"]


def test_importing_architectures_loads_no_deep_learning_library() -> None:
    code = (
        "import sys, models.architectures; "
        "sys.exit(bool({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_architecture_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ArchitectureError, match=r"alexnet, colour-numbers, densenet121.*xception; received 'vgg'"
    ):
        architecture("vgg")


@pytest.mark.parametrize("name", ["inceptionv3", "efficientnet-lite0"])
def test_too_small_an_input_is_refused_with_the_minimum(name: str) -> None:
    spec = architecture(name)
    with pytest.raises(ArchitectureError, match=f"at least {spec.min_px} px for {name}"):
        build_model(
            name, n_classes=3, input_px=spec.min_px - 1, head=HEADS["linear"], weights=DRAWN
        )


def test_one_class_is_refused() -> None:
    with pytest.raises(ArchitectureError, match="at least 2 classes"):
        build_model("mobilenet", n_classes=1, input_px=64, head=HEADS["linear"], weights=DRAWN)


def test_weights_that_an_architecture_does_not_have_are_refused() -> None:
    with pytest.raises(ArchitectureError, match="file, none for alexnet, received 'imagenet'"):
        build_model(
            "alexnet",
            n_classes=3,
            input_px=64,
            head=HEADS["linear"],
            weights=WeightsSource(kind="imagenet"),
        )


def test_another_seed_draws_other_weights_and_no_seed_leaks() -> None:
    request = {"n_classes": 3, "input_px": 64, "head": HEADS["linear"], "weights": DRAWN}
    before = random.getstate()
    one, other = (build_model("mobilenet", **request, seed=seed) for seed in (1, 2))
    assert random.getstate() == before
    rgb = drawn_cells(64)
    first, second = logits(one, rgb), logits(other, rgb)
    assert np.abs(first - second).max() > 0.1 * np.abs(first).max()
