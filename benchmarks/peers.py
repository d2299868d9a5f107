"""What the runtime is held against: the bare network in OpenVINO, and what others do in Keras."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.bundle.folder import SHIPPED_ROOT
from models.bundle.manifest import IR_NETWORK

MODEL = "all-subtypes-efficientnet-lite0"
"""EfficientNet-Lite0, 256 px."""


def bundle_of(model_id: str) -> Path:
    """The folder of a shipped model."""
    return SHIPPED_ROOT / model_id


class BareNetwork:
    """A bundle's network in OpenVINO, and nothing around it; it gives logits alone."""

    def __init__(self, bundle: Path, *, hint: str, is_exact: bool = True) -> None:
        """Compile it.

        Args:
            hint: OpenVINO's PERFORMANCE_HINT, "LATENCY" for one picture or "THROUGHPUT" for many.
            is_exact: Whether it is as exact as the runtime that is measured; else in the precision
                that OpenVINO takes by itself, half of it where the processor has that.
        """
        import openvino as ov

        network = ov.Core().read_model(bundle / IR_NETWORK)
        for port in list(network.outputs):
            if "logits" not in port.get_names():
                network.remove_result(port.node)
        settings = {"PERFORMANCE_HINT": hint}
        if is_exact:
            settings["INFERENCE_PRECISION_HINT"] = "f32"
        self.compiled = ov.compile_model(network, "CPU", settings)

    def logits(self, rgb: np.ndarray) -> np.ndarray:
        """Of pictures (n, px, px, 3) uint8: (n, C) float32."""
        return np.asarray(self.compiled(rgb.astype(np.float32))[0])

    def ask_batches(self, batches: list[np.ndarray]) -> None:
        """Ask about batches (n, px, px, 3) float32, as many at once as OpenVINO thinks right."""
        import openvino as ov

        queue = ov.AsyncInferQueue(self.compiled)
        for batch in batches:
            queue.start_async(batch, share_inputs=True)
        queue.wait_all()


def decoded(data: bytes, px: int) -> np.ndarray:
    """A file's picture and no more: (px, px, 3) uint8."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    if rgb.shape[:2] == (px, px):
        return np.asarray(rgb)
    return np.asarray(cv2.resize(rgb, (px, px), interpolation=cv2.INTER_AREA))


def predict_and_gradcam(network: Any, layer: str) -> Callable[[bytes], np.ndarray]:
    """What dashboards of this field do with a file: `predict`, and a Grad-CAM built for it."""
    import keras
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.scores import CategoricalScore

    def ask(data: bytes) -> np.ndarray:
        image = keras.utils.load_img(io.BytesIO(data), target_size=network.input_shape[1:3])
        batch = keras.utils.img_to_array(image)[np.newaxis]
        scores = network.predict(batch, verbose=0)
        gradcam = Gradcam(network)
        score = CategoricalScore(int(scores[0].argmax()))
        return np.asarray(gradcam(score, batch, penultimate_layer=layer)[0])

    return ask
