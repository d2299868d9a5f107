"""The folder that a trained model is: written whole, and read only where every hash is right.

A bundle holds model.keras, card.json, manifest.json and, since it knows its own limits,
reference.npz; an ensemble's holds those files of each member. The
manifest records the SHA-256 of every other file; a root of bundles holds SHA256SUMS, which
records that of every manifest. Files are read once: the bytes that were hashed are the bytes
that are used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.card import Card, write_card
from models.errors import BundleError, BundleTamperedError
from models.keras_archive import archive_model
from models.manifest import CARD_FILE, MANIFEST_FILE, MODEL_FILE
from models.manifest import DataFingerprint as DataFingerprint
from models.manifest import Manifest as Manifest
from models.manifest_values import is_bundle_id, is_sha256
from models.reference import REFERENCE_FILE, Reference

if TYPE_CHECKING:
    import keras

SHIPPED_ROOT = Path(__file__).resolve().parent / "shipped"
PINS_FILE = "SHA256SUMS"


@dataclass(frozen=True, kw_only=True)
class BundleContents:
    """A bundle that was verified: its manifest, and the very bytes that were hashed."""

    manifest: Manifest
    files: Mapping[str, bytes]


def write_bundle(
    directory: Path,
    *,
    model: keras.Model,
    manifest: Manifest,
    card: Card,
    reference: Reference | None = None,
) -> Manifest:
    """Write a bundle, whole or not at all, and answer with the manifest that it holds.

    The model is stored without its optimizer. The same model, manifest and card give the same
    bytes: times and object numbers are taken out of model.keras, which is deflated.

    Raises:
        BundleError: the directory exists, or the manifest lists files already.
    """
    if manifest.files:
        raise BundleError("Expected a manifest without files; they are listed when written.")
    with folder_beside(directory) as folder:
        (folder / MODEL_FILE).write_bytes(archive_model(model, created=manifest.created))
        if reference is not None:
            (folder / REFERENCE_FILE).write_bytes(reference.to_bytes())
        return seal_bundle(folder, manifest, card)


def read_manifest(directory: Path) -> Manifest:
    """The manifest in a folder, checked for its form alone: no hash is compared.

    Raises:
        BundleError: there is none, or a key of it is missing, unknown or not allowed.
    """
    return Manifest.from_json(_read_file(directory, MANIFEST_FILE))


def verify_bundle(directory: Path) -> Manifest:
    """The manifest of a bundle of which every file is the one that was recorded.

    Raises: as `read_bundle`.
    """
    return read_bundle(directory).manifest


def read_bundle(directory: Path) -> BundleContents:
    """Every file of a bundle, read once and compared with its recorded hash.

    Where the folder above holds SHA256SUMS, the manifest must be pinned there.

    Raises:
        BundleTamperedError: a file is altered, missing, added or a link; the message names it.
        BundleError: the folder holds no manifest, or one that is not readable.
    """
    directory = Path(os.path.abspath(directory))
    manifest_bytes = _read_file(directory, MANIFEST_FILE)
    pins = _read_pins(directory.parent)
    if pins is not None:
        _check_pin(directory.name, manifest_bytes, pins)
    manifest = Manifest.from_json(manifest_bytes)
    for required in manifest.required_files:
        if required not in manifest.files:
            raise BundleError(f"Expected {required} among the files of bundle '{manifest.id}'.")
    present = {entry.name for entry in os.scandir(directory)} - {MANIFEST_FILE}
    for verb, names in (
        ("lacks", set(manifest.files) - present),
        ("holds, though its manifest does not list it,", present - set(manifest.files)),
    ):
        if names:
            raise BundleTamperedError(
                f"Bundle '{manifest.id}' {verb} {', '.join(map(repr, sorted(names)))}. "
                "Fetch the bundle again from where it came."
            )
    files = {name: _read_file(directory, name) for name in manifest.files}
    check_files(manifest, files)
    return BundleContents(manifest=manifest, files=files)


def list_bundles(root: Path = SHIPPED_ROOT) -> tuple[Manifest, ...]:
    """The manifests of a root's bundles, by id; each one pinned. Model files are not read.

    Raises:
        BundleTamperedError: a manifest is not the pinned one, is not pinned, or is missing.
        BundleError: the root is no folder, or a manifest is not readable.
    """
    root = Path(root)
    if not root.is_dir():
        raise BundleError(
            f"Expected a folder of bundles, received {str(root)!r}, which is none. "
            "Give the folder that holds SHA256SUMS."
        )
    names = sorted(
        entry.name
        for entry in os.scandir(root)
        if entry.is_dir(follow_symlinks=True) and not entry.name.startswith(".")
    )
    pins = _read_pins(root) or {}
    missing = sorted(set(pins) - set(names))
    if missing:
        raise BundleTamperedError(
            f"{PINS_FILE} pins bundles that are not there: {', '.join(missing)}. "
            "Fetch them again, or take their lines out."
        )
    manifests = []
    for name in names:
        data = _read_file(root / name, MANIFEST_FILE)
        _check_pin(name, data, pins)
        manifests.append(Manifest.from_json(data))
        if manifests[-1].id != name:
            raise BundleError(
                f"Expected the bundle '{manifests[-1].id}' in a folder of that name, "
                f"received '{name}'. Rename the folder."
            )
    return tuple(manifests)


def find_bundle(bundle_id: str, roots: Sequence[Path] = (SHIPPED_ROOT,)) -> Path:
    """The folder of the bundle with this id in the first root that has it.

    Raises:
        BundleError: no root has it, or it cannot be an id; the message lists the known ids.
    """
    known: list[str] = []
    for root in roots:
        ids = [manifest.id for manifest in list_bundles(root)]
        if bundle_id in ids:
            return Path(root) / bundle_id
        known += ids
    raise BundleError(
        f"Expected the id of a model, received {bundle_id!r}. "
        + (
            f"Known models: {', '.join(sorted(known))}."
            if known
            else "No model is installed: pin one in a folder of bundles, and give that folder."
        )
    )


def pin_bundle(root: Path, directory: Path) -> Manifest:
    """Copy a verified bundle into a root and pin its manifest in SHA256SUMS.

    Raises:
        BundleTamperedError: as `read_bundle`.
        BundleError: the root has another bundle of that id already.
    """
    root = Path(root)
    contents = read_bundle(directory)
    manifest = contents.manifest
    manifest_bytes = manifest.to_json()
    target = root / manifest.id
    if not target.is_dir() or _read_file(target, MANIFEST_FILE) != manifest_bytes:
        with folder_beside(target) as folder:
            for name, data in {**contents.files, MANIFEST_FILE: manifest_bytes}.items():
                (folder / name).write_bytes(data)
    pins = dict(_read_pins(root) or {}) | {manifest.id: _sha256(manifest_bytes)}
    lines = (f"{sha256}  {name}/{MANIFEST_FILE}\n" for name, sha256 in sorted(pins.items()))
    temporary = root / f".{PINS_FILE}.part"
    temporary.write_text("".join(lines), encoding="ascii")
    os.replace(temporary, root / PINS_FILE)
    return manifest


def check_files(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Refuse files of which one is not what the manifest recorded. Raises BundleTamperedError."""
    for name, data in files.items():
        if _sha256(data) != manifest.files[name]:
            raise BundleTamperedError(
                f"The file {name!r} of bundle '{manifest.id}' was altered: expected sha256 "
                f"{manifest.files[name]}, received {_sha256(data)}. Fetch the bundle again "
                "from where it came."
            )


