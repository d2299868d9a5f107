"""An EfficientNet-Lite0 of any side with the weights of its package, in Keras and in OpenVINO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.architectures.known import ARCHITECTURES

if TYPE_CHECKING:
    import keras

    from models.answer.openvino_network import OpenVinoNetwork

NAME = "efficientnet-lite0"


def lite0(px: int, *, n_classes: int = 8) -> tuple[keras.Model, OpenVinoNetwork]:
    """The network for pictures of that side, twice; its head is drawn by chance."""
    from models.answer.openvino_ir import openvino_ir
    from models.answer.openvino_network import OpenVinoNetwork
    from models.architectures import HEADS, build_model
    from models.architectures.weights import WeightsSource

    network = build_model(
        NAME,
        n_classes=n_classes,
        input_px=px,
        head=HEADS["linear"],
        weights=WeightsSource(kind="package"),
    )
    layer = ARCHITECTURES[NAME].saliency_layer
    files = openvino_ir(network, layer=layer, domain_layer=layer)
    return network, OpenVinoNetwork(files)
