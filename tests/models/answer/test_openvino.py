"""OpenVINO answers as Keras does, with maps that are those of tf-keras-vis, or is not used."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from drawn.smears import SMEAR_CLASSES, draw
from models.answer import converted as converting
from models.answer.converted import converted
from models.answer.forward import ForwardPass
from models.answer.loading import load_answerer, load_model
from models.answer.openvino_ir import AGREEMENT, check_ir, openvino_ir, run_by_openvino
from models.answer.openvino_network import OpenVinoNetwork
from models.answer.runtime import Model
from models.bundle.card import read_card
from models.bundle.folder import SHIPPED_ROOT, read_bundle, read_manifest, write_bundle
from models.bundle.keras_file import archive_model, load_archive
from models.bundle.manifest import IR_NETWORK, IR_WEIGHTS
from models.errors import BundleError
from models.opinion import opinion_on

pytestmark = pytest.mark.slow

POOLED_BY_THE_MEAN = "all-subtypes-efficientnet-lite0"
POOLED_WITH_THE_DEVIATION = "lymphoma-subtypes-efficientnet-lite0"
POOLED_AT_DEPTHS = "blood-cells-mobilenet"
SHIPPED = (POOLED_BY_THE_MEAN, POOLED_WITH_THE_DEVIATION, POOLED_AT_DEPTHS)


@pytest.fixture(scope="module", params=SHIPPED)
def model(request: pytest.FixtureRequest) -> Model:
    return load_model(SHIPPED_ROOT / request.param)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [draw(label, seed=5).rgb for label in [*SMEAR_CLASSES][:4]]


def prepared(model: Model, rgb: np.ndarray) -> np.ndarray:
    from models.preprocessing import picture_steps

    return picture_steps(rgb, model.manifest.steps)[-1].rgb


def test_a_shipped_model_answers_on_openvino_as_its_keras_network_does(
    model: Model, pictures: list[np.ndarray]
) -> None:
    keras_alone = model.on_tensorflow()
    assert (model.runtime, keras_alone.runtime) == ("OpenVINO", "TensorFlow")
    for rgb in pictures:
        seen = prepared(model, rgb)
        ours, theirs = model.look(seen), keras_alone.look(seen)
        for name in ("logits", "features", "means"):
            expected = getattr(theirs, name)
            size = float(np.sqrt(np.square(expected).mean()))
            np.testing.assert_allclose(getattr(ours, name), expected, atol=AGREEMENT * size)
        first, second = model.ask(seen), keras_alone.ask(seen)
        assert first[0].decision == second[0].decision
        assert first[0].prediction_set == second[0].prediction_set
        assert first[1] is not None
        assert second[1] is not None
        assert first[1].is_inside == second[1].is_inside


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++", "layercam"])
def test_a_map_in_closed_form_is_the_one_of_tf_keras_vis(
    model: Model, pictures: list[np.ndarray], method: str
) -> None:
    keras_alone = model.on_tensorflow()
    for rgb in pictures[:2]:
        seen = prepared(model, rgb)
        for class_index in range(2):
            ours = model.explain(seen, class_index, method)
            theirs = keras_alone.explain(seen, class_index, method)
            np.testing.assert_allclose(ours.map, theirs.map, atol=1e-3)
            assert ours.raw_peak == pytest.approx(theirs.raw_peak, rel=1e-3, abs=1e-6)


def test_an_opinion_with_its_map_takes_one_pass_and_no_keras(
    model: Model, pictures: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.image.micrograph import micrograph_from_rgb

    passes = []
    forward = OpenVinoNetwork.forward

    def counted(network: OpenVinoNetwork, rgb: np.ndarray) -> ForwardPass:
        passes.append(rgb.shape)
        return forward(network, rgb)

    monkeypatch.setattr(OpenVinoNetwork, "forward", counted)
    micrograph = micrograph_from_rgb(pictures[0])
    opinion = opinion_on(micrograph, model, despite_domain=True, despite_quality=True)
    assert opinion.explanation is not None
    assert len(passes) == 1


def test_a_network_of_another_head_gets_its_map_from_tf_keras_vis(tiny_bundle: Path) -> None:
    from keras import Model as KerasModel
    from keras import layers

    network = load_archive((tiny_bundle / "model.keras").read_bytes())
    pooled = network.get_layer("head_avg").output
    bent = layers.Dense(4, name="logits")(layers.Dense(8, "relu", name="head_1_dense")(pooled))
    network = KerasModel(network.inputs[0], bent)
    files = openvino_ir(network, layer="top_relu", domain_layer="top_relu")
    compiled = OpenVinoNetwork(files)
    assert compiled.head is None
    manifest, card = read_manifest(tiny_bundle), read_card(tiny_bundle / "card.json")
    model = Model(manifest=manifest, card=card, network=network, compiled=compiled)
    keras_alone = Model(manifest=manifest, card=card, network=network)
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    for method in ("grad-cam", "scorecam"):
        ours, theirs = (each.explain(rgb, 1, method).map for each in (model, keras_alone))
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_a_network_answers_with_as_many_threads_as_it_is_given(tiny_bundle: Path) -> None:
    model = load_answerer(tiny_bundle, threads=1)
    assert isinstance(model, Model)
    compiled = model._answering._network
    assert isinstance(compiled, OpenVinoNetwork)
    assert compiled._network.get_property("INFERENCE_NUM_THREADS") == 1


def test_files_of_another_network_are_refused(tiny_bundle: Path) -> None:
    files = read_bundle(tiny_bundle).files
    network = load_archive(files["model.keras"])
    check_ir(files, network, layer="top_relu", domain_layer="top_relu")
    kernel, bias = network.get_layer("logits").get_weights()
    network.get_layer("logits").set_weights([kernel[:, ::-1], bias])
    with pytest.raises(BundleError, match=r"network\.xml is not the network of model\.keras"):
        check_ir(files, network, layer="top_relu", domain_layer="top_relu")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda files: {**files, IR_NETWORK: b"<net>"},
        lambda files: {**files, IR_NETWORK: b""},
        lambda files: {**files, IR_WEIGHTS: files[IR_WEIGHTS][:1000]},
        lambda files: {
            **files,
            IR_NETWORK: files[IR_NETWORK].replace(b'names="logits"', b'names="other"'),
        },
        lambda files: {
            **files,
            IR_NETWORK: files[IR_NETWORK].replace(b'<pooling value="avg"', b'<pooling value="x"'),
        },
        lambda files: {**files, IR_NETWORK: files[IR_NETWORK].replace(b'"kernel"', b'"other"')},
        lambda files: {
            **files,
            IR_NETWORK: files[IR_NETWORK].replace(
                b'<pooling value="avg"', b'<pooling value="mean_and_deviation"'
            ),
        },
    ],
)
def test_damaged_files_are_refused_in_a_sentence(tiny_bundle: Path, spoil) -> None:
    with pytest.raises(BundleError, match="are no network that OpenVINO can load"):
        OpenVinoNetwork(spoil(dict(read_bundle(tiny_bundle).files)))


@pytest.fixture
def keras_bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A bundle from before: without a network for OpenVINO."""
    contents = read_bundle(tiny_bundle)
    write_bundle(
        tmp_path / "before",
        model=load_archive(contents.files["model.keras"]),
        manifest=contents.manifest.changed(files={}),
        card=read_card(tiny_bundle / "card.json"),
    )
    return tmp_path / "before"


