"""Heads are data: the papers' own come out as published, and wrong ones are refused."""

from __future__ import annotations

import re

import pytest

from models.architectures import (
    HEADS,
    BatchNorm,
    Dense,
    Dropout,
    HeadSpec,
    backbone_layers,
    build_model,
)
from models.architectures.weights import WeightsSource
from models.errors import ArchitectureError

DRAWN = WeightsSource(kind="none")


@pytest.mark.parametrize("name", list(HEADS))
def test_head_survives_the_way_through_a_dict(name: str) -> None:
    assert HeadSpec.from_dict(HEADS[name].to_dict()) == HEADS[name]


def test_narendra_head_has_the_parameters_of_the_papers_table() -> None:
    # narendra-2024, Table II: on ResNet50's 7 × 7 × 2048 feature map, with one sigmoid unit
    import keras

    from models.architectures.heads import add_head

    features = keras.Input((7, 7, 2048))
    head = keras.Model(features, add_head([features], HEADS["narendra-2024"], n_classes=2))
    counts = [layer.count_params() for layer in head.layers if layer.weights]
    assert counts[:-1] == [401_408, 51_380_736, 2_048, 131_328]
    assert head.get_layer("logits").count_params() == 2 * 257


def test_pushpalatha_head_regularises_kernel_activity_and_bias() -> None:
    model = build_model(
        "mobilenet", n_classes=2, input_px=64, head=HEADS["pushpalatha-2024"], weights=DRAWN
    )
    dense = model.get_layer("head_2_dense")
    assert dense.units == 256
    assert float(dense.kernel_regularizer.l2) == pytest.approx(0.016)
    assert float(dense.activity_regularizer.l1) == pytest.approx(0.006)
    assert float(dense.bias_regularizer.l1) == pytest.approx(0.006)
    norm = model.get_layer("head_1_batchnorm")
    assert (norm.momentum, norm.epsilon) == (0.99, 0.001)
    names = [layer.name for layer in model.layers if layer not in backbone_layers(model)]
    assert names[2:] == [
        "head_max",
        "head_1_batchnorm",
        "head_2_dense",
        "head_3_dropout",
        "logits",
    ]


def test_najjar_model_has_the_blocks_that_its_paper_trains() -> None:
    model = build_model("vgg16", n_classes=4, input_px=64, head=HEADS["najjar-2025"], weights=DRAWN)
    names = [layer.name for layer in backbone_layers(model)]
    assert names.index("block1_conv1") < names.index("block4_conv3")
    assert model.get_layer("head_1_dense").units == 1024
    assert model.get_layer("head_2_dropout").rate == 0.25


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"pooling": "mean"},
            "pooling of the head to be one of avg, max, flatten, mean_and_deviation, "
            "mean_and_deviation_at_depths, received 'mean'",
        ),
        ({"layers": []}, "Expected pooling of the head, received nothing"),
        ({"pooling": "avg", "units": 3}, "only the keys pooling, layers in the head"),
        (
            {"pooling": "avg", "layers": [{"kind": "conv"}]},
            "layers[0] of the head to be a table whose kind is one of batch_norm, dense, dropout",
        ),
        (
            {"pooling": "avg", "layers": [{"kind": "dense", "units": 1, "width": 3}]},
            "in layers[0] of the head, received 'width'",
        ),
        (
            {"pooling": "avg", "layers": [{"kind": "dense", "units": 0}]},
            "layers[0].units of the head to be a whole number of at least 1, received 0",
        ),
        (
            {"pooling": "avg", "layers": [{"kind": "dropout", "rate": 1.0}]},
            "layers[0].rate of the head to be a number of at least 0 and below 1, received 1.0",
        ),
        (
            {"pooling": "avg", "layers": [{"kind": "dense", "units": 9, "activation": "exec"}]},
            "activation of the head to be one of relu",
        ),
    ],
)
def test_head_that_cannot_be_built_is_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(ArchitectureError, match=re.escape(message)):
        HeadSpec.from_dict(data)


def test_a_layer_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(ArchitectureError, match="units of the dense layer to be a whole number"):
        Dense(units=0)


def test_head_layers_stand_in_the_order_that_was_asked_for() -> None:
    head = HeadSpec(
        pooling="avg", layers=(Dropout(rate=0.2), Dense(units=8, activation="gelu"), BatchNorm())
    )
    model = build_model("mobilenet", n_classes=2, input_px=64, head=head, weights=DRAWN)
    assert [layer.name for layer in model.layers[-5:]] == [
        "head_avg",
        "head_1_dropout",
        "head_2_dense",
        "head_3_batchnorm",
        "logits",
    ]


def test_the_texture_head_pools_mean_and_standard_deviation_of_each_channel() -> None:
    import keras
    import numpy as np

    from models.architectures.heads import add_head

    features = keras.Input((5, 7, 3))
    head = keras.Model(features, add_head([features], HEADS["texture"], n_classes=2))
    pooled = keras.Model(features, head.get_layer("head_mean_and_deviation").output)
    values = np.random.default_rng(0).random((2, 5, 7, 3)).astype(np.float32)
    expected = np.hstack([values.mean(axis=(1, 2)), values.std(axis=(1, 2))])
    np.testing.assert_allclose(np.asarray(pooled(values)), expected, atol=1e-4)


def test_the_head_of_several_depths_pools_each_of_the_architectures_maps() -> None:
    import keras
    import numpy as np

    model = build_model(
        "mobilenet-stride16",
        n_classes=2,
        input_px=64,
        head=HEADS["texture-at-depths"],
        weights=DRAWN,
    )
    depths = ("conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_8_relu", "conv_pw_11_relu")
    maps = [model.get_layer(name).output for name in depths]
    pooled = model.get_layer("head_mean_and_deviation_at_depths").output
    values = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    *seen, found = keras.Model(model.input, [*maps, pooled])(values)
    expected = [f(np.asarray(each), axis=(1, 2)) for each in seen for f in (np.mean, np.std)]
    # of channels that are even a thousandth is left, whose slope is finite
    np.testing.assert_allclose(np.asarray(found), np.hstack(expected), atol=2e-3)
    assert found.shape == (2, 2 * (128 + 256 + 512 + 512))


def test_an_architecture_without_depths_refuses_the_head_that_needs_them() -> None:
    with pytest.raises(ArchitectureError, match="mobilenet names none"):
        build_model(
            "mobilenet", n_classes=2, input_px=64, head=HEADS["texture-at-depths"], weights=DRAWN
        )


def test_an_even_channel_has_a_slope_that_is_finite() -> None:
    import numpy as np
    import tensorflow as tf

    model = build_model(
        "colour-numbers", n_classes=2, input_px=8, head=HEADS["texture"], weights=DRAWN
    )
    even = tf.fill((1, 8, 8, 3), 200.0)
    with tf.GradientTape() as tape:
        tape.watch(even)
        logits = model(even)
    assert np.isfinite(np.asarray(tape.gradient(logits, even))).all()
