"""From a Keras network to the two files that OpenVINO reads, checked against each other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.answer.forward import LinearHead, LinearPooling
from models.answer.openvino_network import (
    COMPILED_FOR,
    KERNEL,
    OUTPUTS,
    POOLING,
    OneByOne,
    OpenVinoNetwork,
    openvino_library,
)
from models.answer.tensorflow_network import TensorFlowNetwork, forward_function
from models.architectures.heads import AT_DEPTHS, HEAD_PREFIX, LOGITS, pools_at_depths
from models.bundle.manifest import IR_NETWORK, IR_WEIGHTS, MODEL_FILE
from models.errors import BundleError

if TYPE_CHECKING:
    import keras
    import openvino as ov

AGREEMENT = 0.001
"""How far an output may lie from Keras's: this part of its own root mean square."""
_SEED, _N_PICTURES = 0, 4
_LARGE = 256
"""Fewest weights that are worth shortening."""
_EXACT, _TINY = 1e-6, 1e-30


def openvino_ir(
    network: keras.Model,
    *,
    layer: str,
    domain_layer: str,
    pictures: np.ndarray | None = None,
) -> dict[str, bytes]:
    """The files of a network for `OpenVinoNetwork`, with weights of 16 bits where they have those.

    The same network gives the same bytes in a process of the same versions.

    Args:
        network: Takes RGB 0–255, (N, px, px, 3); gives logits (N, C).
        layer: Name of the layer that class activation maps weigh.
        domain_layer: Name of the layer that the domain rests on.
        pictures: (n, px, px, 3) uint8 of its own kind, on which both must answer alike, beside some
            of chance.

    Raises:
        BundleError: OpenVINO cannot run this network, or not so that it answers as Keras does.
    """
    ov = openvino_library()
    head = _linear_head(network, layer)
    function = forward_function(network, layer=layer, domain_layer=domain_layer)
    try:
        converted = ov.convert_model(function.get_concrete_function())
        _name_plainly(converted)
        _shorten_weights(converted, network)
        if head is not None:
            converted.set_rt_info(head.pooling, [*POOLING])
            _add_kernel(converted, head.kernel)
        with tempfile.TemporaryDirectory() as folder:
            ov.save_model(converted, Path(folder) / IR_NETWORK, compress_to_fp16=False)
            files = {name: (Path(folder) / name).read_bytes() for name in (IR_NETWORK, IR_WEIGHTS)}
    except Exception as error:  # its converter raises what it likes
        raise BundleError(f"OpenVINO cannot run this network: {error}.") from error
    check_ir(files, network, layer=layer, domain_layer=domain_layer, pictures=pictures)
    return files


