"""A model travels as a .keras archive that holds no code, and nothing else is loaded."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.bundle.keras_file import archive_model, load_archive
from models.errors import BundleError
from training.fit.rounding import rounded


def test_a_model_is_stored_deflated_without_its_optimizer_and_loads_with_the_same_answers(
    tmp_path: Path,
) -> None:
    import keras

    rgb = keras.Input((8, 8, 3), name="rgb")
    logits = keras.layers.Dense(4, name="logits")(keras.layers.Flatten()(rgb))
    trained = keras.Model(rgb, logits)
    trained.compile("adam", "mse")
    batch = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
    trained.train_on_batch(batch, np.zeros((2, 4), np.float32))
    path = tmp_path / "model.keras"
    path.write_bytes(archive_model(trained, created="2026-11-21"))
    with zipfile.ZipFile(path) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_DEFLATED}
        assert b"adam" not in archive.read("config.json").lower()
        assert b"optimizer" not in archive.read("model.weights.h5")
    loaded = load_archive(path.read_bytes())
    assert loaded(batch).shape == (2, 4)
    np.testing.assert_array_equal(loaded(batch), trained(batch))


def test_rounded_weights_take_less_than_16_bits_each_and_come_back_as_they_were() -> None:
    import keras

    features = keras.Input((300,))
    network = keras.Model(features, keras.layers.Dense(300, name="logits")(features))
    drawn = np.random.default_rng(0).normal(0, 0.05, (300, 300)).astype(np.float32)
    network.set_weights([rounded(drawn), np.float32(np.arange(300))])
    data = archive_model(network, created="2026-11-21")
    assert len(data) < 2 * drawn.size
    for own, stored in zip(network.get_weights(), load_archive(data).get_weights(), strict=True):
        np.testing.assert_array_equal(own, stored)


def test_a_model_with_a_lambda_layer_is_refused_and_its_code_is_not_run(tmp_path: Path) -> None:
    import keras

    trace = tmp_path / "was-run"
    path = str(trace)
    rgb = keras.Input((8, 8, 3), name="rgb")
    x = keras.layers.Lambda(lambda x: (open(path, "w").close(), x)[1], output_shape=(8, 8, 3))(rgb)
    x = keras.layers.GlobalAveragePooling2D()(x)
    data = archive_model(
        keras.Model(rgb, keras.layers.Dense(2, name="logits")(x)), created="2026-11-21"
    )
    trace.unlink(missing_ok=True)
    with pytest.raises(BundleError, match="safe mode"):
        load_archive(data)
    assert not trace.exists()


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06" + bytes(18), b"\x89HDF\r\n\x1a\n" + bytes(90)])
def test_bytes_that_are_no_keras_archive_are_refused(data: bytes) -> None:
    with pytest.raises(BundleError, match=r"\.keras"):
        load_archive(data)
