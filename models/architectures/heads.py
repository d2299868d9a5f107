"""Heads as data: what stands between the backbone's feature map and the logits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from models.architectures.spec import KerasTensor
from models.errors import ArchitectureError

POOLINGS = ("avg", "max", "flatten", "mean_and_deviation")
_LEAST_VARIANCE = 1e-6
"""Added before the root, whose slope is infinite at 0."""
ACTIVATIONS = ("relu", "gelu", "tanh", "sigmoid", "linear")
HEAD_PREFIX = "head_"
"""Every layer of a head but the last has a name that begins so."""
POOLED = tuple(f"{HEAD_PREFIX}{pooling}" for pooling in POOLINGS)
"""Names that the layer of a head that ends the pooling may have."""
LOGITS = "logits"
"""Name of a model's last layer: linear, one unit a class."""


@dataclass(frozen=True, kw_only=True)
class Dense:
    """A fully connected layer.

    Attributes:
        units: Number of units, at least 1.
        activation: One of ACTIVATIONS.
        kernel_l2, activity_l1, bias_l1: Strength of each penalty, 0 for none.
    """

    units: int
    activation: str = "relu"
    kernel_l2: float = 0.0
    activity_l1: float = 0.0
    bias_l1: float = 0.0

    def __post_init__(self) -> None:
        _expect(isinstance(self.units, int) and self.units >= 1, "Dense.units", self.units, "≥ 1")
        _expect(
            self.activation in ACTIVATIONS,
            "Dense.activation",
            self.activation,
            f"one of {', '.join(ACTIVATIONS)}",
        )
        for key in ("kernel_l2", "activity_l1", "bias_l1"):
            _expect(getattr(self, key) >= 0, f"Dense.{key}", getattr(self, key), "≥ 0")


@dataclass(frozen=True, kw_only=True)
class BatchNorm:
    """Batch normalisation over the channels; Keras's own defaults."""

    momentum: float = 0.99
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        _expect(0 <= self.momentum < 1, "BatchNorm.momentum", self.momentum, "0 ≤ momentum < 1")
        _expect(self.epsilon > 0, "BatchNorm.epsilon", self.epsilon, "> 0")


@dataclass(frozen=True, kw_only=True)
class Dropout:
    """Drops that share of the units during training."""

    rate: float

    def __post_init__(self) -> None:
        _expect(0 <= self.rate < 1, "Dropout.rate", self.rate, "0 ≤ rate < 1")


HeadLayer = Dense | BatchNorm | Dropout
_KINDS: Mapping[str, type[HeadLayer]] = MappingProxyType(
    {"dense": Dense, "batch_norm": BatchNorm, "dropout": Dropout}
)


@dataclass(frozen=True, kw_only=True)
class HeadSpec:
    """How a feature map (rows, columns, channels) becomes logits.

    Attributes:
        pooling: Over rows and columns "avg", "max" or "mean_and_deviation": the mean of each
            channel, then its standard deviation, which tell textures apart (Huang and Belongie
            2017, arXiv 1703.06868, section 3); or "flatten".
        layers: What follows the pooling, in order. The linear layer that gives the logits
            always comes last and is not part of the specification.
    """

    pooling: str
    layers: tuple[HeadLayer, ...] = ()

    def __post_init__(self) -> None:
        _expect(
            self.pooling in POOLINGS, "head pooling", self.pooling, f"one of {', '.join(POOLINGS)}"
        )
        for layer in self.layers:
            _expect(isinstance(layer, HeadLayer), "head layer", layer, "Dense, BatchNorm, Dropout")

    @property
    def is_linear(self) -> bool:
        """Whether the logits are a linear function of pooled channels."""
        return not self.layers and self.pooling != "flatten"

    def to_dict(self) -> dict[str, Any]:
        """As JSON or TOML hold it: {"pooling": …, "layers": [{"kind": "dense", …}, …]}."""
        kinds = {layer: kind for kind, layer in _KINDS.items()}
        layers = [{"kind": kinds[type(layer)], **asdict(layer)} for layer in self.layers]
        return {"pooling": self.pooling, "layers": layers}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HeadSpec:
        """The inverse of to_dict; what is left out takes its default.

        Raises:
            ArchitectureError: A key, kind or value is not one that a head takes.
        """
        _expect(set(data) <= {"pooling", "layers"}, "head keys", sorted(data), "pooling, layers")
        _expect("pooling" in data, "head keys", sorted(data), "pooling among them")
        layers = tuple(_layer_from_dict(layer) for layer in data.get("layers", ()))
        return cls(pooling=data["pooling"], layers=layers)


def _layer_from_dict(data: Mapping[str, Any]) -> HeadLayer:
    kind = data.get("kind")
    _expect(kind in _KINDS, "head layer kind", kind, f"one of {', '.join(_KINDS)}")
    parameters = {key: value for key, value in data.items() if key != "kind"}
    try:
        return _KINDS[str(kind)](**parameters)
    except TypeError as error:
        raise ArchitectureError(
            f"Expected the parameters of a {kind!r} head layer, received "
            f"{sorted(parameters)}: {error}. Correct the head."
        ) from error


def _expect(is_met: bool, what: str, received: object, expected: str) -> None:
    if not is_met:
        raise ArchitectureError(
            f"Expected {what}: {expected}; received {received!r}. Correct the head."
        )


def add_head(features: KerasTensor, head: HeadSpec, *, n_classes: int) -> KerasTensor:
    """Add a head to a feature map (N, rows, columns, channels); answers logits (N, n_classes)."""
    from keras import layers

    x = _pool(features, head.pooling)
    for number, layer in enumerate(head.layers, start=1):
        x = _add_layer(x, layer, f"{HEAD_PREFIX}{number}_{type(layer).__name__.lower()}")
    # float32 even under mixed precision: a softmax over float16 logits loses digits
    return layers.Dense(n_classes, dtype="float32", name=LOGITS)(x)


def _pool(features: KerasTensor, pooling: str) -> KerasTensor:
    from keras import layers, ops

    if pooling == "mean_and_deviation":
        mean = layers.GlobalAveragePooling2D(data_format="channels_last", name=f"{HEAD_PREFIX}mean")
        deviation = ops.sqrt(ops.var(features, axis=(1, 2)) + _LEAST_VARIANCE)
        return layers.Concatenate(name=f"{HEAD_PREFIX}{pooling}")([mean(features), deviation])
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