def run_by_openvino(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """A network of one input and output as a function that OpenVINO runs in this process.

    Args:
        network: Takes RGB 0–255, (N, px, px, 3).

    Raises:
        BundleError: as `openvino_ir`.
    """
    import tensorflow as tf

    ov = openvino_library()
    signature = [tf.TensorSpec(network.inputs[0].shape, tf.float32)]
    function = tf.function(lambda rgb: network(rgb, training=False), input_signature=signature)
    try:
        converted = ov.convert_model(function.get_concrete_function())
        converted.output(0).get_tensor().set_names({"output"})
        compiled = OneByOne(converted, ("output",), COMPILED_FOR)
    except Exception as error:  # its converter raises what it likes
        raise BundleError(f"OpenVINO cannot run this network: {error}.") from error

    def run(rgb: np.ndarray) -> np.ndarray:
        return compiled.ask(np.ascontiguousarray(rgb, np.float32))["output"]

    pictures = _pictures_of_chance(network.input_shape[1])
    expected = np.asarray(network(pictures, training=False))
    if _distance(run(pictures), expected) > AGREEMENT:
        raise BundleError("OpenVINO runs this network, and not as Keras does.")
    return run


def check_ir(
    files: Mapping[str, bytes],
    network: keras.Model,
    *,
    layer: str,
    domain_layer: str,
    pictures: np.ndarray | None = None,
) -> None:
    """Refuse files that do not answer as the Keras network does.

    Args:
        files, network, layer, domain_layer, pictures: As of `openvino_ir`.

    Raises:
        BundleError: an output differs by more than AGREEMENT, a picture gets another class, or the
            head is another one.
    """
    side = network.input_shape[1]
    chance = _pictures_of_chance(side)
    if pictures is not None:
        chance = np.concatenate([chance, pictures.astype(np.float32)])
    pictures = chance
    theirs = TensorFlowNetwork(network, layer=layer, domain_layer=domain_layer).forward(pictures)
    compiled = OpenVinoNetwork(files)
    if compiled.input_shape != (None, side, side, 3):
        raise _other_network(f"it takes pictures {compiled.input_shape}")
    ours = compiled.forward(pictures)
    for name in OUTPUTS:
        _check_near(name, getattr(ours, name), getattr(theirs, name))
    if (ours.logits.argmax(axis=1) != theirs.logits.argmax(axis=1)).any():
        raise _other_network("a picture gets another class")
    if compiled.head:
        linear = np.stack([compiled.head.pooled(each) for each in ours.features])
        linear = linear @ compiled.head.kernel
        expected = ours.logits - _of_shallower(network, compiled.head, pictures)
        # The bias is the same for every picture
        _check_near("head", linear - linear.mean(axis=0), expected - expected.mean(axis=0))


def _of_shallower(network: keras.Model, head: LinearHead, pictures: np.ndarray) -> np.ndarray:
    """What a head's depths before the last one add to the logits, (n, C); 0 where it has one."""
    import keras

    kernel = np.asarray(network.get_layer(LOGITS).kernel, np.float32)
    n_shallower = len(kernel) - len(head.kernel)
    if n_shallower == 0:
        return np.zeros((len(pictures), kernel.shape[1]), np.float32)
    pooled = keras.Model(network.inputs[0], network.get_layer(f"{HEAD_PREFIX}{AT_DEPTHS}").output)
    found = np.asarray(pooled(pictures, training=False), np.float32)
    return np.asarray(found[:, :n_shallower] @ kernel[:n_shallower])


def _pictures_of_chance(side: int) -> np.ndarray:
    rng = np.random.default_rng(_SEED)
    coarse = rng.uniform(0, 255, (_N_PICTURES, 8, 8, 3)).astype(np.float32)
    return np.stack([cv2.resize(picture, (side, side)) for picture in coarse])


def _check_near(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    if ours.shape != theirs.shape:
        raise _other_network(f"its {name} are {ours.shape} and not {theirs.shape}")
    off = _distance(ours, theirs)
    if not off <= AGREEMENT:
        raise _other_network(f"its {name} lie {off:.3f} away, and {AGREEMENT} is allowed")


def _distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest distance, as a part of the root mean square of theirs."""
    size = float(np.sqrt(np.mean(np.square(theirs, dtype=np.float64)))) or 1.0
    return float(np.abs(ours - theirs).max(initial=0.0)) / size


def _other_network(how: str) -> BundleError:
    return BundleError(
        f"{IR_NETWORK} is not the network of {MODEL_FILE}: {how}. Export the bundle again."
    )


def _linear_head(network: keras.Model, layer: str) -> LinearHead | None:
    """The head that has, behind the pooling, the linear layer alone: the part of it that sees this
    layer, which is the last of its depths where there are several.

    The names are those that `add_head` gives; `check_ir` holds the numbers against them.
    """
    names = [each.name for each in network.layers]
    behind = names[names.index(layer) + 1 :]
    kernel = np.asarray(network.get_layer(LOGITS).kernel, np.float32)
    if pools_at_depths(network):
        is_last = all(name.startswith(HEAD_PREFIX) for name in behind[:-1])
        if not is_last or behind[-2:] != [f"{HEAD_PREFIX}{AT_DEPTHS}", LOGITS]:
            return None
        n_channels = network.get_layer(layer).output.shape[-1]
        return LinearHead(pooling="mean_and_deviation", kernel=kernel[-2 * n_channels :])
    heads: dict[LinearPooling, list[str]] = {
        "avg": [f"{HEAD_PREFIX}avg", LOGITS],
        "mean_and_deviation": [f"{HEAD_PREFIX}mean", f"{HEAD_PREFIX}mean_and_deviation", LOGITS],
    }
    pooling = next((each for each, head in heads.items() if behind == head), None)
    return LinearHead(pooling=pooling, kernel=kernel) if pooling else None


def _name_plainly(network: ov.Model) -> None:
    """Take out names that count what the process made before, and nobody reads."""
    kept = {*OUTPUTS}
    for number, operation in enumerate(network.get_ordered_ops()):
        operation.set_friendly_name(f"{operation.get_type_name()}_{number}")
        for port in operation.outputs():
            port.set_names(port.get_names() & kept)


def _add_kernel(network: ov.Model, kernel: np.ndarray) -> None:
    """Let the weights of the linear layer be an output, so that they are found by name."""
    from openvino import opset13

    constant = opset13.constant(kernel)
    constant.output(0).set_names({KERNEL})
    network.add_results([opset13.result(constant)])


def _shorten_weights(converted: ov.Model, network: keras.Model) -> None:
    """Store large weights in 16 bits where that loses nothing: as the layer's own, which are
    rounded to that after a training, times a number for each output.

    The converter folds normalisation into the weights before it. Rounded only then, they
    move answers.
    """
    from openvino import opset13

    own = _own_weights(network)
    for operation in converted.get_ordered_ops():
        if operation.get_type_name() != "Constant":
            continue
        weights = operation.get_data()
        if weights.size < _LARGE or weights.dtype != np.float32:
            continue
        for candidate in own.get(weights.shape, ()):
            if (parts := _in_two(weights, candidate)) is not None:
                short, scale = (opset13.constant(part) for part in parts)
                whole = opset13.multiply(opset13.convert(short, np.float32), scale)
                for user in operation.output(0).get_target_inputs():
                    user.replace_source_output(whole.output(0))
                break


def _in_two(weights: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """float16 weights and a float32 number for each output whose product these are, or None."""
    axes = tuple(range(1, weights.ndim))
    square = np.square(own).sum(axes, np.float64, keepdims=True)
    scale = (weights * own).sum(axes, np.float64, keepdims=True) / np.maximum(square, _TINY)
    power = np.exp2(np.ceil(np.log2(np.maximum(np.abs(own).max(axes, keepdims=True), _TINY))))
    short = np.ascontiguousarray((own / power).astype(np.float16))
    factor = (scale * power).astype(np.float32)
    off = np.abs(short.astype(np.float32) * factor - weights).max()
    return (short, factor) if off <= _EXACT * np.abs(weights).max() else None


def _own_weights(network: keras.Model) -> dict[tuple[int, ...], list[np.ndarray]]:
    """The kernels of all layers by shape, outputs first, as OpenVINO lays them out."""
    found: dict[tuple[int, ...], list[np.ndarray]] = {}
    for weight in network.weights:
        kernel = np.asarray(weight, np.float32)
        if kernel.ndim == 4 and kernel.shape[3] == 1:
            kernel = kernel.transpose(2, 3, 0, 1)[:, :, np.newaxis]
        elif kernel.ndim == 4:
            kernel = kernel.transpose(3, 2, 0, 1)
        elif kernel.ndim == 2:
            kernel = kernel.T
        found.setdefault(kernel.shape, []).append(kernel)
    return found
