"""A bundle is used where every byte is the recorded one, and refused by name where not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.bundle.card import read_card
from models.bundle.folder import (
    find_bundle,
    list_bundles,
    pin_bundle,
    read_bundle,
    read_manifest,
    verify_bundle,
    write_bundle,
)
from models.bundle.keras_file import load_archive
from models.errors import BundleError, BundleTamperedError

pytestmark = pytest.mark.slow

BUNDLE_FILES = {"card.json", "manifest.json", "model.keras", "network.bin", "network.xml"}


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bundle, with its pins, that a test may damage."""
    shutil.copytree(tiny_bundle.parent, tmp_path / "root")
    return tmp_path / "root" / tiny_bundle.name


@pytest.fixture(scope="module")
def network(tiny_bundle: Path) -> Any:
    return load_archive((tiny_bundle / "model.keras").read_bytes())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rewrite(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a bundle's manifest and pin it anew, as someone with all rights could."""
    path = bundle / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    (bundle.parent / "SHA256SUMS").write_text(f"{sha256(path)}  {bundle.name}/manifest.json\n")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda data: data.pop("temperature"),
            "temperature of the manifest, received nothing",
        ),
        (
            lambda data: data.update(colour="red"),
            "in the manifest, received 'colour'",
        ),
        (
            lambda data: data["data"].pop("seed"),
            "data.seed of the manifest, received nothing",
        ),
        (lambda data: data["data"].update(seed="x"), "data.seed of the manifest to be a whole"),
        (
            lambda data: data.update(classes="ab"),
            "classes of the manifest to be at least two",
        ),
        (
            lambda data: data.update(steps=[{"name": "no-such-step"}]),
            r"steps\[0\].name of the",
        ),
        (lambda data: data.update(quality_limits={"colour": 1}), "quality_limits.modality"),
        (lambda data: data.update(data=None), "data of the manifest to be a table, received None"),
    ],
)
def test_manifest_json_with_other_keys_is_refused_by_key(
    change: Callable[[dict[str, Any]], object], named: str, bundle: Path
) -> None:
    rewrite(bundle, change)
    with pytest.raises(BundleError, match=named):
        verify_bundle(bundle)


def test_bundle_lists_every_file_with_its_hash(tiny_bundle: Path) -> None:
    manifest = verify_bundle(tiny_bundle)
    assert {path.name for path in tiny_bundle.iterdir()} == BUNDLE_FILES
    assert manifest.files == {
        name: sha256(tiny_bundle / name) for name in BUNDLE_FILES - {"manifest.json"}
    }
    assert read_card(tiny_bundle / "card.json").summary.startswith("A model for tests")


@pytest.mark.parametrize("name", sorted(BUNDLE_FILES))
def test_a_changed_byte_is_refused_by_name(name: str, bundle: Path) -> None:
    data = bytearray((bundle / name).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / name).write_bytes(data)
    with pytest.raises(BundleTamperedError, match=name):
        verify_bundle(bundle)


def test_a_missing_file_is_refused_by_name(bundle: Path) -> None:
    (bundle / "card.json").unlink()
    with pytest.raises(BundleTamperedError, match=r"lacks 'card\.json'"):
        verify_bundle(bundle)


def test_an_added_file_is_refused_by_name(bundle: Path) -> None:
    (bundle / "extra.py").write_text("pass")
    with pytest.raises(BundleTamperedError, match=r"'extra\.py'"):
        verify_bundle(bundle)


def test_a_link_in_place_of_a_file_is_refused_even_where_its_bytes_are_right(
    bundle: Path, tmp_path: Path
) -> None:
    (bundle / "model.keras").rename(tmp_path / "elsewhere")
    (bundle / "model.keras").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleTamperedError, match=r"'model\.keras'"):
        verify_bundle(bundle)


def test_a_manifest_that_does_not_list_the_model_is_refused(bundle: Path) -> None:
    rewrite(bundle, lambda data: data["files"].pop("model.keras"))
    with pytest.raises(BundleError, match=r"model\.keras"):
        verify_bundle(bundle)


def test_the_bytes_that_were_hashed_are_the_bytes_that_are_used(bundle: Path) -> None:
    contents = read_bundle(bundle)
    (bundle / "model.keras").write_bytes(b"exchanged after the check")
    data = contents.files["model.keras"]
    assert hashlib.sha256(data).hexdigest() == contents.manifest.files["model.keras"]


