"""From a specification to a Keras model: scaling, backbone, head, pretrained weights."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from models.architectures.heads import AT_DEPTHS, HEAD_PREFIX, LOGITS, HeadSpec, add_head
from models.architectures.known import architecture
from models.architectures.scaling import SCALING_LAYER, scale_pixels
from models.architectures.spec import ArchitectureSpec, Scaling
from models.architectures.weights import WeightsSource, load_backbone_weights
from models.errors import ArchitectureError

if TYPE_CHECKING:
    import keras

INPUT = "rgb"
"""Name of a model's input."""


def build_model(
    name: str,
    *,
    n_classes: int,
    input_px: int,
    head: HeadSpec,
    weights: WeightsSource,
    scaling: Scaling | None = None,
    seed: int = 0,
) -> keras.Model:
    """A classifier that takes RGB 0–255 and answers logits.

    Args:
        name: Key of ARCHITECTURES.
        n_classes: Number of classes, at least 2.
        input_px: Side of the square input in pixels, at least the architecture's min_px.
        head: What stands between the feature map and the logits.
        weights: Where the backbone's weights come from. The head's are always drawn.
        scaling: Of pixels, instead of the one that the architecture's published weights expect.
        seed: Every drawn weight and every dropout mask follows from it. No global random
            state is changed.

    Returns:
        An uncompiled, flat functional model: input "rgb" (N, input_px, input_px, 3) float32
        0–255, output "logits" (N, n_classes) float32. All of it is trainable.

    Raises:
        ArchitectureError: Unknown name, a size that the architecture does not take, or a head at
            depths of which it has none.
        WeightsError: The weights are missing, altered or of another architecture.
    """
    import keras

    spec = architecture(name)
    _check_request(spec, head, n_classes=n_classes, input_px=input_px, weights=weights)
    with _seeded(seed):
        rgb = keras.Input((input_px, input_px, 3), dtype="float32", name=INPUT)
        features = spec.backbone(scale_pixels(rgb, scaling or spec.scaling))
        backbone = keras.Model(rgb, features)
        maps = [features]
        if head.pooling == AT_DEPTHS:
            maps = [backbone.get_layer(depth).output for depth in spec.depths]
        logits = add_head(maps, head, n_classes=n_classes)
        model = keras.Model(rgb, logits, name=name.replace("-", "_"))
    load_backbone_weights(backbone, spec, weights)
    return model


def backbone_layers(model: keras.Model) -> tuple[keras.layers.Layer, ...]:
    """The layers between the pixel scaling and the head, in the graph's order, for freezing.

    The border is in the layers' names, so it is the same on a model that was saved and loaded.
    """
    return tuple(
        layer
        for layer in model.layers
        if layer.name not in (INPUT, SCALING_LAYER, LOGITS)
        and not layer.name.startswith(HEAD_PREFIX)
    )


def _check_request(
    spec: ArchitectureSpec,
    head: HeadSpec,
    *,
    n_classes: int,
    input_px: int,
    weights: WeightsSource,
) -> None:
    if head.pooling == AT_DEPTHS and not spec.depths:
        raise ArchitectureError(
            f"The head pools feature maps at several depths, and {spec.name} names none. Take "
            "another head, or an architecture that has them."
        )
    if input_px < spec.min_px:
        raise ArchitectureError(
            f"Expected an input of at least {spec.min_px} px for {spec.name}, received "
            f"{input_px} px. Enlarge the input or choose another architecture."
        )
    if n_classes < 2:
        raise ArchitectureError(f"Expected at least 2 classes, received {n_classes}.")
    if weights.kind not in spec.weights:
        raise ArchitectureError(
            f"Expected weights of {', '.join(spec.weights)} for {spec.name}, received "
            f"{weights.kind!r}. Choose one of these."
        )


@contextmanager
def _seeded(seed: int) -> Iterator[Any]:
    """Draw Keras's default seeds from this one, then put the random state back.

    Keras draws the seed of each unseeded initialiser and dropout from Python's `random`.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
