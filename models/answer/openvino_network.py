"""A network that OpenVINO runs: the same as the bundle's Keras network, without TensorFlow."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from models.answer.forward import ForwardPass, LinearHead, LinearPooling
from models.bundle.manifest import IR_NETWORK, IR_WEIGHTS
from models.errors import BundleError

if TYPE_CHECKING:
    import openvino as ov

POOLING = ("bloodui", "pooling")
"""Where a network's file says how its head pools."""
OUTPUTS = ("logits", "features", "means")
KERNEL = "kernel"
"""Output that holds the weights of a linear head."""
# Shorter numbers are quicker on some processors, and give other answers.
COMPILED_FOR = MappingProxyType({"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
_NONE = np.empty(0, np.float32)
_LONGEST_REASON = 300


def openvino_library() -> Any:
    """The library, which would tell its maker of each import and conversion if it could."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino


class OpenVinoNetwork:
    """A compiled network of three outputs, and the weights of its head where that is linear."""

    runtime = "OpenVINO"

    def __init__(self, files: Mapping[str, bytes], *, threads: int | None = None) -> None:
        """Compile a network for this machine's processor.

        Args:
            files: IR_NETWORK and IR_WEIGHTS, whose hashes were compared.
            threads: That answer; as many as OpenVINO finds good where None.

        Raises:
            BundleError: they are no network of the expected outputs.
        """
        ov = openvino_library()
        self._settings: dict[str, object] = {**COMPILED_FOR}
        if threads is not None:
            self._settings["INFERENCE_NUM_THREADS"] = threads
            # Each process would else keep its few threads to the first cores, those of the others.
            self._settings["ENABLE_CPU_PINNING"] = False
        try:
            self._source = ov.Core().read_model(files[IR_NETWORK], files[IR_WEIGHTS])
            self.head = _taken_head(self._source)
            self._network = ov.compile_model(self._source, "CPU", self._settings)
            self._ports = {name: self._network.output(name) for name in OUTPUTS}
            self.input_shape = _shape(self._network.input())
            self.output_shape = _shape(self._ports["logits"])
            _check_head(self.head, _shape(self._ports["features"]), self.output_shape)
        except (RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())[:_LONGEST_REASON]
            raise BundleError(
                f"{IR_NETWORK} and {IR_WEIGHTS} are no network that OpenVINO can load: {reason}. "
                "Export the bundle again."
            ) from error

        self._many: OneByOne | None = None

    def forward(self, rgb: np.ndarray) -> ForwardPass:
        """Ask about pictures (n, px, px, 3) float32, 0 to 255."""
        rgb = np.ascontiguousarray(rgb, np.float32)
        if len(rgb) == 1:
            found = self._network(rgb)
            return ForwardPass(**{name: found[self._ports[name]] for name in OUTPUTS})
        if self._many is None:
            self._many = OneByOne(self._source, OUTPUTS, self._settings)
        return ForwardPass(**self._many.ask(rgb))


class OneByOne:
    """A network that is asked about many pictures, each alone, as many at a time as there are
    cores: quicker than a batch (docs/performance.md), and the answers are those to one picture."""

    def __init__(
        self, network: ov.Model, outputs: Sequence[str], settings: Mapping[str, object]
    ) -> None:
        """Compile it; errors are OpenVINO's own."""
        ov = openvino_library()
        compiled = ov.compile_model(network, "CPU", {**settings, "PERFORMANCE_HINT": "THROUGHPUT"})
        self._queue = ov.AsyncInferQueue(compiled)
        self._numbers = {name: compiled.outputs.index(compiled.output(name)) for name in outputs}

    def ask(self, rgb: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name, (n, …) float32 each, of pictures (n, px, px, 3) float32."""
        given: dict[str, list[np.ndarray]] = {name: [_NONE] * len(rgb) for name in self._numbers}

        def keep(request: Any, place: int) -> None:
            for name, number in self._numbers.items():
                given[name][place] = request.get_output_tensor(number).data[0].copy()

        self._queue.set_callback(keep)
        for place in range(len(rgb)):
            self._queue.start_async({0: rgb[place : place + 1]}, place)
        self._queue.wait_all()
        return {name: np.stack(values) for name, values in given.items()}


def _taken_head(network: ov.Model) -> LinearHead | None:
    """The linear head that the network's file tells of, whose output is taken out of it."""
    if not network.has_rt_info([*POOLING]):
        return None
    pooling = network.get_rt_info([*POOLING]).value
    result = network.output(KERNEL).node
    constant = result.input_value(0).get_node()
    while constant.get_type_name() == "Convert":
        constant = constant.input_value(0).get_node()
    kernel = np.array(constant.get_data(), np.float32)
    network.remove_result(result)
    if pooling not in get_args(LinearPooling) or kernel.ndim != 2:
        raise ValueError("its head is not one that it can have")
    return LinearHead(pooling=pooling, kernel=kernel)


def _check_head(
    head: LinearHead | None, features: tuple[int | None, ...], logits: tuple[int | None, ...]
) -> None:
    if head is not None:
        n_pooled = (features[-1] or 0) * (1 if head.pooling == "avg" else 2)
        if head.kernel.shape != (n_pooled, logits[-1]):
            raise ValueError(f"the weights of its head are {head.kernel.shape}")


def _shape(port: ov.Output) -> tuple[int | None, ...]:
    return tuple(side.get_length() if side.is_static else None for side in port.get_partial_shape())
