"""A bundle ready to be questioned: prepare, predict, explain, on OpenVINO or TensorFlow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from models.answer.domain import Domain, DomainVerdict, judge_domain
from models.answer.forward import ForwardPass
from models.answer.prediction import (
    DEFAULT_RULES,
    AnswerRules,
    Prediction,
    predict_from_logits,
)
from models.answer.reference import Reference
from models.answer.saliency import Explainer, Explanation
from models.answer.sharing import SharedNetwork
from models.bundle.card import Card
from models.bundle.manifest import Manifest
from models.errors import BundleError
from models.image.micrograph import Micrograph
from models.preprocessing import StepPicture, picture_steps

if TYPE_CHECKING:
    import keras

    from models.answer.openvino_network import OpenVinoNetwork
    from models.answer.tensorflow_network import TensorFlowNetwork


_BATCH = 32


class Model:
    """A loaded bundle. Safe to share between threads."""

    def __init__(
        self,
        *,
        manifest: Manifest,
        card: Card,
        network: keras.Model | Callable[[], keras.Model],
        compiled: OpenVinoNetwork | None = None,
        reference: Reference | None = None,
    ) -> None:
        """Wrap a network that fits its manifest; `load_model` makes one from a bundle.

        Args:
            network: In Keras, or what loads it. It answers where nothing else does, and makes the
                maps that need it.
            compiled: The same network for OpenVINO, which then answers.

        Raises:
            BundleError: the network's input, output or layers are not what the manifest says.
        """
        self.manifest = manifest
        self.card = card
        self.reference = reference
        self._keras = network
        self._loading = threading.RLock()
        _check_none(self.domain, manifest)
        if compiled is not None:
            _check_shapes(compiled.input_shape, compiled.output_shape, manifest)
        self._answering = SharedNetwork(compiled or self._in_tensorflow())
        self._explainer = Explainer(
            self._answering,
            keras_network=lambda: self.network,
            layer=manifest.saliency_layer,
            classes=manifest.classes,
            input_px=manifest.input_px,
        )

    @property
    def network(self) -> keras.Model:
        """The network in Keras, loaded when first asked for. Raises BundleError."""
        import keras

        from models.answer.tensorflow_network import keep_compiled

        with self._loading:
            if not isinstance(self._keras, keras.Model):
                keep_compiled()
                self._keras = self._keras()
            _check_network(self._keras, self.manifest)
            return self._keras

    @property
    def runtime(self) -> str:
        """What answers: "OpenVINO" or "TensorFlow"."""
        return self._answering.runtime

    @property
    def domain_layer(self) -> str:
        """Name of the layer that the domain rests on, or would."""
        return self.domain.layer if self.domain else self.manifest.saliency_layer

    def on_tensorflow(self) -> Model:
        """The same model, answered by its Keras network, whose weights may then be changed."""
        return Model(
            manifest=self.manifest, card=self.card, network=self.network, reference=self.reference
        )

    def _in_tensorflow(self) -> TensorFlowNetwork:
        from models.answer.tensorflow_network import TensorFlowNetwork

        return TensorFlowNetwork(
            self.network, layer=self.manifest.saliency_layer, domain_layer=self.domain_layer
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
        return np.concatenate([passed.logits for passed in self.passes(rgb_batch)])

    def logits_and_foreignness(self, rgb_batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `logits`, and how foreign the pictures are, (N,) float64, see `Domain`.

        Raises:
            BundleError: as `logits`, or the bundle has no domain.
        """
        if self.domain is None:
            raise BundleError(f"The bundle '{self.manifest.id}' has no domain. Train it again.")
        logits, means = zip(
            *((passed.logits, passed.means) for passed in self.passes(rgb_batch)), strict=True
        )
        return np.concatenate(logits), self.domain.foreignness(np.concatenate(means))

    def look(self, rgb: np.ndarray) -> ForwardPass:
        """What the network makes of one prepared picture (px, px, 3) uint8.

        Raises:
            BundleError: as `logits`.
            BusyError: too many wait for an answer.
        """
        self._check(rgb[np.newaxis])
        return self._answering.look(rgb)

    def look_at_all(self, rgb_batch: np.ndarray) -> list[ForwardPass]:
        """What the network makes of each of several prepared pictures, see `look`."""
        return [one for passed in self.passes(rgb_batch) for one in passed.each()]

    def passes(self, rgb_batch: np.ndarray) -> Iterator[ForwardPass]:
        """What the network makes of many pictures, 32 at once, so that memory is bounded."""
        self._check(rgb_batch)
        for start in range(0, max(1, len(rgb_batch)), _BATCH):
            yield self._answering.forward(rgb_batch[start : start + _BATCH].astype(np.float32))

    def _check(self, rgb_batch: np.ndarray) -> None:
        px = self.manifest.input_px
        if rgb_batch.ndim != 4 or rgb_batch.shape[1:] != (px, px, 3) or rgb_batch.dtype != np.uint8:
            raise BundleError(
                f"Expected pictures (N, {px}, {px}, 3) of uint8, received {rgb_batch.shape} of "
                f"{rgb_batch.dtype}. Apply the steps of the bundle '{self.manifest.id}' first."
            )

    def ask(
        self,
        rgb: np.ndarray,
        *,
        rules: AnswerRules = DEFAULT_RULES,
        jpeg_quality: int | None = None,
        passed: ForwardPass | None = None,
    ) -> tuple[Prediction, DomainVerdict | None]:
        """What the model says of one prepared picture, and whether it knows pictures of its kind.

        Args:
            rgb: (px, px, 3) uint8.
            rules: What is asked of prediction set and answer.
            jpeg_quality: How hard the file was compressed, see `bound_of_file`.
            passed: What `look` gave for it, where it is there already.

        Raises:
            BundleError: as `logits`.
        """
        passed = self.look(rgb) if passed is None else passed
        conformal = self.reference.conformal if self.reference else None
        prediction = predict_from_logits(
            passed.logits[0], self.manifest, conformal, rules=rules, jpeg_quality=jpeg_quality
        )
        if self.domain is None:
            return prediction, None
        return prediction, judge_domain(passed.means[0], self.domain, self.manifest.classes)

    def explain(
        self,
        rgb: np.ndarray,
        class_index: int,
        method: str | None = None,
        *,
        cells: np.ndarray | None = None,
        passed: ForwardPass | None = None,
    ) -> Explanation:
        """Where in a prepared picture (px, px, 3) uint8 the evidence for a class lies.

        Args:
            class_index: Any class of the manifest, not only the most probable one.
            method: Key of `models.answer.saliency.SALIENCY_METHODS`; the manifest's where None.
            cells: (px, px) bool, where cells are; looked for in the picture where None.
            passed: What `look` gave for the picture, where it is there already.

        Raises:
            SaliencyError: the class or the method is unknown, or the picture does not fit.
        """
        return self._explainer.explain(
            rgb,
            class_index,
            self.manifest.saliency_method if method is None else method,
            cells=cells,
            passed=passed,
        )