def archive_of_a_layer_that_openvino_does_not_know() -> bytes:
    """A .keras file whose one odd layer is the inverse of the error function."""
    import keras
    from keras import layers, ops

    rgb = layers.Input((8, 8, 3))
    features = layers.Conv2D(4, 3, name="features")(rgb)
    pooled = layers.GlobalAveragePooling2D()(ops.erfinv(features))
    network = keras.Model(rgb, layers.Dense(2, name="logits")(pooled))
    return archive_model(network, created="2026-11-29")


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """The conversions that were started."""
    started: list[object] = []
    run = subprocess.run

    def counted(words, **settings):
        started.append(words)
        return run(words, **settings)

    monkeypatch.setattr(converting.subprocess, "run", counted)
    return started


def test_a_bundle_from_before_is_converted_once_and_a_damaged_copy_of_it_again(
    keras_bundle: Path, tmp_path: Path, conversions: list[object]
) -> None:
    cache = tmp_path / "networks"
    assert load_model(keras_bundle).runtime == "TensorFlow"
    first = load_model(keras_bundle, cache=cache)
    again = load_model(keras_bundle, cache=cache)
    assert (first.runtime, again.runtime, len(conversions)) == ("OpenVINO", "OpenVINO", 1)
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:-100])
    assert load_model(keras_bundle, cache=cache).runtime == "OpenVINO"
    assert len(conversions) == 2
    key, ending = kept.name.split("-")
    kept.unlink()
    (cache / f"{key}-{hashlib.sha256(b'no archive').hexdigest()}.zip").write_bytes(b"no archive")
    (cache / f"{key}-{ending.replace('.zip', '')}.zip").mkdir()
    assert load_model(keras_bundle, cache=cache).runtime == "OpenVINO"
    assert len(conversions) == 3
    rgb = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    expected = load_model(keras_bundle).logits(rgb)
    np.testing.assert_allclose(again.logits(rgb), expected, atol=1e-3)