def test_a_model_and_manifest_changed_together_are_refused_by_the_pin(bundle: Path) -> None:
    (bundle / "card.json").write_text("{}")
    data = json.loads((bundle / "manifest.json").read_text())
    data["files"]["card.json"] = sha256(bundle / "card.json")
    (bundle / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(BundleTamperedError, match=r"'manifest\.json'.*not the pinned one"):
        verify_bundle(bundle)
    with pytest.raises(BundleTamperedError, match=r"'manifest\.json'.*not the pinned one"):
        list_bundles(bundle.parent)


def test_a_bundle_that_nobody_pinned_is_refused(bundle: Path) -> None:
    shutil.copytree(bundle, bundle.with_name("a-stranger"))
    with pytest.raises(BundleTamperedError, match="'a-stranger' is not pinned"):
        list_bundles(bundle.parent)
    with pytest.raises(BundleTamperedError, match="'a-stranger' is not pinned"):
        verify_bundle(bundle.with_name("a-stranger"))


def test_a_pinned_bundle_that_is_gone_is_named(bundle: Path) -> None:
    shutil.rmtree(bundle)
    with pytest.raises(BundleTamperedError, match=bundle.name):
        list_bundles(bundle.parent)


@pytest.mark.parametrize("line", ["garbage", f"{'0' * 64}  ../up/manifest.json", "  "])
def test_pins_of_another_form_are_refused(line: str, bundle: Path) -> None:
    with (bundle.parent / "SHA256SUMS").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BundleTamperedError, match="SHA256SUMS"):
        list_bundles(bundle.parent)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_pins_can_be_checked_with_sha256sum(tiny_bundle: Path) -> None:
    subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tiny_bundle.parent, check=True
    )


def test_a_root_lists_its_bundles_and_an_empty_one_lists_none(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    assert [manifest.id for manifest in list_bundles(tiny_bundle.parent)] == [tiny_bundle.name]
    assert list_bundles(tmp_path) == ()
    with pytest.raises(BundleError, match="folder of bundles"):
        list_bundles(tmp_path / "nowhere")


def test_a_bundle_is_found_by_id_and_an_unknown_id_lists_the_known_ones(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    roots = (tmp_path, tiny_bundle.parent)
    assert find_bundle(tiny_bundle.name, roots) == tiny_bundle
    for unknown in ("no-such-model", "../root/" + tiny_bundle.name, ""):
        with pytest.raises(BundleError, match=f"Known models: {tiny_bundle.name}"):
            find_bundle(unknown, roots)
    with pytest.raises(BundleError, match="No model is installed"):
        find_bundle("no-such-model", (tmp_path,))


def test_pinning_again_changes_nothing_and_pinning_another_of_that_id_is_refused(
    bundle: Path, tmp_path: Path
) -> None:
    before = (bundle.parent / "SHA256SUMS").read_bytes()
    pin_bundle(bundle.parent, bundle)
    assert (bundle.parent / "SHA256SUMS").read_bytes() == before
    other = tmp_path / "other"
    shutil.copytree(bundle, other)
    data = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(data | {"title": "Another"}))
    with pytest.raises(BundleError, match="exists"):
        pin_bundle(bundle.parent, other)
    assert list_bundles(bundle.parent)[0].title == "Tiny"


def test_an_existing_folder_is_not_overwritten(
    network: Any, tiny_bundle: Path, tmp_path: Path
) -> None:
    manifest = read_manifest(tiny_bundle).changed(files={})
    card = read_card(tiny_bundle / "card.json")
    (tmp_path / "kept").mkdir()
    with pytest.raises(BundleError, match="not overwritten"):
        write_bundle(tmp_path / "kept", model=network, manifest=manifest, card=card)
    assert list((tmp_path / "kept").iterdir()) == []


def test_writing_that_fails_leaves_nothing_behind(tiny_bundle: Path, tmp_path: Path) -> None:
    manifest = read_manifest(tiny_bundle).changed(files={})
    card = read_card(tiny_bundle / "card.json")
    with pytest.raises(AttributeError):
        write_bundle(tmp_path / "new", model=None, manifest=manifest, card=card)
    assert list(tmp_path.iterdir()) == []


def test_the_same_model_gives_the_same_bytes(
    network: Any, tiny_bundle: Path, tmp_path: Path
) -> None:
    manifest = read_manifest(tiny_bundle).changed(files={})
    card = read_card(tiny_bundle / "card.json")
    first, second = (
        write_bundle(tmp_path / name, model=network, manifest=manifest, card=card)
        for name in ("first", "second")
    )
    assert first.files == second.files
    assert first.files["card.json"] == read_manifest(tiny_bundle).files["card.json"]


def test_listing_bundles_does_not_import_tensorflow(tiny_bundle: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from models.bundle.folder import list_bundles\n"
        "import models.answer.runtime, models.opinion\n"
        "assert list_bundles(Path(sys.argv[1]))\n"
        "assert not {'tensorflow', 'keras', 'tf_keras_vis'} & set(sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    subprocess.run(
        [sys.executable, "-c", script, str(tiny_bundle.parent)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
