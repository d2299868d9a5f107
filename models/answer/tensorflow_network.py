"""A network that TensorFlow runs: any that Keras can load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.answer.forward import ForwardPass, LinearHead

if TYPE_CHECKING:
    import keras


class TensorFlowNetwork:
    """A Keras network as one compiled function, traced when first called."""

    runtime = "TensorFlow"
    head: LinearHead | None = None

    def __init__(self, network: keras.Model, *, layer: str, domain_layer: str) -> None:
        """Compile a network.

        Args:
            network: Takes RGB 0–255, (N, px, px, 3); gives logits (N, C).
            layer: Name of the layer that class activation maps weigh.
            domain_layer: Name of the layer that the domain rests on.
        """
        keep_compiled()
        self._forward = forward_function(network, layer=layer, domain_layer=domain_layer)

    def forward(self, rgb: np.ndarray) -> ForwardPass:
        """Ask about pictures (n, px, px, 3) float32, 0 to 255."""
        import tensorflow as tf

        found = self._forward(tf.constant(rgb, tf.float32))
        return ForwardPass(**{name: np.asarray(found[name], np.float32) for name in found})


def forward_function(network: keras.Model, *, layer: str, domain_layer: str) -> Any:
    """From float32 batches of any length to the tensors of a ForwardPass, by name.

    A tf.function of one signature. The means cost nothing more.
    """
    import keras
    import tensorflow as tf

    features, domain = (network.get_layer(name).output for name in (layer, domain_layer))
    outputs = {
        "logits": network.outputs[0],
        "features": features,
        "means": keras.ops.mean(domain, axis=(1, 2)),
    }
    all_three = keras.Model(network.inputs[0], outputs)
    return tf.function(
        lambda rgb: all_three(rgb, training=False),
        input_signature=[tf.TensorSpec(network.inputs[0].shape, tf.float32)],
    )


def keep_compiled() -> None:
    """Keep what TensorFlow made of each model from one run of a page to the next.

    After every run Streamlit calls Keras's `backend.clear_session`, which drops the compiled
    graphs of all models, in the midst of other sessions' questions, too; the next answer would
    wait for them to be optimised anew. Models are few and held on purpose; nothing here relies on
    that call. `keras.utils.clear_session`, which trainings use, stays what it is.
    """
    import keras

    keras.backend.clear_session = lambda: None