def test_a_network_that_cannot_be_converted_stays_with_tensorflow_and_is_not_tried_again(
    keras_bundle: Path, tmp_path: Path, conversions: list[object]
) -> None:
    cache = tmp_path / "networks"
    archive = (keras_bundle / "model.keras").read_bytes()
    for _ in range(2):
        assert converted(archive, cache, layer="no such layer", domain_layer="top_relu") is None
    assert len(conversions) == 2
    nobody_can = archive_of_a_layer_that_openvino_does_not_know()
    for _ in range(2):
        assert converted(nobody_can, cache, layer="features", domain_layer="features") is None
    assert len(conversions) == 3
    (remembered,) = cache.glob("*.failed")
    assert "OpenVINO cannot run this network" in remembered.read_text()


def test_a_conversion_that_is_killed_is_tried_again(
    keras_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "networks"
    with monkeypatch.context() as patched:
        patched.setattr(converting, "_SECONDS", 0.5)
        assert load_model(keras_bundle, cache=cache).runtime == "TensorFlow"
    with monkeypatch.context() as patched:
        patched.setattr(converting.sys, "executable", "/bin/false")
        assert load_model(keras_bundle, cache=cache).runtime == "TensorFlow"
    assert load_model(keras_bundle, cache=cache).runtime == "OpenVINO"


def test_nothing_of_openvino_can_tell_its_maker_of_its_use(keras_bundle: Path) -> None:
    code = (
        "import sys, pathlib; from models.answer.loading import load_model; "
        "load_model(pathlib.Path(sys.argv[1])); import openvino; "
        "sys.exit(sys.modules.get('openvino_telemetry') is not None)"
    )
    bundle = str(SHIPPED_ROOT / POOLED_WITH_THE_DEVIATION)
    assert subprocess.run((sys.executable, "-c", code, bundle), check=False).returncode == 0


def test_an_image_is_read_on_the_command_line_without_tensorflow(
    tmp_path: Path, pictures: list[np.ndarray]
) -> None:
    import cv2

    path = tmp_path / "field.png"
    cv2.imwrite(str(path), pictures[0][..., ::-1])
    code = (
        "import sys; from bloodui.cli.main import main; status = main(sys.argv[1:]); "
        "found = {'tensorflow', 'keras'} & set(sys.modules); "
        "sys.exit(status or (f'imported: {found}' if found else 0))"
    )
    words = ("read", "--model", POOLED_BY_THE_MEAN, str(path))
    done = subprocess.run(
        (sys.executable, "-c", code, *words), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert '"decision"' in done.stdout
    assert "oneDNN" not in done.stderr
    assert "cuda" not in done.stderr


@pytest.mark.parametrize("border", ["head_avg", "block10_add"])
def test_features_for_a_training_are_those_of_keras(tiny_bundle: Path, border: str) -> None:
    import keras

    network = load_archive((tiny_bundle / "model.keras").read_bytes())
    backbone = keras.Model(network.input, network.get_layer(border).output)
    rgb = np.random.default_rng(0).uniform(0, 255, (5, 64, 64, 3)).astype(np.float32)
    expected = np.asarray(backbone.predict_on_batch(rgb))
    received = run_by_openvino(backbone)(rgb)
    size = float(np.sqrt(np.square(expected).mean()))
    np.testing.assert_allclose(received, expected, atol=AGREEMENT * size)