def _check_none(domain: Domain | None, manifest: Manifest) -> None:
    if domain is not None and domain.none is not None:
        _check_same(
            "columns of the rule for none of its classes",
            domain.none.bias.size,
            len(manifest.classes) + 1,
            manifest,
        )


def _check_network(network: keras.Model, manifest: Manifest) -> None:
    import keras

    names = {layer.name for layer in network.layers}
    _check_shapes(network.input_shape, network.output_shape, manifest)
    _check_same("backend", keras.backend.backend(), "tensorflow", manifest)
    if manifest.saliency_layer not in names:
        layers = f"{len(names)} layers without it"
        _check_same("saliency layer", layers, manifest.saliency_layer, manifest)


def _check_shapes(
    taken: tuple[int | None, ...], given: tuple[int | None, ...], manifest: Manifest
) -> None:
    px, n_classes = manifest.input_px, len(manifest.classes)
    _check_same("input", taken[1:], (px, px, 3), manifest)
    _check_same("output", given[1:], (n_classes,), manifest)


def _check_same(subject: str, received: object, expected: object, manifest: Manifest) -> None:
    if received != expected:
        raise BundleError(
            f"Expected {expected} as {subject} of the bundle '{manifest.id}', received "
            f"{received}. Export the bundle again."
        )
