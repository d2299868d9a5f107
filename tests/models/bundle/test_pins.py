"""SHA256SUMS as people and programs write it: read where it is plain, refused by line where not."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from models.bundle.folder import (
    find_bundle,
    list_bundles,
    pin_bundle,
    verify_bundle,
)
from models.bundle.pins import (
    parse_pins,
    read_pins,
    survey_root,
    write_pins,
)
from models.errors import BundleError, BundleTamperedError
from tests.test_house import sha256_of
from tests.training.evaluated import evaluated_bundle

needs_sha256sum = pytest.mark.skipif(
    shutil.which("sha256sum") is None, reason="sha256sum is not installed"
)
HASH, OTHER = "a" * 64, "b" * 64
RIGHT = f"{HASH}  model-a/manifest.json"


@pytest.fixture
def root(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bundle's root, that a test may damage."""
    return Path(shutil.copytree(tiny_bundle.parent, tmp_path / "root"))


@needs_sha256sum
@pytest.mark.parametrize("options", [[], ["--binary"], ["--text"]], ids=" ".join)
@pytest.mark.parametrize("path", ["{}/manifest.json", "./{}/manifest.json"])
def test_what_sha256sum_writes_is_read_and_checked(
    options: list[str], path: str, root: Path, tiny_bundle: Path
) -> None:
    command = ["sha256sum", *options, path.format(tiny_bundle.name)]
    with (root / "SHA256SUMS").open("wb") as file:
        subprocess.run(command, cwd=root, stdout=file, check=True)
    assert [manifest.id for manifest in list_bundles(root)] == [tiny_bundle.name]
    assert verify_bundle(root / tiny_bundle.name).id == tiny_bundle.name
    (root / tiny_bundle.name / "manifest.json").write_bytes(b"{}")
    with pytest.raises(BundleTamperedError, match="not the pinned one"):
        list_bundles(root)


@needs_sha256sum
def test_what_is_written_can_be_checked_by_sha256sum(root: Path, tiny_bundle: Path) -> None:
    write_pins(root, read_pins(root) or {})
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=root, check=True)


@pytest.mark.parametrize(
    "text",
    [
        f"{RIGHT}\n",
        RIGHT,
        f"{RIGHT}\r\n",
        f"{HASH} *model-a/manifest.json\n",
        f"{HASH.upper()}  model-a/manifest.json\n",
        f"\ufeff{RIGHT}\n",
        f"{RIGHT}\n{RIGHT}\n",
    ],
    ids=["text", "no-end", "crlf", "binary", "upper-case", "byte-order-mark", "twice"],
)
def test_lines_that_say_the_same_are_read_alike(text: str) -> None:
    lines = parse_pins(text.encode())
    assert lines.pins == {"model-a": HASH}
    assert not lines.wrong


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"{HASH}  anna-schmidt-1961.jpg", "another form"),
        (f"{HASH}  model-b/card.json", "another form"),
        (f"{HASH}  ../model-b/manifest.json", "another form"),
        (f"{HASH}  a/model-b/manifest.json", "another form"),
        (f"SHA256 (model-b/manifest.json) = {HASH}", "another form"),
        (f"{HASH[1:]}  model-b/manifest.json", "another form"),
        (f"{HASH} model-b/manifest.json", "another form"),
        (f"{HASH}  Modell-Ä/manifest.json", "not ASCII"),
        (f"{HASH}  model-b/manifest.json\u2028", "not ASCII"),
        (f"{HASH}\u00a0\u00a0model-b/manifest.json", "not ASCII"),
        (f"{OTHER}  model-a/manifest.json", "one in line 2"),
        ("# a comment", "another form"),
        ("", "another form"),
    ],
)
def test_any_other_line_is_refused_by_its_number_and_the_lines_beside_it_are_not_lost(
    line: str, told: str
) -> None:
    lines = parse_pins(f"{RIGHT}\n{line}\n{OTHER}  model-c/manifest.json\n".encode())
    assert "line 2" in lines.wrong
    assert told in lines.wrong
    assert "anna" not in lines.wrong
    assert lines.pins["model-c"] == OTHER
    assert ("model-a" in lines.pins) == ("more than one" not in lines.wrong)


def test_a_file_of_other_bytes_is_refused(root: Path) -> None:
    (root / "SHA256SUMS").write_bytes(os.urandom(2000) + b"\x00\xff")
    with pytest.raises(BundleTamperedError, match="line 1 of SHA256SUMS"):
        list_bundles(root)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_without_a_line_nothing_is_listed_and_what_to_write_is_told(
    harm: Callable[[Path], object], root: Path, tiny_bundle: Path
) -> None:
    harm(root / "SHA256SUMS")
    listing = survey_root(root)
    assert (listing.manifests, listing.unpinned) == ((), (tiny_bundle.name,))
    with pytest.raises(BundleTamperedError, match=r"not pinned.* >> SHA256SUMS") as refusal:
        list_bundles(root)
    # What the message says to do does it.
    command = str(refusal.value).rpartition(": ")[2]
    subprocess.run(command, shell=True, cwd=root, check=True)  # noqa: S602 - our own words
    assert [manifest.id for manifest in list_bundles(root)] == [tiny_bundle.name]


