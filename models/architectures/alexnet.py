"""AlexNet: five convolutions, two of the networks that the paper ran on two graphics cards.

Source: Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional
Neural Networks" (NIPS 25), sections 3.3 to 3.5 and 5. The second, fourth and fifth convolution see
half of the channels each, as they did there. The paper's fully connected layers are the head
"krizhevsky-2012".
"""

from __future__ import annotations

from models.architectures.spec import ArchitectureSpec, KerasTensor

_NEIGHBOURS = 5  # n, section 3.3: 5 channels wide, k = 2, alpha = 1e-4, beta = 0.75
_BIAS, _ALPHA, _BETA = 2.0, 1e-4, 0.75


def _backbone(scaled: KerasTensor) -> KerasTensor:
    from keras import layers

    # 224 px and 11 px steps of 4 give the paper's 55 × 55 outputs when 3 px of border are added
    x = layers.ZeroPadding2D(((1, 2), (1, 2)), data_format="channels_last", name="conv1_pad")(
        scaled
    )
    x = _convolve(x, 1, 96, kernel_px=11, stride=4, groups=1, bias=0.0)
    x = _pool(_normalise(x, 1), 1)
    x = _convolve(x, 2, 256, kernel_px=5, stride=1, groups=2, bias=1.0)
    x = _pool(_normalise(x, 2), 2)
    x = _convolve(x, 3, 384, kernel_px=3, stride=1, groups=1, bias=0.0)
    x = _convolve(x, 4, 384, kernel_px=3, stride=1, groups=2, bias=1.0)
    x = _convolve(x, 5, 256, kernel_px=3, stride=1, groups=2, bias=1.0)
    return _pool(x, 5)


def _convolve(
    x: KerasTensor,
    number: int,
    channels: int,
    *,
    kernel_px: int,
    stride: int,
    groups: int,
    bias: float,
) -> KerasTensor:
    from keras import initializers, layers

    x = layers.Conv2D(
        channels,
        kernel_px,
        strides=stride,
        padding="valid" if stride > 1 else "same",
        groups=groups,
        data_format="channels_last",
        kernel_initializer=initializers.RandomNormal(stddev=0.01),  # section 5
        bias_initializer=initializers.Constant(bias),
        name=f"conv{number}",
    )(x)
    return layers.ReLU(name=f"conv{number}_relu")(x)


def _pool(x: KerasTensor, number: int) -> KerasTensor:
    """Overlapping pooling, section 3.4."""
    from keras import layers

    return layers.MaxPooling2D(3, strides=2, data_format="channels_last", name=f"pool{number}")(x)


def _normalise(x: KerasTensor, number: int) -> KerasTensor:
    """Local response normalisation, section 3.3, in stock layers.

    Each value is divided by (2 + 1e-4 × sum of squares over 5 neighbouring channels) ** 0.75. The
    channels are laid out as columns, so that a pooling can sum over them; in float32, because
    squares overflow float16.
    """
    from keras import layers, ops

    name = f"lrn{number}"
    rows, columns, channels = (int(side) for side in x.shape[1:])
    margin = _NEIGHBOURS // 2
    squares = layers.Multiply(dtype="float32", name=f"{name}_square")([x, x])
    squares = layers.Reshape((rows * columns, channels, 1), name=f"{name}_spread")(squares)
    squares = layers.ZeroPadding2D(
        ((0, 0), (margin, margin)), data_format="channels_last", name=f"{name}_pad"
    )(squares)
    mean = layers.AveragePooling2D(
        (1, _NEIGHBOURS),
        strides=1,
        data_format="channels_last",
        dtype="float32",
        name=f"{name}_mean",
    )(squares)
    mean = layers.Reshape((rows, columns, channels), name=f"{name}_fold")(mean)
    divisor = layers.Rescaling(
        _ALPHA * _NEIGHBOURS, offset=_BIAS, dtype="float32", name=f"{name}_divisor"
    )(mean)
    return layers.Multiply(name=name)([x, ops.power(divisor, -_BETA)])


ALEXNET = ArchitectureSpec(
    name="alexnet",
    giga_macs=0.71,
    title="AlexNet",
    family="AlexNet",
    default_px=224,
    min_px=64,
    scaling="imagenet-mean",
    weights=("file", "none"),
    saliency_layer="conv5_relu",
    source="Krizhevsky et al. 2012, NIPS 25",
    backbone=_backbone,
)
