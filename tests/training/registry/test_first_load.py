"""A model from elsewhere is loaded once, in a process with limits, before it can be promoted."""

from __future__ import annotations

import io
import json
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.bundle.folder import read_bundle
from models.bundle.manifest import IR_WEIGHTS, MANIFEST_FILE, MODEL_FILE, member_file
from tests.test_house import sha256_of
from training.errors import RegistryError
from training.registry.first_load import LoadLimits, check_first_load

pytestmark = pytest.mark.slow

Change = Callable[[bytes], bytes]


def hostile(tiny_bundle: Path, folder: Path, change: Change) -> Path:
    """The tiny bundle with another configuration of its network, every hash right."""
    bundle = Path(shutil.copytree(tiny_bundle, folder / "alone" / tiny_bundle.name))
    written = io.BytesIO()
    with (
        zipfile.ZipFile(bundle / MODEL_FILE) as source,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, change(data) if name == "config.json" else data)
    (bundle / MODEL_FILE).write_bytes(written.getvalue())
    manifest = read_bundle(tiny_bundle).manifest
    files = {**manifest.files, MODEL_FILE: sha256_of(bundle / MODEL_FILE)}
    (bundle / MANIFEST_FILE).write_bytes(manifest.changed(files=files).to_json())
    return bundle


def a_huge_layer(data: bytes) -> bytes:
    """The last layer answers with ten thousand million numbers instead of four."""
    config: dict[str, Any] = json.loads(data)
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "Dense":
            layer["config"]["units"] = 10**10
    return json.dumps(config).encode()


def nested_without_end(_: bytes) -> bytes:
    deep = b"[" * 100_000 + b"]" * 100_000
    return b'{"module": "keras", "class_name": "Functional", "config": {"layers": ' + deep + b"}}"


def test_a_sound_model_passes_and_one_that_takes_too_long_does_not(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / tiny_bundle.name))
    check_first_load(bundle)
    began = time.monotonic()
    with pytest.raises(RegistryError, match="is not done within 1 seconds"):
        check_first_load(bundle, limits=LoadLimits(seconds=1.0))
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("change", [a_huge_layer, nested_without_end])
def test_a_hostile_network_is_refused_in_a_sentence(
    change: Change, tiny_bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(RegistryError) as refusal:
        check_first_load(hostile(tiny_bundle, tmp_path, change), limits=LoadLimits(memory_mib=1024))
    assert "Traceback" not in str(refusal.value)
    assert str(refusal.value).endswith((".", "smaller one."))


def test_a_network_for_openvino_that_is_another_than_the_keras_one_is_refused(
    tiny_bundle: Path, tiny_ensemble: Path, tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / tiny_bundle.name))
    other = read_bundle(tiny_ensemble).files[member_file(2, IR_WEIGHTS)]
    (bundle / IR_WEIGHTS).write_bytes(other)
    manifest = read_bundle(tiny_bundle).manifest
    files = {**manifest.files, IR_WEIGHTS: sha256_of(bundle / IR_WEIGHTS)}
    (bundle / MANIFEST_FILE).write_bytes(manifest.changed(files=files).to_json())
    with pytest.raises(RegistryError, match=r"network\.xml is not the network of model\.keras"):
        check_first_load(bundle)
