"""Heads as data: what stands between the backbone's feature map and the logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from models.architectures.spec import KerasTensor
from models.errors import ArchitectureError
from models.stored import Count, Several, Stored

Pooling = Literal["avg", "max", "flatten", "mean_and_deviation", "mean_and_deviation_at_depths"]
Activation = Literal["relu", "gelu", "tanh", "sigmoid", "linear"]
Strength = Annotated[float, Field(ge=0)]
HEAD_PREFIX = "head_"
"""Every layer of a head but the last has a name that begins so."""
POOLED = tuple(f"{HEAD_PREFIX}{pooling}" for pooling in get_args(Pooling))
"""Names that the layer of a head that ends the pooling may have."""
LOGITS = "logits"
"""Name of a model's last layer: linear, one unit a class."""
AT_DEPTHS: Final = "mean_and_deviation_at_depths"
"""The pooling that takes feature maps of several depths."""
LEAST_VARIANCE = 1e-6
"""Added before the root of a deviation, whose slope is infinite at 0."""


class Dense(Stored):
    """A fully connected layer."""

    refused_as = ArchitectureError
    called = "the dense layer"

    kind: Literal["dense"] = "dense"
    units: Count
    """Number of units."""
    activation: Activation = "relu"
    """What follows it."""
    kernel_l2: Strength = 0.0
    """Strength of the L2 penalty on its weights, 0 for none."""
    activity_l1: Strength = 0.0
    """Strength of the L1 penalty on what it gives."""
    bias_l1: Strength = 0.0
    """Strength of the L1 penalty on its bias."""


class BatchNorm(Stored):
    """Batch normalisation over the channels; Keras's own defaults."""

    refused_as = ArchitectureError
    called = "the batch normalisation"

    kind: Literal["batch_norm"] = "batch_norm"
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.99
    epsilon: Annotated[float, Field(gt=0)] = 1e-3


class Dropout(Stored):
    """Drops a share of the units during training."""

    refused_as = ArchitectureError
    called = "the dropout"

    kind: Literal["dropout"] = "dropout"
    rate: Annotated[float, Field(ge=0, lt=1)]
    """That share."""


HeadLayer = Dense | BatchNorm | Dropout


class HeadSpec(Stored):
    """How a feature map (rows, columns, channels) becomes logits."""

    refused_as = ArchitectureError
    called = "the head"

    pooling: Pooling
    """Over rows and columns "avg", "max" or "mean_and_deviation": the mean of each channel, then
    its standard deviation, which tell textures apart (Huang and Belongie 2017, arXiv 1703.06868,
    section 3), of the last map, or one after the other at each of the architecture's depths; or
    "flatten"."""
    layers: Several[Annotated[HeadLayer, Field(discriminator="kind")]] = ()
    """What follows the pooling, in order. The linear layer that gives the logits always comes last
    and is not part of the specification."""

    @property
    def is_linear(self) -> bool:
        """Whether the logits are a linear function of pooled channels."""
        return not self.layers and self.pooling != "flatten"


def pools_at_depths(network: KerasTensor) -> bool:
    """Whether a network's head, as `add_head` makes it, pools feature maps of several depths."""
    return any(layer.name == f"{HEAD_PREFIX}{AT_DEPTHS}" for layer in network.layers)


def add_head(maps: Sequence[KerasTensor], head: HeadSpec, *, n_classes: int) -> KerasTensor:
    """Add a head to feature maps (N, rows, columns, channels); answers logits (N, n_classes).

    Args:
        maps: The last one alone, or those of several depths where the head's pooling is AT_DEPTHS.
        head: What is added.
        n_classes: Number of classes.
    """
    from keras import layers

    x = _pool(maps, head.pooling)
    for number, layer in enumerate(head.layers, start=1):
        x = _add_layer(x, layer, f"{HEAD_PREFIX}{number}_{type(layer).__name__.lower()}")
    # float32 even under mixed precision: a softmax over float16 logits loses digits
    return layers.Dense(n_classes, dtype="float32", name=LOGITS)(x)


def _pool(maps: Sequence[KerasTensor], pooling: str) -> KerasTensor:
    from keras import layers, ops

    if pooling in ("mean_and_deviation", AT_DEPTHS):
        found = []
        for number, each in enumerate(maps):
            name = f"{HEAD_PREFIX}mean" + (f"_{number + 1}" if pooling == AT_DEPTHS else "")
            mean = layers.GlobalAveragePooling2D(data_format="channels_last", name=name)
            found += [mean(each), ops.sqrt(ops.var(each, axis=(1, 2)) + LEAST_VARIANCE)]
        return layers.Concatenate(name=f"{HEAD_PREFIX}{pooling}")(found)
    (features,) = maps
    kinds = {
        "avg": layers.GlobalAveragePooling2D,
        "max": layers.GlobalMaxPooling2D,
        "flatten": layers.Flatten,
    }
    layer = kinds[pooling](data_format="channels_last", name=f"{HEAD_PREFIX}{pooling}")
    return layer(features)


def _add_layer(x: KerasTensor, layer: HeadLayer, name: str) -> KerasTensor:
    from keras import layers, regularizers

    if isinstance(layer, BatchNorm):
        return layers.BatchNormalization(
            axis=-1, momentum=layer.momentum, epsilon=layer.epsilon, name=name
        )(x)
    if isinstance(layer, Dropout):
        return layers.Dropout(layer.rate, name=name)(x)
    return layers.Dense(
        layer.units,
        activation=layer.activation,
        kernel_regularizer=regularizers.L2(layer.kernel_l2) if layer.kernel_l2 else None,
        activity_regularizer=regularizers.L1(layer.activity_l1) if layer.activity_l1 else None,
        bias_regularizer=regularizers.L1(layer.bias_l1) if layer.bias_l1 else None,
        name=name,
    )(x)


HEADS: Mapping[str, HeadSpec] = MappingProxyType(
    {
        "linear": HeadSpec(pooling="avg"),
        "texture": HeadSpec(pooling="mean_and_deviation"),
        "texture-at-depths": HeadSpec(pooling=AT_DEPTHS),
        # Section "The process of model building". The paper names the three regularizers and the
        # dropout without their strengths; these are the ones that this head is commonly published
        # with: L2 0.016, L1 0.006, L1 0.006, dropout 0.45.
        "pushpalatha-2024": HeadSpec(
            pooling="max",
            layers=(
                BatchNorm(momentum=0.99, epsilon=0.001),
                Dense(units=256, kernel_l2=0.016, activity_l1=0.006, bias_l1=0.006),
                Dropout(rate=0.45),
            ),
        ),
        # Table II. The activations and the rates of dropout are not stated: ReLU and 0.5, the
        # rate of Srivastava et al. 2014 (JMLR 15).
        "narendra-2024": HeadSpec(
            pooling="flatten",
            layers=(
                BatchNorm(),
                Dense(units=512),
                Dropout(rate=0.5),
                BatchNorm(),
                Dense(units=256),
                Dropout(rate=0.5),
            ),
        ),
        "najjar-2025": HeadSpec(pooling="flatten", layers=(Dense(units=1024), Dropout(rate=0.25))),
        # Krizhevsky et al. 2012, sections 3.5 and 4.2: AlexNet's own.
        "krizhevsky-2012": HeadSpec(
            pooling="flatten",
            layers=(
                Dense(units=4096),
                Dropout(rate=0.5),
                Dense(units=4096),
                Dropout(rate=0.5),
            ),
        ),
    }
)
"""Heads by name: a plain one, those of the papers, and AlexNet's own."""
