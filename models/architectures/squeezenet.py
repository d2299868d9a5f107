"""SqueezeNet 1.1: 1×1 convolutions squeeze the channels before 1×1 and 3×3 ones expand them again.

Source: Iandola et al. 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and
<0.5MB model size" (arXiv 1602.07360); version 1.1 as published by its authors
(https://github.com/forresti/SqueezeNet): 64 filters of 3×3 first, and pooling earlier.

Pooling leaves out a last row that it would see half of, as in the Keras port that the ImageNet
weights come from; Caffe would pad it. The means that are subtracted differ from the port's by less
than 1.1 grey levels.
"""

from __future__ import annotations

from models.architectures.spec import ArchitectureSpec, KerasTensor

# Channels that each fire module squeezes to; it expands to four times as many, twice.
_SQUEEZED = (16, 16, 32, 32, 48, 48, 64, 64)
_FIRST_FIRE = 2  # conv1 is the first layer, so the modules are numbered from 2
_POOLED_AFTER = (3, 5)


def _backbone(scaled: KerasTensor) -> KerasTensor:
    x = _convolve(scaled, "conv1", 64, kernel_px=3, stride=2, padding="valid")
    x = _pool(x, 1)
    for fire, squeezed in enumerate(_SQUEEZED, start=_FIRST_FIRE):
        x = _fire(x, f"fire{fire}", squeezed)
        if fire in _POOLED_AFTER:
            x = _pool(x, fire)
    return x


def _fire(x: KerasTensor, name: str, squeezed: int) -> KerasTensor:
    """Section 3.2 of the paper."""
    from keras import layers

    x = _convolve(x, f"{name}_squeeze", squeezed, kernel_px=1)
    expanded = [
        _convolve(x, f"{name}_expand{kernel_px}", 4 * squeezed, kernel_px=kernel_px)
        for kernel_px in (1, 3)
    ]
    return layers.Concatenate(axis=-1, name=f"{name}_concat")(expanded)


def _convolve(
    x: KerasTensor,
    name: str,
    channels: int,
    *,
    kernel_px: int,
    stride: int = 1,
    padding: str = "same",
) -> KerasTensor:
    from keras import layers

    x = layers.Conv2D(
        channels,
        kernel_px,
        strides=stride,
        padding=padding,
        data_format="channels_last",
        name=name,
    )(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _pool(x: KerasTensor, number: int) -> KerasTensor:
    from keras import layers

    return layers.MaxPooling2D(3, strides=2, data_format="channels_last", name=f"pool{number}")(x)


SQUEEZENET = ArchitectureSpec(
    name="squeezenet",
    giga_macs=0.26,
    title="SqueezeNet 1.1",
    family="SqueezeNet",
    default_px=227,
    min_px=31,
    scaling="caffe-bgr",
    weights=("package", "file", "none"),
    saliency_layer="fire9_concat",
    source="Iandola et al. 2016, arXiv 1602.07360; version 1.1 of its authors",
    backbone=_backbone,
)
