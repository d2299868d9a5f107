"""A model travels as one .zip file, and nothing comes in that its manifest does not vouch for."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from models.bundle.archive import ArchiveLimits, export_bundle, unpacked
from models.bundle.folder import verify_bundle
from models.bundle.manifest import IR_WEIGHTS
from models.errors import BundleError, BundleTamperedError
from tests.models.test_files import files_at_most

CASES = Path(__file__).parents[2] / "cases"


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
        (lambda f: f.update({"../evil.py": b""}), BundleError, r"folders .*'\.\.'"),
        (lambda f: f.update({"/etc/passwd": b""}), BundleError, "folders .*'/etc'"),
        (lambda f: f.update({"a\\..\\evil": b""}), BundleError, "evil"),
        (lambda f: f.update({"sub/model.keras": b""}), BundleError, r"sub/model\.keras"),
        (lambda f: f.update({"extra.py": b"pass"}), BundleError, r"extra\.py"),
        (lambda f: f.update({f"f{n}": b"" for n in range(60)}), BundleError, "65 files"),
        (lambda f: f.pop("manifest.json"), BundleError, r"no manifest\.json"),
        (lambda f: f.pop("card.json"), BundleTamperedError, r"card\.json"),
        (lambda f: f.update({"card.json": b"{}"}), BundleTamperedError, r"card\.json"),
        (lambda f: f.update({"manifest.json": b"{}"}), BundleError, "id, title, task, "),
        (
            lambda f: f.update(
                {"manifest.json": json.dumps(json.loads(f["manifest.json"]) | {"id": "../x"})}
            ),
            BundleError,
            "id of the manifest to be 3 to 64",
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
    with pytest.raises(BundleError, match="link"), unpacked(written.getvalue()):
        pass


def test_a_bomb_is_stopped_before_it_is_unpacked(archive: bytes) -> None:
    zeros = bytes(64 * 2**20)
    bomb = rezipped(archive, lambda files: files.update({"model.keras": zeros, IR_WEIGHTS: b""}))
    assert len(bomb) < 2**20
    limits = ArchiveLimits(total_bytes=2**20)
    with pytest.raises(BundleError, match="more than"), unpacked(bomb, limits=limits):
        pass
    bomb = rezipped(archive, lambda files: files.update({"manifest.json": bytes(64 * 2**20)}))
    with pytest.raises(BundleError, match="more than"), unpacked(bomb):
        pass


def test_an_archive_with_a_long_table_of_contents_is_refused_unread() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as target:
        for number in range(20):
            entry = zipfile.ZipInfo(f"tiny/{number}")
            entry.extra = bytes(60_000)
            target.writestr(entry, b"")
    with pytest.raises(BundleError, match="table of contents"), unpacked(written.getvalue()):
        pass


@pytest.mark.parametrize("damage", ["text", "cut", "flipped", "without its middle"])
def test_a_damaged_archive_is_refused(damage: str, archive: bytes) -> None:
    middle = len(archive) // 2
    data = {
        "text": b"no archive at all",
        "cut": archive[:middle],
        "flipped": archive[:middle] + bytes([archive[middle] ^ 1]) + archive[middle + 1 :],
        "without its middle": archive[:60_000] + archive[-2_000:],
    }[damage]
    with pytest.raises((BundleError, BundleTamperedError)), unpacked(data):
        pass


def test_case_18_an_archive_with_a_hole_is_refused_as_damaged() -> None:
    data = (CASES / "18_archive_with_a_hole.zip").read_bytes()
    with (
        pytest.raises(BundleError, match=r"cannot be read: .* Export the model again"),
        unpacked(data),
    ):
        pass


def test_a_full_disk_is_told_in_a_sentence(archive: bytes) -> None:
    with (
        files_at_most(100_000),
        pytest.raises(BundleError, match="Make room"),
        unpacked(archive),
    ):
        pass


def test_a_large_file_is_never_whole_in_memory(archive: bytes) -> None:
    """128 MiB of zeros, which the manifest vouches for; 1 GiB took 2.1 GiB of memory."""
    zeros = bytes(2**20) * 128

    def swell(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        manifest["files"]["model.keras"] = hashlib.sha256(zeros).hexdigest()
        files |= {"model.keras": zeros, "manifest.json": json.dumps(manifest).encode()}

    swollen = rezipped(archive, swell)
    tracemalloc.start()
    try:
        with unpacked(swollen) as bundle:
            assert (bundle / "model.keras").stat().st_size == len(zeros)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()
