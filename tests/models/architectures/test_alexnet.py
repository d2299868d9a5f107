"""AlexNet, which is built here, is the network of its paper."""

from __future__ import annotations

import numpy as np

from models.architectures import HEADS, build_model
from models.architectures.weights import WeightsSource

DRAWN = WeightsSource(kind="none")


def test_alexnet_has_the_published_number_of_parameters() -> None:
    # 60 965 224: "60 million parameters", Krizhevsky et al. 2012, abstract; exact from its layers
    model = build_model(
        "alexnet",
        n_classes=1000,
        input_px=224,
        head=HEADS["krizhevsky-2012"],
        weights=DRAWN,
    )
    assert model.count_params() == 60_965_224
    assert model.get_layer("conv1").output.shape == (None, 55, 55, 96)


def test_alexnet_divides_by_the_squares_of_neighbouring_channels() -> None:
    import keras

    model = build_model("alexnet", n_classes=2, input_px=64, head=HEADS["linear"], weights=DRAWN)
    parts = keras.Model(
        model.input, [model.get_layer("conv1_relu").output, model.get_layer("lrn1").output]
    )
    rgb = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    before, after = (np.asarray(part) for part in parts(rgb))
    assert before.max() > 1
    expected = np.empty_like(before)
    for channel in range(before.shape[-1]):
        near = before[..., max(0, channel - 2) : channel + 3]
        expected[..., channel] = before[..., channel] / (2 + 1e-4 * (near**2).sum(axis=-1)) ** 0.75
    np.testing.assert_allclose(after, expected, rtol=1e-4)
