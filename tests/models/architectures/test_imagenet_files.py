"""ImageNet weights of the project are the pinned ones, see, and come whole into a network."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from models.architectures import ARCHITECTURES, HEADS, architecture, backbone_layers, build_model
from models.architectures import imagenet_files as files
from models.architectures import weights as weights_module
from models.architectures.weights import (
    WeightsSource,
    installed_arrays,
    installed_weights_in_words,
)
from models.errors import WeightsError

INSTALLED = WeightsSource(kind="package")
NAMES = list(files.IMAGENET_FILES)


def photograph(name: str, px: int) -> np.ndarray:
    """The middle square of a photograph of scikit-image, (px, px, 3), 0–255."""
    import cv2
    from skimage import data

    rgb = getattr(data, name)()
    side, left = rgb.shape[0], (rgb.shape[1] - rgb.shape[0]) // 2
    square = rgb[:, left : left + side]
    return np.asarray(cv2.resize(square, (px, px), interpolation=cv2.INTER_AREA))


def network(name: str, px: int, kind: str = "package") -> object:
    return build_model(
        name,
        n_classes=2,
        input_px=px,
        head=HEADS["linear"],
        weights=WeightsSource(kind=kind),
        seed=3,
    )


def features(model: object, name: str, rgb: np.ndarray) -> np.ndarray:
    """The last feature map of one picture: (rows, columns, channels)."""
    import keras

    last = keras.Model(model.input, model.get_layer(architecture(name).saliency_layer).output)
    return np.asarray(last(rgb[None].astype(np.float32), training=False))[0]


# The files


def test_the_folder_of_weights_holds_the_pinned_files_and_no_other() -> None:
    folder = Path(weights_module.__file__).parents[1] / "weights"
    found = {
        file: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }
    assert found == {file.path: file.sha256 for file in files.IMAGENET_FILES.values()}


@pytest.mark.parametrize("name", NAMES)
def test_arrays_that_are_read_and_written_again_give_the_same_bytes(name: str) -> None:
    path = files.IMAGENET_FILES[name].path
    arrays = files.read_weights_file(path)
    assert {array.dtype for held in arrays.values() for array in held} == {np.dtype(np.float32)}
    assert files.as_weights_file(arrays) == path.read_bytes()


def test_small_arrays_keep_their_32_bits_and_large_ones_16(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).normal(size=40_000).astype(np.float32)
    given = {"conv": [drawn.reshape(2, 2, 100, 100), drawn[:100] * 1e-9]}
    path = tmp_path / "drawn.npz"
    path.write_bytes(files.as_weights_file(given))
    kernel, bias = files.read_weights_file(path)["conv"]
    np.testing.assert_array_equal(bias, given["conv"][1])
    np.testing.assert_allclose(kernel, given["conv"][0], rtol=2**-11, atol=2**-25)
    assert path.stat().st_size < 40_000 * 2 + 2_000


@pytest.mark.parametrize("name", NAMES)
def test_altered_file_is_refused_unopened(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = files.IMAGENET_FILES[name]
    data = bytearray(file.path.read_bytes())
    data[len(data) // 2] ^= 1
    altered = tmp_path / file.path.name
    altered.write_bytes(data)
    changed = {**files.IMAGENET_FILES, name: replace(file, path=altered)}
    monkeypatch.setattr(weights_module, "IMAGENET_FILES", MappingProxyType(changed))
    monkeypatch.setattr(np, "load", lambda *_args, **_named: pytest.fail("the file was opened"))
    with pytest.raises(WeightsError, match=rf"sha256 {file.sha256}, received.*not opened"):
        installed_arrays(architecture(name))


def test_missing_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = files.IMAGENET_FILES["squeezenet"]
    changed = {"squeezenet": replace(file, path=tmp_path / "gone.npz")}
    monkeypatch.setattr(weights_module, "IMAGENET_FILES", MappingProxyType(changed))
    with pytest.raises(WeightsError, match="FileNotFoundError"):
        installed_arrays(architecture("squeezenet"))


# What they hold


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_backbone", "n_classifier"),
    [
        ("mobilenet", 3_228_864, 1_025_000),
        ("squeezenet", 722_496, 513_000),
        ("vgg16", 14_714_688, 0),
    ],
)
def test_every_array_goes_into_the_backbone_and_the_classifier_stays_out(
    name: str, n_backbone: int, n_classifier: int
) -> None:
    arrays = installed_arrays(architecture(name))
    model = network(name, 64)
    layers = [layer for layer in backbone_layers(model) if layer.weights]
    assert sum(layer.count_params() for layer in layers) == n_backbone
    for layer in layers:
        for held, given in zip(layer.get_weights(), arrays[layer.name], strict=True):
            np.testing.assert_array_equal(held, given)
    rest = set(arrays) - {layer.name for layer in layers}
    assert rest == ({"fc"} if n_classifier else set())
    assert sum(array.size for array in arrays.get("fc", [])) == n_classifier


# Values of VGG16's ImageNet weights as Keras distributes them, where its first kernel sees blue,
# green, red: (layer, place of the array, index, value), printed in public code that loads them.
PUBLISHED_VGG16 = [
    ("block1_conv1", 0, (0, 0, 0, 0), 0.42947057),
    ("block1_conv1", 0, (0, 1, 0, 0), 0.373467),
    ("block1_conv1", 0, (0, 2, 0, 0), -0.061360113),
    ("block1_conv1", 1, (25,), 0.7446502),
    ("block1_conv2", 0, (2, 2, 63, 63), 0.016082443),
    ("block2_conv1", 1, (1,), 0.06440781),
    ("block5_conv1", 0, (1, 0, 63, 269), -0.011236359),
    ("block5_conv2", 1, (510,), 0.23517226),
    ("block5_conv3", 0, (0, 2, 0, 400), -0.008714244),
]


@pytest.mark.parametrize(("layer", "place", "index", "value"), PUBLISHED_VGG16)
def test_vgg16_holds_the_published_values(
    layer: str, place: int, index: tuple[int, ...], value: float
) -> None:
    array = installed_arrays(architecture("vgg16"))[layer][place]
    assert array[index] == pytest.approx(value, rel=2**-11, abs=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "picture", "imagenet_class", "at_least"),
    [
        ("mobilenet", "coffee", 967, 0.9),
        ("mobilenet", "chelsea", 285, 0.5),
        ("squeezenet", "coffee", 967, 0.9),
        ("squeezenet", "chelsea", 281, 0.3),
    ],
    ids=["MobileNet: espresso", "Egyptian cat", "SqueezeNet: espresso", "tabby cat"],
)
def test_weights_with_a_classifier_know_an_everyday_photograph(
    name: str, picture: str, imagenet_class: int, at_least: float
) -> None:
    px = architecture(name).default_px
    kernel, bias = installed_arrays(architecture(name))["fc"]
    logits = features(network(name, px), name, photograph(picture, px)) @ kernel + bias
    if name == "squeezenet":  # its classifier is a convolution, activated, before the mean
        logits = np.maximum(logits, 0)
    logits = logits.mean((0, 1))
    probabilities = np.exp(logits - logits.max())
    probabilities /= probabilities.sum()
    assert probabilities.argmax() == imagenet_class
    assert probabilities.max() > at_least


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded_network_gives_the_same_features_which_drawn_weights_do_not(
    name: str, tmp_path: Path
) -> None:
    import keras

    model = network(name, 64)
    rgb = photograph("coffee", 64)
    given = features(model, name, rgb)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    scale = np.abs(given).max()
    np.testing.assert_allclose(features(loaded, name, rgb), given, atol=1e-5 * scale)
    drawn = features(network(name, 64, "none"), name, rgb)
    assert np.abs(drawn - given).max() > 0.1 * scale


# What they are called


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vgg16", "vgg16-imagenet (Simonyan and Zisserman 2014, University of Oxford, CC BY 4.0)"),
        ("mobilenet", "mobilenet-imagenet (Howard et al. 2017"),
        ("squeezenet", "squeezenet-imagenet (Iandola et al. 2016"),
        ("efficientnet-lite0-stride16-cells", "efficientnet-lite0-imagenet (Tan and Le 2019"),
    ],
)
def test_weights_are_called_by_what_they_hold_and_whose_they_are(name: str, words: str) -> None:
    assert installed_weights_in_words(architecture(name)).startswith(words)


def test_every_architecture_with_installed_weights_says_whose_they_are() -> None:
    with_weights = [spec for spec in ARCHITECTURES.values() if "package" in spec.weights]
    assert {spec.name for spec in with_weights} >= set(NAMES)
    for spec in with_weights:
        assert "-imagenet (" in installed_weights_in_words(spec)


# SqueezeNet, whose layers are ours


@pytest.mark.slow
def test_squeezenet_is_as_large_as_published_and_ends_at_its_smallest_side_in_one_pixel() -> None:
    spec = architecture("squeezenet")
    model = network("squeezenet", spec.min_px, "none")
    assert model.get_layer(spec.saliency_layer).output.shape == (None, 1, 1, 512)
    whole = build_model(
        "squeezenet",
        n_classes=1000,
        input_px=227,
        head=HEADS["linear"],
        weights=WeightsSource(kind="none"),
    )
    assert whole.count_params() == 1_235_496
    assert whole.get_layer(spec.saliency_layer).output.shape == (None, 13, 13, 512)
