"""A bundle ready to be questioned: prepare, predict, explain, on TensorFlow."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.bundle import BundleContents, read_bundle
from models.card import Card, parse_card
from models.ensemble import Ensemble, member_contents
from models.errors import BundleError
from models.keras_archive import load_archive
from models.manifest import CARD_FILE, MODEL_FILE, Manifest
from models.micrograph import Micrograph
from models.prediction import Prediction, predict_from_logits
from models.preprocessing import StepPicture, picture_steps
from models.saliency import Explainer, Explanation

if TYPE_CHECKING:
    import keras


class Model:
    """A loaded bundle. Safe to share between threads: one question is answered at a time."""

    def __init__(self, *, manifest: Manifest, card: Card, network: keras.Model) -> None:
        """Wrap a network that fits its manifest; `load_model` makes one from a bundle.

        Raises:
            BundleError: the network's input, output or layers are not what the manifest says.
        """
        _check_network(network, manifest)
        self.manifest = manifest
        self.card = card
        self._lock = threading.Lock()
        self._forward = _compiled_forward(network, manifest.saliency_layer)
        self._explainer = Explainer(
            network,
            layer=manifest.saliency_layer,
            classes=manifest.classes,
            forward=self._forward,
        )

    def prepare(self, micrograph: Micrograph) -> tuple[StepPicture, ...]:
        """The original and the picture after each step; the last one is the model's input."""
        return picture_steps(micrograph.rgb, self.manifest.steps)

    def logits(self, rgb_batch: np.ndarray) -> np.ndarray:
        """The logits (N, C) float32 of prepared pictures (N, px, px, 3) uint8.

        Raises:
            BundleError: the batch has another shape or type.
        """
        px = self.manifest.input_px
        if rgb_batch.ndim != 4 or rgb_batch.shape[1:] != (px, px, 3) or rgb_batch.dtype != np.uint8:
            raise BundleError(
                f"Expected pictures (N, {px}, {px}, 3) of uint8, received {rgb_batch.shape} of "
                f"{rgb_batch.dtype}. Apply the steps of the bundle '{self.manifest.id}' first."
            )
        with self._lock:
            return self._forward(rgb_batch.astype(np.float32))[0]

    def predict(self, rgb: np.ndarray) -> Prediction:
        """What the model says of one prepared picture (px, px, 3) uint8. Raises as `logits`."""
        return predict_from_logits(self.logits(rgb[np.newaxis])[0], self.manifest)

    def explain(self, rgb: np.ndarray, class_index: int, method: str | None = None) -> Explanation:
        """Where in a prepared picture (px, px, 3) uint8 the evidence for a class lies.

        Args:
            class_index: Any class of the manifest, not only the most probable one.
            method: Key of `models.saliency.SALIENCY_METHODS`; the manifest's where None.

        Raises:
            SaliencyError: the class or the method is unknown, or the picture does not fit.
        """
        with self._lock:
            return self._explainer.explain(
                rgb, class_index, self.manifest.saliency_method if method is None else method
            )


def load_model(directory: Path) -> Model:
    """The one network in a bundle, every file of which was compared with its recorded hash.

    Raises:
        BundleTamperedError: a file is altered, missing, added or a link; the message names it.
        BundleError: the folder is no bundle, holds an ensemble, or its network is not what the
            manifest says.
    """
    contents = read_bundle(directory)
    if contents.manifest.members:
        raise BundleError(
            f"Expected a bundle of one network, received the ensemble '{contents.manifest.id}'. "
            f"Give one of its members: {', '.join(m.id for m in contents.manifest.members)}."
        )
    return _model(contents)


def load_answerer(directory: Path) -> Model | Ensemble:
    """Whatever in a bundle gives opinions: a model or an ensemble. Raises as `load_model`."""
    contents = read_bundle(directory)
    if not contents.manifest.members:
        return _model(contents)
    return Ensemble(
        manifest=contents.manifest,
        card=parse_card(contents.files[CARD_FILE]),
        members=tuple(_model(member) for member in member_contents(contents)),
    )


def _model(contents: BundleContents) -> Model:
    return Model(
        manifest=contents.manifest,
        card=parse_card(contents.files[CARD_FILE]),
        network=load_archive(contents.files[MODEL_FILE]),
    )


def _compiled_forward(
    network: keras.Model, layer: str
) -> Callable[[np.ndarray], tuple[np.ndarray, Any]]:
    """From float32 batches of any length to logits and a layer's output, a tensor.

    Traced once, when first called; the layer's output costs nothing more.
    """
    import keras
    import tensorflow as tf

    both = keras.Model(network.inputs[0], [network.outputs[0], network.get_layer(layer).output])
    forward = tf.function(
        lambda rgb: both(rgb, training=False),
        input_signature=[tf.TensorSpec(network.inputs[0].shape, tf.float32)],
    )

    def run(rgb_batch: np.ndarray) -> tuple[np.ndarray, Any]:
        logits, features = forward(tf.constant(rgb_batch))
        return np.asarray(logits, np.float32), features

    return run


def _check_network(network: keras.Model, manifest: Manifest) -> None:
    import keras

    px, n_classes = manifest.input_px, len(manifest.classes)
    names = {layer.name for layer in network.layers}
    for subject, is_right, expected, received in (
        ("backend", keras.backend.backend() == "tensorflow", "tensorflow", keras.backend.backend()),
        ("input", network.input_shape == (None, px, px, 3), (px, px, 3), network.input_shape),
        ("output", network.output_shape == (None, n_classes), n_classes, network.output_shape),
        (
            "saliency layer",
            manifest.saliency_layer in names,
            manifest.saliency_layer,
            f"{len(names)} layers without it",
        ),
    ):
        if not is_right:
            raise BundleError(
                f"Expected {expected} as {subject} of the bundle '{manifest.id}', received "
                f"{received}. Export the bundle again."
            )