def test_a_folder_without_a_line_does_not_hide_those_beside_it(
    root: Path, tiny_bundle: Path
) -> None:
    shutil.copytree(root / tiny_bundle.name, root / "a-stranger")
    listing = survey_root(root)
    assert [manifest.id for manifest in listing.manifests] == [tiny_bundle.name]
    assert listing.unpinned == ("a-stranger",)


def test_a_folder_with_a_name_of_no_bundle_is_not_named(root: Path) -> None:
    (root / "Anna Schmidt; rm -rf ~").mkdir()
    with pytest.raises(BundleTamperedError, match="not pinned") as refusal:
        list_bundles(root)
    assert "Anna" not in str(refusal.value)


def test_a_bundle_behind_a_link_is_one_like_others(
    root: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    (root / tiny_bundle.name).rename(tmp_path / "elsewhere")
    (root / tiny_bundle.name).symlink_to(tmp_path / "elsewhere")
    assert find_bundle(tiny_bundle.name, (root,)) == root / tiny_bundle.name
    assert verify_bundle(root / tiny_bundle.name).id == tiny_bundle.name


def test_a_bundle_is_not_copied_to_where_its_line_cannot_be_written(
    root: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "SHA256SUMS").write_text(f"{HASH}  anna.jpg\n")
    with pytest.raises(BundleTamperedError, match="line 1"):
        pin_bundle(target, root / tiny_bundle.name)
    assert os.listdir(target) == ["SHA256SUMS"]
    assert (target / "SHA256SUMS").read_text() == f"{HASH}  anna.jpg\n"


def test_a_bundle_that_was_altered_in_its_root_is_not_pinned_again(
    root: Path, tiny_bundle: Path
) -> None:
    (root / "SHA256SUMS").write_bytes(b"")
    (root / tiny_bundle.name / "card.json").write_bytes(b"{}")
    with pytest.raises(BundleTamperedError, match=r"card\.json"):
        pin_bundle(root, tiny_bundle)
    assert survey_root(root).manifests == ()


def test_a_root_that_may_not_be_looked_into_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BundleError, match="Not a directory"):
        survey_root(tmp_path / "file")


def alter_manifest(bundle: Path) -> None:
    manifest = bundle / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"Tiny"', b'"Teny"'))


def loop(bundle: Path) -> None:
    shutil.rmtree(bundle)
    bundle.symlink_to(bundle.name)


HARM_TO_A_BUNDLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "altered": (alter_manifest, "not the pinned one"),
    "gone": (shutil.rmtree, "there is no such folder"),
    "without a manifest": (lambda bundle: (bundle / "manifest.json").unlink(), "cannot be read"),
    "a link in a circle": (loop, "there is no such folder"),
}


@pytest.mark.parametrize("harm", HARM_TO_A_BUNDLE)
def test_a_bundle_that_is_not_as_it_was_pinned_hides_no_other_and_is_not_loaded(
    harm: str, root: Path, tiny_bundle: Path
) -> None:
    harmed = evaluated_bundle(tiny_bundle, root, "model-x", network=b"x")
    manifests = {path.parent.name: path for path in root.glob("*/manifest.json")}
    write_pins(root, {name: sha256_of(path) for name, path in manifests.items()})
    do_harm, words = HARM_TO_A_BUNDLE[harm]
    do_harm(harmed)
    listing = survey_root(root)
    assert [manifest.id for manifest in listing.manifests] == [tiny_bundle.name]
    assert list(listing.refused) == ["model-x"]
    (error,) = listing.errors
    assert words in str(error)
    assert find_bundle(tiny_bundle.name, (root,)) == root / tiny_bundle.name
    assert verify_bundle(root / tiny_bundle.name).id == tiny_bundle.name
    with pytest.raises(BundleError, match=words):
        find_bundle("model-x", (root,))
    with pytest.raises(BundleError):
        verify_bundle(harmed)


def test_a_wrong_line_takes_nothing_from_the_bundles_of_the_other_lines(
    root: Path, tiny_bundle: Path
) -> None:
    pins = root / "SHA256SUMS"
    pins.write_text(f"{pins.read_text()}{OTHER}  anna.jpg\n{OTHER}  model-y/manifest.json\n")
    pins.write_text(f"{pins.read_text()}{HASH}  model-y/manifest.json\n")
    shutil.copytree(root / tiny_bundle.name, root / "model-y")
    listing = survey_root(root)
    assert [manifest.id for manifest in listing.manifests] == [tiny_bundle.name]
    assert "line 2" in str(listing.errors[0])
    assert verify_bundle(root / tiny_bundle.name).id == tiny_bundle.name
    with pytest.raises(BundleTamperedError, match="line 2"):  # of two hashes neither vouches
        verify_bundle(root / "model-y")


def test_a_root_that_is_gone_does_not_hide_the_bundles_of_another(
    root: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    roots = (tmp_path / "nowhere", root)
    assert find_bundle(tiny_bundle.name, roots) == root / tiny_bundle.name
    with pytest.raises(BundleError, match="nowhere"):
        find_bundle("model-x", roots)
