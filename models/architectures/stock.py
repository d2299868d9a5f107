"""Backbones that Keras brings along: keras.applications without their tops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.architectures.spec import KerasTensor

if TYPE_CHECKING:
    import keras


def stock_backbone(class_name: str, scaled: KerasTensor, *, until: str = "") -> KerasTensor:
    """Add a backbone of keras.applications, with drawn weights, to a scaled tensor.

    Args:
        class_name: Name in keras.applications, such as "VGG16".
        scaled: Symbolic tensor (N, px, px, 3), scaled as the backbone expects.
        until: Name of the layer after which it is cut; "" for the whole.

    Returns:
        Its last feature map (N, rows, columns, channels). The graph stays flat: the backbone's
        layers stand in it, not the backbone as one layer.
    """
    import keras

    application = getattr(keras.applications, class_name)
    whole = application(include_top=False, weights=None, input_tensor=scaled)
    return whole.get_layer(until).output if until else whole.output


def stock_model(class_name: str, px: int, weights: str | None) -> keras.Model:
    """A backbone of keras.applications alone, for px × px inputs.

    Args:
        class_name: Name in keras.applications.
        px: Side of its input in pixels: the size that its ImageNet weights were made for.
        weights: "imagenet" (Keras's cache, or a download) or None (drawn).
    """
    import keras

    application = getattr(keras.applications, class_name)
    return application(include_top=False, weights=weights, input_shape=(px, px, 3))
