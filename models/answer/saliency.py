"""Which pixels spoke for a class, and how strongly they did.

Class activation maps of a network with a linear head are computed here, from the one pass that
gave the answer; tf-keras-vis makes all others, and is what these are held against in tests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from models.answer.forward import ForwardPass, Network
from models.architectures.heads import pools_at_depths
from models.errors import SaliencyError
from models.image.cell_mask import stained_mask

if TYPE_CHECKING:
    import keras

SALIENCY_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "grad-cam": "Grad-CAM (Selvaraju et al. 2017)",
        "grad-cam++": "Grad-CAM++ (Chattopadhay et al. 2018)",
        "layercam": "LayerCAM (Jiang et al. 2021)",
        "scorecam": "Score-CAM (Wang et al. 2020)",
        "smoothgrad": "SmoothGrad (Smilkov et al. 2017)",
    }
)

# "Faster Score-CAM": only the channels whose activations vary most (tf-keras-vis, `max_N`).
_SCORECAM_CHANNELS = 16
_SMOOTHGRAD_SAMPLES = 16
_SMOOTHGRAD_BATCH = 8
# Smilkov et al. 2017, section 3: noise of 10 to 20 % of the value range; 99th percentile cap.
_SMOOTHGRAD_NOISE = 0.15
_SMOOTHGRAD_CAP_PERCENTILE = 99.0
_SMOOTHGRAD_SEED = 20170612


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """A saliency map for one class of one prepared picture.

    Attributes:
        map: (px, px) float32, read-only, 0 to 1, over the prepared picture; all 0 where
            nothing speaks for the class.
        raw_peak: What the map's 1 stands for before scaling, 0 or more. It compares classes and
            images by one method on one model, so that a weak map can be drawn weak.
        method: Key of `SALIENCY_METHODS`.
        class_index: The class that the map explains.
        class_name: Its name.
        share_on_cells: Part of the map's sum that lies on stained cells, 0 to 1; None where the
            picture has no cells or the map is 0 throughout.
        cell_area: Part of the picture that is stained cells, 0 to 1: what an even map would
            reach as its share.
    """

    map: np.ndarray
    raw_peak: float
    method: str
    class_index: int
    class_name: str
    share_on_cells: float | None
    cell_area: float


class Explainer:
    """The saliency methods on one loaded network; each is built once, when first asked for.

    Safe to share between threads: what Keras makes is made for one at a time.
    """

    def __init__(
        self,
        network: Network,
        *,
        keras_network: Callable[[], keras.Model],
        layer: str,
        classes: tuple[str, ...],
        input_px: int,
    ) -> None:
        """Explain a flat functional model.

        Args:
            network: What answers.
            keras_network: The same in Keras, for the methods that need it. Takes RGB 0–255,
                (N, px, px, 3); gives logits (N, C).
            layer: Name of the layer that class activation maps weigh, (N, h, w, channels). All
                that reaches the logits passes through it, or, where a head pools several depths,
                it is the last of them: maps show what came through that one.
            classes: Class names, in the order of the logits.
            input_px: Side of the picture that it takes.
        """
        self._network = network
        self._keras_network = keras_network
        self._layer = layer
        self._classes = classes
        self._input_shape = (input_px, input_px, 3)
        self._methods: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {}
        self._in_keras = threading.Lock()

    def explain(
        self,
        rgb: np.ndarray,
        class_index: int,
        method: str,
        *,
        cells: np.ndarray | None = None,
        passed: ForwardPass | None = None,
    ) -> Explanation:
        """The map of a class over a prepared picture (px, px, 3) uint8, see `Model.explain`.

        Raises:
            SaliencyError: the method or the class is unknown, or the picture does not fit.
        """
        self._check_request(rgb, class_index, method)
        raw = self._raw(rgb[np.newaxis].astype(np.float32), class_index, method, passed)
        peak = _peak(raw, method)
        saliency_map = _scaled(raw, peak, side_px=rgb.shape[0])
        cells = stained_mask(rgb) if cells is None else cells
        return Explanation(
            map=saliency_map,
            raw_peak=peak,
            method=method,
            class_index=int(class_index),
            class_name=self._classes[class_index],
            share_on_cells=share_on_mask(saliency_map, cells),
            cell_area=float(cells.mean()),
        )

    def _raw(
        self, pixels: np.ndarray, class_index: int, method: str, passed: ForwardPass | None
    ) -> np.ndarray:
        """The method's map at its own size (h, w), 0 or more, of one picture."""
        seen = pixels
        if method in _CLASS_ACTIVATION:
            features = (passed or self._network.forward(pixels)).features
            if self._network.head is not None:
                gradient = self._network.head.gradient(features[0], class_index)
                found = _CLASS_ACTIVATION[method](features[0], gradient)
                return np.asarray(np.maximum(found, 0))
            seen = pixels if pools_at_depths(self._keras_network()) else features
        with self._in_keras:
            if method not in self._methods:
                self._methods[method] = self._build(method)
            return self._methods[method](seen, class_index)

    def _check_request(self, rgb: np.ndarray, class_index: int, method: str) -> None:
        if method not in SALIENCY_METHODS:
            raise SaliencyError(
                f"Expected a saliency method, received {method!r}. "
                f"Known methods: {', '.join(SALIENCY_METHODS)}."
            )
        is_index = isinstance(class_index, int | np.integer) and not isinstance(class_index, bool)
        if not is_index or not 0 <= class_index < len(self._classes):
            raise SaliencyError(
                f"Expected the index of a class, 0 to {len(self._classes) - 1} "
                f"({', '.join(self._classes)}), received {class_index!r}."
            )
        expected = self._input_shape
        if rgb.shape != expected or rgb.dtype != np.uint8:
            raise SaliencyError(
                f"Expected a prepared picture {expected} of uint8, received {rgb.shape} of "
                f"{rgb.dtype}. Apply the model's steps first."
            )

    def _build(self, method: str) -> Callable[[np.ndarray, int], np.ndarray]:
        """The method as a function of a batch of one and a class: (h, w) float32, 0 or more.

        The batch is of feature maps for class activation maps, but where a head pools several
        depths; of pictures for the others.
        """
        if method == "smoothgrad":
            return self._build_smoothgrad()
        if method == "scorecam":
            return self._build_scorecam()
        import keras
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
        from tf_keras_vis.layercam import Layercam

        # The weights of these maps are gradients from the logits to the layer. So the library
        # gets the head alone, whose input is the layer's output: the same map as from the whole
        # network, which it would run without compiling it, in a tenth of the time.
        # A head at several depths cannot be had alone.
        network = self._keras_network()
        is_whole = pools_at_depths(network)
        begin = network.inputs[0] if is_whole else network.get_layer(self._layer).output
        asked = keras.Model(begin, network.outputs[0])
        kinds = {"grad-cam": Gradcam, "grad-cam++": GradcamPlusPlus, "layercam": Layercam}
        weigh = kinds[method](asked)
        score_of = _centred_score if method == "grad-cam++" else _score
        layer = self._layer if is_whole else asked.layers[0].name
        return lambda seen, class_index: _first(weigh(score_of(class_index), seen, **_on(layer)))

    def _build_scorecam(self) -> Callable[[np.ndarray, int], np.ndarray]:
        import keras
        from tf_keras_vis.scorecam import Scorecam

        # A second model over the same layers, whose forward pass is the compiled one: Keras's
        # own `predict` is slower and writes a progress bar to stdout.
        loaded = self._keras_network()
        network = keras.Model(loaded.inputs, loaded.outputs)
        network.predict = lambda inputs, batch_size: (
            self._network.forward(np.asarray(inputs[0], np.float32)).logits
        )
        weigh = Scorecam(network)
        n_channels = loaded.get_layer(self._layer).output.shape[-1]
        max_n = min(_SCORECAM_CHANNELS, n_channels)
        return lambda rgb, class_index: _first(
            weigh(_score(class_index), rgb, max_N=max_n, **_on(self._layer))
        )

    def _build_smoothgrad(self) -> Callable[[np.ndarray, int], np.ndarray]:
        import keras
        from tf_keras_vis.saliency import Saliency

        # The library hands over inputs as a list; a model of a list of inputs takes it as it is.
        network = self._keras_network()
        gradient = Saliency(keras.Model(network.inputs, network.outputs))

        def mean_gradient(rgb: np.ndarray, class_index: int) -> np.ndarray:
            # The library draws its noise from numpy's global state; drawn here, from a fixed
            # seed, the same picture gives the same map.
            noise = np.random.default_rng(_SMOOTHGRAD_SEED)
            sigma = _SMOOTHGRAD_NOISE * float(rgb.max() - rgb.min())
            total = np.zeros(rgb.shape[1:], np.float64)
            for _ in range(_SMOOTHGRAD_SAMPLES // _SMOOTHGRAD_BATCH):
                shape = (_SMOOTHGRAD_BATCH, *rgb.shape[1:])
                noisy = rgb + sigma * noise.standard_normal(shape, dtype=np.float32)
                sizes = gradient(_score(class_index), noisy, keepdims=True, normalize_map=False)
                total += np.asarray(sizes).sum(axis=0)
            return np.asarray(total.max(axis=-1) / _SMOOTHGRAD_SAMPLES, np.float32)

        return mean_gradient


def _grad_cam(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    return np.asarray(features @ gradient.mean(axis=(0, 1)))


def _grad_cam_plus_plus(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """As `_centred_score` has it: without the factor exp(logit)."""
    square = np.square(gradient)
    divisor = 2 * square + square * gradient * features.sum(axis=(0, 1))
    alphas = np.divide(square, divisor, out=np.zeros_like(features), where=divisor != 0)
    total = alphas.sum(axis=(0, 1))
    alphas = np.divide(alphas, total, out=alphas, where=total != 0)
    return np.asarray(features @ (np.maximum(gradient, 0) * alphas).sum(axis=(0, 1)))


def _layer_cam(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    return np.asarray((features * np.maximum(gradient, 0)).sum(axis=-1))


_CLASS_ACTIVATION: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = MappingProxyType(
    {"grad-cam": _grad_cam, "grad-cam++": _grad_cam_plus_plus, "layercam": _layer_cam}
)
"""From a feature map and the gradient of a logit there, (h, w, k) each, to (h, w)."""


def share_on_mask(saliency_map: np.ndarray, mask: np.ndarray) -> float | None:
    """The part of a map's sum that lies on a mask of the same shape, 0 to 1.

    None where the mask is empty or the map is 0 throughout: there is nothing to share.
    """
    total = float(saliency_map.sum(dtype=np.float64))
    if total <= 0 or not mask.any():
        return None
    return float(saliency_map[mask].sum(dtype=np.float64)) / total


def _on(layer: str) -> dict[str, Any]:
    """What every class activation map is asked for: this very layer, unscaled."""
    return {
        "penultimate_layer": layer,
        "seek_penultimate_conv_layer": False,
        "expand_cam": False,
        "normalize_cam": False,
    }


def _score(class_index: int) -> Callable[[Any], Any]:
    return lambda outputs: outputs[:, class_index]


def _centred_score(class_index: int) -> Callable[[Any], Any]:
    """The class's logit less its own value, with the logit's gradient.

    Grad-CAM++ multiplies its map by exp(logit). Here that factor is 1, so that it cannot
    overflow and raw peaks are comparable; the map's shape does not depend on it.
    """
    import tensorflow as tf

    return lambda outputs: outputs[:, class_index] - tf.stop_gradient(outputs[:, class_index])


def _first(maps: Any) -> np.ndarray:
    return np.asarray(np.maximum(np.asarray(maps)[0], 0), np.float32)


def _peak(raw: np.ndarray, method: str) -> float:
    if not np.isfinite(raw).all():
        raise SaliencyError(
            "The saliency map holds numbers that are not finite. "
            "The model's weights are damaged, or choose another method."
        )
    if method == "smoothgrad":
        return float(np.percentile(raw, _SMOOTHGRAD_CAP_PERCENTILE)) or float(raw.max())
    return float(raw.max())


def _scaled(raw: np.ndarray, peak: float, *, side_px: int) -> np.ndarray:
    """The map (px, px) float32, 0 to 1, read-only; a map whose peak is 0 stays 0 throughout.

    Raw values from `peak` on become 1. Cells of a coarse map lie on even shares of the picture
    and are enlarged by cubics; the enlarged map is divided by its own maximum.
    """
    saliency_map = np.zeros((side_px, side_px), np.float32)
    if peak > 0:
        capped = np.minimum(raw / np.float32(peak), 1)
        enlarged = cv2.resize(capped, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
        saliency_map = np.clip(enlarged / enlarged.max(), 0, 1).astype(np.float32)
    saliency_map.setflags(write=False)
    return saliency_map
