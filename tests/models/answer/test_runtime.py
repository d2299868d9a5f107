"""A loaded bundle answers as the network that was saved, from any thread, or is refused."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from models.answer.loading import load_model
from models.answer.runtime import Model
from models.bundle.card import read_card
from models.bundle.folder import read_manifest, write_bundle
from models.bundle.keras_file import load_archive
from models.errors import BundleError, BundleTamperedError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load_model(tiny_bundle)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)


def test_logits_are_those_of_the_saved_network(
    model: Model, tiny_bundle: Path, pictures: np.ndarray
) -> None:
    network = load_archive((tiny_bundle / "model.keras").read_bytes())
    expected = np.asarray(network(pictures.astype(np.float32), training=False))
    received = model.logits(pictures)
    assert received.shape == (4, 4)
    assert received.dtype == np.float32
    np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)


def test_a_picture_gets_the_same_answer_alone_and_in_a_batch(
    model: Model, pictures: np.ndarray
) -> None:
    alone = model.ask(pictures[2])[0]
    np.testing.assert_allclose(alone.logits, model.logits(pictures)[2], rtol=1e-4, atol=1e-5)
    assert alone.classes == model.manifest.classes


def test_questions_from_many_threads_get_the_answers_that_one_thread_gets(
    model: Model, pictures: np.ndarray
) -> None:
    def ask(number: int) -> tuple[np.ndarray, np.ndarray]:
        picture = pictures[number % 4]
        return model.ask(picture)[0].logits, model.explain(picture, number % 4).map

    expected = [ask(number) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        received = list(pool.map(ask, range(8)))
    for number, (logits, saliency_map) in enumerate(received):
        np.testing.assert_allclose(logits, expected[number % 4][0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(saliency_map, expected[number % 4][1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "batch",
    [
        np.zeros((64, 64, 3), np.uint8),
        np.zeros((1, 32, 32, 3), np.uint8),
        np.zeros((1, 64, 64, 3), np.float32),
    ],
)
def test_pictures_that_are_not_prepared_are_refused(batch: np.ndarray, model: Model) -> None:
    with pytest.raises(BundleError, match=r"\(N, 64, 64, 3\) of uint8"):
        model.logits(batch)


def test_an_altered_model_is_not_loaded(tiny_bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / tiny_bundle.name
    shutil.copytree(tiny_bundle, copy)
    data = bytearray((copy / "model.keras").read_bytes())
    data[-1] ^= 1
    (copy / "model.keras").write_bytes(data)
    with pytest.raises(BundleTamperedError, match=r"model\.keras"):
        load_model(copy)


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"classes": ("Benign", "Early")}, "output"),
        ({"saliency_layer": "no_such_layer"}, "saliency layer"),
    ],
)
def test_a_network_that_is_not_what_the_manifest_says_is_refused(
    changes: dict[str, object], subject: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    manifest = read_manifest(tiny_bundle).changed(files={}, **changes)  # type: ignore[arg-type]
    network = load_archive((tiny_bundle / "model.keras").read_bytes())
    card = read_card(tiny_bundle / "card.json")
    write_bundle(tmp_path / "wrong", model=network, manifest=manifest, card=card)
    with pytest.raises(BundleError, match=subject):
        load_model(tmp_path / "wrong")