def seal_bundle(folder: Path, manifest: Manifest, card: Card) -> Manifest:
    """Write the card and a manifest that lists every file in the folder; answer with that one."""
    write_card(card, folder / CARD_FILE)
    names = sorted(entry.name for entry in os.scandir(folder))
    hashes = {name: _sha256((folder / name).read_bytes()) for name in names}
    written = replace(manifest, files=hashes)
    (folder / MANIFEST_FILE).write_bytes(written.to_json())
    return written


@contextmanager
def folder_beside(directory: Path) -> Iterator[Path]:
    """A private folder beside the wanted one, renamed to it where the block ends well."""
    directory = Path(directory)
    if os.path.lexists(directory):
        raise BundleError(
            f"Expected a folder that does not exist yet for the bundle, received {directory.name!r}"
            ", which exists. Bundles are not overwritten: give another folder or remove that one."
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))
    try:
        yield folder
        folder.chmod(0o755)
        os.rename(folder, directory)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _read_file(directory: Path, name: str) -> bytes:
    """The bytes of a plain file of a bundle; links and folders are refused by name."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    path = Path(directory) / name
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise BundleTamperedError(
                f"Expected a plain file at {name!r}, received a link, a folder or another kind."
            )
        descriptor = os.open(path, flags)
    except OSError as error:
        raise BundleError(
            f"Expected a bundle's file {name!r} in '{Path(directory).name}', received "
            f"{error.strerror}. Give the folder that holds {MANIFEST_FILE}."
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _read_pins(root: Path) -> Mapping[str, str] | None:
    """Bundle id to the SHA-256 of its manifest, or None where the root has no SHA256SUMS."""
    if not os.path.lexists(root / PINS_FILE):
        return None
    pins = {}
    for line in _read_file(root, PINS_FILE).decode("ascii", errors="replace").splitlines():
        sha256, _, path = line.partition("  ")
        bundle_id, _, name = path.partition("/")
        if not (is_sha256(sha256) and is_bundle_id(bundle_id) and name == MANIFEST_FILE):
            raise BundleTamperedError(
                f"Expected lines 'SHA256  ID/{MANIFEST_FILE}' in {PINS_FILE}, received {line!r}."
            )
        pins[bundle_id] = sha256
    return pins


def _check_pin(name: str, manifest_bytes: bytes, pins: Mapping[str, str]) -> None:
    if name not in pins:
        raise BundleTamperedError(
            f"The bundle '{name}' is not pinned in {PINS_FILE}. Add it with pin_bundle."
        )
    if _sha256(manifest_bytes) != pins[name]:
        raise BundleTamperedError(
            f"The file {MANIFEST_FILE!r} of bundle '{name}' is not the pinned one: expected "
            f"sha256 {pins[name]}, received {_sha256(manifest_bytes)}. Fetch the bundle again."
        )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
