"""A model travels as one .zip file, and nothing comes in that its manifest does not vouch for."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from models.bundle import verify_bundle
from models.errors import BundleError, BundleTamperedError, RegistryError
from training.bundle_archive import ArchiveLimits, export_bundle, unpacked


@pytest.fixture(scope="module")
def archive(tiny_bundle: Path) -> bytes:
    return export_bundle(tiny_bundle)


def rezipped(archive: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """The archive with its files (name → bytes) changed."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        files = {Path(name).name: source.read(name) for name in source.namelist()}
    change(files)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as target:
        for name, data in files.items():
            target.writestr(name, data, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def test_an_exported_model_comes_back_byte_for_byte(archive: bytes, tiny_bundle: Path) -> None:
    with unpacked(archive) as bundle:
        assert verify_bundle(bundle) == verify_bundle(tiny_bundle)
        folder = bundle
    assert not folder.exists()


def test_the_same_model_gives_the_same_archive(archive: bytes, tiny_bundle: Path) -> None:
    assert hashlib.sha256(export_bundle(tiny_bundle)).digest() == hashlib.sha256(archive).digest()


def test_files_without_a_folder_are_taken_too(archive: bytes) -> None:
    with unpacked(rezipped(archive, lambda files: None)) as bundle:
        assert verify_bundle(bundle).id == bundle.name


@pytest.mark.parametrize(
    ("change", "error", "named"),
    [
        (lambda f: f.update({"../evil.py": b""}), RegistryError, r"folders .*'\.\.'"),
        (lambda f: f.update({"/etc/passwd": b""}), RegistryError, "folders .*'/etc'"),
        (lambda f: f.update({"a\\..\\evil": b""}), RegistryError, "evil"),
        (lambda f: f.update({"sub/model.keras": b""}), RegistryError, r"sub/model\.keras"),
        (lambda f: f.update({"extra.py": b"pass"}), RegistryError, r"extra\.py"),
        (lambda f: f.update({f"f{n}": b"" for n in range(40)}), RegistryError, "43 files"),
        (lambda f: f.pop("manifest.json"), RegistryError, r"no manifest\.json"),
        (lambda f: f.pop("card.json"), BundleTamperedError, r"card\.json"),
        (lambda f: f.update({"card.json": b"{}"}), BundleTamperedError, r"card\.json"),
        (lambda f: f.update({"manifest.json": b"{}"}), BundleError, "missing keys"),
        (
            lambda f: f.update(
                {"manifest.json": json.dumps(json.loads(f["manifest.json"]) | {"id": "../x"})}
            ),
            BundleError,
            "'id'",
        ),
    ],
)
def test_what_is_no_bundle_is_refused_by_name(
    change: Callable[[dict[str, bytes]], object],
    error: type[Exception],
    named: str,
    archive: bytes,
) -> None:
    with pytest.raises(error, match=named), unpacked(rezipped(archive, change)):
        pass


def test_a_link_is_refused(archive: bytes) -> None:
    written = io.BytesIO(archive)
    link = zipfile.ZipInfo("tiny-efficientnet-lite0/extra")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(written, "a") as target:
        target.writestr(link, "/etc/passwd")
    with pytest.raises(RegistryError, match="link"), unpacked(written.getvalue()):
        pass


def test_a_bomb_is_stopped_before_it_is_unpacked(archive: bytes) -> None:
    bomb = rezipped(archive, lambda files: files.update({"model.keras": bytes(64 * 2**20)}))
    assert len(bomb) < 2**20
    limits = ArchiveLimits(total_bytes=2**20)
    with pytest.raises(RegistryError, match="more than"), unpacked(bomb, limits=limits):
        pass
    bomb = rezipped(archive, lambda files: files.update({"manifest.json": bytes(64 * 2**20)}))
    with pytest.raises(RegistryError, match="more than"), unpacked(bomb):
        pass


@pytest.mark.parametrize("damage", ["text", "cut", "flipped"])
def test_a_damaged_archive_is_refused(damage: str, archive: bytes) -> None:
    middle = len(archive) // 2
    data = {
        "text": b"no archive at all",
        "cut": archive[:middle],
        "flipped": archive[:middle] + bytes([archive[middle] ^ 1]) + archive[middle + 1 :],
    }[damage]
    with pytest.raises((RegistryError, BundleTamperedError)), unpacked(data):
        pass
