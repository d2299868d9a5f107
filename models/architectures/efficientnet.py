"""EfficientNet B0 and B3: depth, width and input size scaled together.

Source: Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"
(arXiv 1905.11946).

Keras's EfficientNet scales its pixels itself: Rescaling, then a Normalization whose mean and
variance are weights, then another Rescaling, but only when its weights are "imagenet". The graph
would depend on where the weights come from, and the Normalization's numbers are lost when a model
is cloned and given its weights back, as tf-keras-vis does. All three together are
(x / 255 − mean) / standard deviation; so they are left out here, and the scaling layer that every
architecture has does just that.
"""

from __future__ import annotations

from functools import partial

from models.architectures.spec import ArchitectureSpec, KerasTensor
from models.architectures.stock import stock_model

_SOURCE = "Tan and Le 2019, arXiv 1905.11946; keras.applications"


def _backbone(class_name: str, scaled: KerasTensor) -> KerasTensor:
    import keras

    def replacement(layer: keras.layers.Layer) -> object:
        """What stands in the new graph in place of a layer of the stock one."""
        if isinstance(layer, keras.layers.Rescaling):
            return lambda rgb: rgb
        if isinstance(layer, keras.layers.Normalization):
            return lambda _rgb: scaled
        return layer.__class__.from_config(layer.get_config())

    (rgb,) = keras.utils.get_source_inputs(scaled)
    stock = stock_model(class_name, int(scaled.shape[1]), None)
    return keras.models.clone_model(stock, input_tensors=rgb, clone_function=replacement).output


EFFICIENTNET_B0 = ArchitectureSpec(
    name="efficientnetb0",
    giga_macs=0.39,
    title="EfficientNetB0",
    family="EfficientNet",
    default_px=224,
    min_px=32,
    scaling="imagenet-mean-std",
    weights=("imagenet", "file", "none"),
    saliency_layer="top_activation",
    source=_SOURCE,
    backbone=partial(_backbone, "EfficientNetB0"),
    stock=partial(stock_model, "EfficientNetB0", 224),
)
EFFICIENTNET_B3 = ArchitectureSpec(
    name="efficientnetb3",
    giga_macs=1.0,
    title="EfficientNetB3",
    family="EfficientNet",
    default_px=300,
    min_px=32,
    scaling="imagenet-mean-std",
    weights=("imagenet", "file", "none"),
    saliency_layer="top_activation",
    source=_SOURCE,
    backbone=partial(_backbone, "EfficientNetB3"),
    stock=partial(stock_model, "EfficientNetB3", 300),
)
