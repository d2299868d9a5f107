"""A bundle ready to be questioned: prepare, predict, explain, on TensorFlow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.bundle import BundleContents, read_bundle
from models.card import Card, parse_card
from models.domain import Domain, DomainVerdict, judge_domain
from models.ensemble import Ensemble, member_contents
from models.errors import BundleError
from models.keras_archive import load_archive
from models.manifest import CARD_FILE, MODEL_FILE, Manifest
from models.micrograph import Micrograph
from models.prediction import Prediction, predict_from_logits
from models.prediction_set import DEFAULT_LEVEL
from models.preprocessing import StepPicture, picture_steps
from models.reference import REFERENCE_FILE, Reference, read_reference
from models.saliency import Explainer, Explanation

if TYPE_CHECKING:
    import keras


_BATCH = 32


class Model:
    """A loaded bundle. Safe to share between threads: one question is answered at a time."""

    def __init__(
        self,
        *,
        manifest: Manifest,
        card: Card,
        network: keras.Model,
        reference: Reference | None = None,
    ) -> None:
        """Wrap a network that fits its manifest; `load_model` makes one from a bundle.

        Raises:
            BundleError: the network's input, output or layers are not what the manifest says.
        """
        _check_network(network, manifest)
        self.manifest = manifest
        self.card = card
        self.reference = reference
        self.network = network
        self._lock = threading.Lock()
        self._forward = _compiled_forward(
            network,
            manifest.saliency_layer,
            self.domain.layer if self.domain else manifest.saliency_layer,
        )
        self._explainer = Explainer(
            network,
            layer=manifest.saliency_layer,
            classes=manifest.classes,
            forward=lambda rgb: self._forward(rgb)[:2],
        )

    @property
    def domain(self) -> Domain | None:
        """The kind of images that it knows; None in a bundle from before that was stored."""
        return self.reference.domain if self.reference else None

    def prepare(self, micrograph: Micrograph) -> tuple[StepPicture, ...]:
        """The original and the picture after each step; the last one is the model's input."""
        return picture_steps(micrograph.rgb, self.manifest.steps)

    def logits(self, rgb_batch: np.ndarray) -> np.ndarray:
        """The logits (N, C) float32 of prepared pictures (N, px, px, 3) uint8.

        Raises:
            BundleError: the batch has another shape or type.
        """
        return np.concatenate([logits for logits, _ in self._batches(rgb_batch)])

    def logits_and_distances(self, rgb_batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `logits`, and how far the pictures lie from those it was made with, (N,) float64.

        Raises:
            BundleError: as `logits`, or the bundle has no domain.
        """
        if self.domain is None:
            raise BundleError(
                f"Expected a bundle with a domain, received '{self.manifest.id}'. Train it again."
            )
        logits, means = zip(*self._batches(rgb_batch), strict=True)
        return np.concatenate(logits), self.domain.distances(np.concatenate(means))

    def _batches(self, rgb_batch: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Logits and features of pictures in small batches, so that memory is bounded."""
        self._check(rgb_batch)
        for start in range(0, max(1, len(rgb_batch)), _BATCH):
            with self._lock:
                part = rgb_batch[start : start + _BATCH].astype(np.float32)
                logits, _, means = self._forward(part)
            yield logits, means

    def _check(self, rgb_batch: np.ndarray) -> None:
        px = self.manifest.input_px
        if rgb_batch.ndim != 4 or rgb_batch.shape[1:] != (px, px, 3) or rgb_batch.dtype != np.uint8:
            raise BundleError(
                f"Expected pictures (N, {px}, {px}, 3) of uint8, received {rgb_batch.shape} of "
                f"{rgb_batch.dtype}. Apply the steps of the bundle '{self.manifest.id}' first."
            )

    def ask(
        self, rgb: np.ndarray, *, level: float = DEFAULT_LEVEL
    ) -> tuple[Prediction, DomainVerdict | None]:
        """What the model says of one prepared picture, and whether it knows pictures of its kind.

        Args:
            rgb: (px, px, 3) uint8.
            level: Coverage asked of the prediction set, above 0 and below 1.

        Raises:
            BundleError: as `logits`.
        """
        self._check(rgb[np.newaxis])
        with self._lock:
            logits, _, features = self._forward(rgb[np.newaxis].astype(np.float32))
        conformal = self.reference.conformal if self.reference else None
        prediction = predict_from_logits(logits[0], self.manifest, conformal, level=level)
        if self.domain is None:
            return prediction, None
        return prediction, judge_domain(features[0], self.domain, self.manifest.classes)

    def explain(
        self,
        rgb: np.ndarray,
        class_index: int,
        method: str | None = None,
        *,
        cells: np.ndarray | None = None,
    ) -> Explanation:
        """Where in a prepared picture (px, px, 3) uint8 the evidence for a class lies.

        Args:
            class_index: Any class of the manifest, not only the most probable one.
            method: Key of `models.saliency.SALIENCY_METHODS`; the manifest's where None.
            cells: (px, px) bool, where cells are; looked for in the picture where None.

        Raises:
            SaliencyError: the class or the method is unknown, or the picture does not fit.
        """
        with self._lock:
            return self._explainer.explain(
                rgb,
                class_index,
                self.manifest.saliency_method if method is None else method,
                cells=cells,
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
    return model_of(contents)


def load_answerer(directory: Path) -> Model | Ensemble:
    """Whatever in a bundle gives opinions: a model or an ensemble. Raises as `load_model`."""
    contents = read_bundle(directory)
    if not contents.manifest.members:
        return model_of(contents)
    return Ensemble(
        manifest=contents.manifest,
        card=parse_card(contents.files[CARD_FILE]),
        members=tuple(model_of(member) for member in member_contents(contents)),
        reference=_reference(contents),
    )


def model_of(contents: BundleContents) -> Model:
    """The model in a verified bundle of one network. Raises BundleError."""
    return Model(
        manifest=contents.manifest,
        card=parse_card(contents.files[CARD_FILE]),
        network=load_archive(contents.files[MODEL_FILE]),
        reference=_reference(contents),
    )


def _reference(contents: BundleContents) -> Reference | None:
    data = contents.files.get(REFERENCE_FILE)
    return read_reference(data) if data is not None else None


def _compiled_forward(
    network: keras.Model, layer: str, domain_layer: str
) -> Callable[[np.ndarray], tuple[np.ndarray, Any, np.ndarray]]:
    """From float32 batches of any length to logits, a layer's output, and another's means.

    Traced once, when first called. The first layer's output is a tensor; the means over rows and
    columns of the second (N, channels). They cost nothing more.
    """
    import keras
    import tensorflow as tf

    layers = [network.get_layer(name).output for name in (layer, domain_layer)]
    outputs = [network.outputs[0], layers[0], keras.ops.mean(layers[1], axis=(1, 2))]
    all_three = keras.Model(network.inputs[0], outputs)
    forward = tf.function(
        lambda rgb: all_three(rgb, training=False),
        input_signature=[tf.TensorSpec(network.inputs[0].shape, tf.float32)],
    )

    def run(rgb_batch: np.ndarray) -> tuple[np.ndarray, Any, np.ndarray]:
        logits, features, means = forward(tf.constant(rgb_batch))
        return np.asarray(logits, np.float32), features, np.asarray(means, np.float32)

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
