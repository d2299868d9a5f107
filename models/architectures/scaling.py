"""Pixel scaling as layers of the graph, so that every saved model takes RGB 0–255.

Everything here is stock Keras without weights: it loads in safe mode, and nothing of it can be
trained by accident.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from models.architectures.spec import KerasTensor, Scaling

SCALING_LAYER = "scale_pixels"
"""Name of the layer whose output is the scaled image."""

# Means and standard deviations of ImageNet's training pixels, RGB. 0–255 as subtracted by
# Simonyan and Zisserman 2014; 0–1 as in keras.applications.imagenet_utils.preprocess_input.
IMAGENET_MEAN_255 = (123.68, 116.779, 103.939)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# scaling → (scale, offset) of value × scale + offset, by channel where the channels differ
_SCALES: Mapping[Scaling, tuple[Any, Any]] = MappingProxyType(
    {
        "minus-one-to-one": (1.0 / 127.5, -1.0),
        "caffe-bgr": (1.0, [-mean for mean in reversed(IMAGENET_MEAN_255)]),
        "imagenet-mean": (1.0, [-mean for mean in IMAGENET_MEAN_255]),
        "imagenet-mean-std": (
            [1.0 / (255.0 * std) for std in IMAGENET_STD],
            [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)],
        ),
        "lite": (1.0 / 128.0, -127.0 / 128.0),
        "zero-to-one": (1.0 / 255.0, 0.0),
    }
)


def scale_pixels(rgb: KerasTensor, scaling: Scaling) -> KerasTensor:
    """Scale RGB 0–255 to what weights expect.

    The scaling is computed in float32 whatever the precision policy, because float16 would
    round it.

    Args:
        rgb: Symbolic tensor (N, px, px, 3), float32, 0–255.
        scaling: That of the architecture's published weights, or another that was chosen.

    Returns:
        Symbolic tensor of the same shape. The order of channels is BGR after "caffe-bgr".
    """
    from keras import layers, ops

    if scaling == "caffe-bgr":
        rgb = ops.flip(rgb, axis=-1)
    scale, offset = _SCALES[scaling]
    return layers.Rescaling(scale, offset=offset, dtype="float32", name=SCALING_LAYER)(rgb)
