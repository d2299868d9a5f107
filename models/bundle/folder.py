"""The folder that a trained model is: written whole, and read only where every hash is right.

A bundle holds model.keras, card.json, manifest.json and, since it knows its own limits,
reference.npz, and, where OpenVINO can run it, the network once more as network.xml and
network.bin; an ensemble's holds those files of each member, or leaves them to the members' own
bundles in the same root. The manifest records the SHA-256 of every other file; a root of bundles
holds SHA256SUMS, which records that of every manifest. Files are read once: the bytes that were
hashed are the bytes that are used.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from models.bundle.card import Card, parse_card, write_card
from models.bundle.keras_file import archive_model
from models.bundle.manifest import (
    CARD_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    REFERENCE_FILE,
    Manifest,
)
from models.bundle.pins import (
    PINS_FILE,
    borrowing_error,
    check_pin,
    pin_lines,
    read_pins,
    survey_root,
    unpinned_error,
    write_pins,
)
from models.errors import BundleError, BundleTamperedError
from models.files import (
    copy_plain_file,
    hash_plain_file,
    make_folder,
    move_into_place,
    read_plain_file,
)

if TYPE_CHECKING:
    import keras

SHIPPED_ROOT = Path(__file__).resolve().parents[1] / "shipped"


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
    reference: bytes | None = None,
    converted: Mapping[str, bytes] = MappingProxyType({}),
) -> Manifest:
    """Write a bundle, whole or not at all, and answer with the manifest that it holds.

    The model is stored without its optimizer. The same model, manifest and card give the same
    bytes: times and object numbers are taken out of model.keras, which is deflated.

    Args:
        directory: Its folder, not there yet.
        model: The network in Keras.
        manifest: Without files.
        card: What is known of the model.
        reference: Bytes of reference.npz.
        converted: The same network for OpenVINO, see `models.answer.openvino_ir`.

    Raises:
        BundleError: the directory exists, or the manifest lists files already.
    """
    if manifest.files:
        raise BundleError("Expected a manifest without files; they are listed when written.")
    with folder_beside(directory) as folder:
        (folder / MODEL_FILE).write_bytes(archive_model(model, created=manifest.created))
        if reference is not None:
            (folder / REFERENCE_FILE).write_bytes(reference)
        for name, data in converted.items():
            (folder / name).write_bytes(data)
        return seal_bundle(folder, manifest, card)


def read_manifest(directory: Path) -> Manifest:
    """The manifest in a folder, checked for its form alone: no hash is compared.

    Raises:
        BundleError: there is none, or a key of it is missing, unknown or not allowed.
    """
    return Manifest.from_json(read_plain_file(directory, MANIFEST_FILE))


def verify_bundle(directory: Path, *, may_borrow: bool = True) -> Manifest:
    """The manifest of a bundle of which every file is the one that was recorded.

    A piece of each is in memory at a time, however large it is. Arguments and errors are those of
    `read_bundle`.
    """
    manifest, places = _pinned(directory, may_borrow=may_borrow)
    for name, place in places.items():
        _check_hash(manifest, name, place, hash_plain_file)
    return manifest


def read_bundle(directory: Path, *, may_borrow: bool = True) -> BundleContents:
    """Every file of a bundle, read once and compared with its recorded hash.

    Where the folder above holds SHA256SUMS, the manifest must be pinned there; a wrong line of
    that file vouches for nothing, and takes nothing from the bundles of the other lines.

    Args:
        directory: The bundle's folder.
        may_borrow: Whether what an ensemble's folder lacks of a member is read from the member's
            own bundle in the same root.

    Raises:
        BundleTamperedError: a file is altered, missing, added or a link; the message names it.
        BundleError: the folder holds no manifest, or one that is not readable.
    """
    return _contents(*_pinned(directory, may_borrow=may_borrow))


def verify_unpinned(directory: Path) -> Manifest:
    """The manifest of a bundle, whatever SHA256SUMS says: that the bundle is whole by itself, not
    that anybody trusts it. Raises: as `read_bundle`.
    """
    directory = Path(os.path.abspath(directory))
    manifest = Manifest.from_json(read_plain_file(directory, MANIFEST_FILE))
    for name, place in _places(directory, manifest, may_borrow=False).items():
        _check_hash(manifest, name, place, hash_plain_file)
    return manifest


def list_bundles(root: Path = SHIPPED_ROOT) -> tuple[Manifest, ...]:
    """The manifests of a root's bundles, by id; each one pinned. Model files are not read.

    One that is not as it has to be is an error here; `survey_root` goes on without it.

    Raises:
        BundleTamperedError: a manifest is not the pinned one, is not pinned, or is missing.
        BundleError: the root is no folder, or a manifest is not readable.
    """
    listing = survey_root(root)
    if listing.errors:
        raise listing.errors[0]
    return listing.manifests


def find_bundle(bundle_id: str, roots: Sequence[Path] = (SHIPPED_ROOT,)) -> Path:
    """The folder of the bundle with this id in the first root that has it sound.

    What is wrong with other bundles, or with other roots, does not hide it.

    Raises:
        BundleTamperedError: the bundle of this id is altered, missing or not pinned.
        BundleError: no root has it, or it cannot be an id; the message lists the known ids.
    """
    known: list[str] = []
    errors: list[BundleError] = []
    for root in roots:
        try:
            listing = survey_root(root)
        except BundleError as error:
            errors.append(error)
            continue
        ids = [manifest.id for manifest in listing.manifests]
        if bundle_id in ids:
            return Path(root) / bundle_id
        if bundle_id in listing.refused:
            errors.insert(0, listing.refused[bundle_id])
        elif bundle_id in listing.unpinned:
            errors.insert(0, unpinned_error([bundle_id]))
        known += ids
    if errors:
        raise errors[0]
    raise BundleError(
        f"Expected the id of a model, received {bundle_id!r}. "
        + (
            f"Known models: {', '.join(sorted(known))}."
            if known
            else "No model is installed: pin one in a folder of bundles, and give that folder."
        )
    )


def pin_bundle(root: Path, directory: Path, *, shares_members: bool = False) -> Manifest:
    """Copy a verified bundle into a root and pin its manifest in SHA256SUMS.

    Args:
        root: Folder of bundles; made where there is none.
        directory: The bundle.
        shares_members: Whether files of an ensemble's member that the root holds as a bundle of
            its own are not copied. Whoever takes that bundle away then breaks the ensemble.

    Raises:
        BundleTamperedError: as `read_bundle`, also of the root's own SHA256SUMS and of the same
            bundle where the root has it.
        BundleError: the root has another bundle of that id already.
    """
    root = Path(root)
    manifest, places = _pinned(directory, may_borrow=True)
    manifest_bytes = manifest.to_json()
    pins = dict(read_pins(root) or {})
    target = root / manifest.id
    if target.is_dir() and read_plain_file(target, MANIFEST_FILE) == manifest_bytes:
        held = _places(target, manifest, may_borrow=shares_members)
        for name, place in (*places.items(), *held.items()):
            _check_hash(manifest, name, place, hash_plain_file)
    else:
        with folder_beside(target) as folder:
            (folder / MANIFEST_FILE).write_bytes(manifest_bytes)
            for name, place in places.items():
                lender = manifest.lender(name) if shares_members else None
                if lender is not None and _holds(root, lender, manifest.files[name]):
                    _check_hash(manifest, name, place, hash_plain_file)
                else:
                    _check_hash(manifest, name, place, _copying_to(folder / name))
    write_pins(root, pins | {manifest.id: _sha256(manifest_bytes)})
    return manifest


def check_files(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Refuse files of which one is not what the manifest recorded. Raises BundleTamperedError."""
    for name, data in files.items():
        if _sha256(data) != manifest.files[name]:
            raise _altered(manifest, name, _sha256(data))


def retitle(bundle: Path, title: str, out: Path) -> Manifest:
    """Write a bundle again under another title; every other file is the same byte for byte.

    Args:
        bundle: Its folder.
        title: One line of text.
        out: Folder of the new one, not there yet.

    Raises:
        BundleError, BundleTamperedError: It is incomplete or altered, or the title is no line.
    """
    contents = read_bundle(bundle)
    with folder_beside(out) as folder:
        for name, data in contents.files.items():
            (folder / name).write_bytes(data)
        card = parse_card(contents.files[CARD_FILE])
        return seal_bundle(folder, contents.manifest.changed(title=title), card)


def seal_bundle(folder: Path, manifest: Manifest, card: Card) -> Manifest:
    """Write the card and a manifest that lists every file in the folder; answer with that one."""
    write_card(card, folder / CARD_FILE)
    names = sorted(entry.name for entry in os.scandir(folder))
    hashes = {name: hash_plain_file(folder, name) for name in names}
    written = manifest.changed(files=hashes)
    (folder / MANIFEST_FILE).write_bytes(written.to_json())
    return written


@contextmanager
def folder_beside(directory: Path) -> Iterator[Path]:
    """A folder beside the wanted one, renamed to it where the block ends well.

    Until then its name is hidden and ends in ".part", which is what a kill leaves.
    """
    directory = Path(directory)
    if os.path.lexists(directory):
        raise BundleError(
            f"The folder {directory.name!r} exists already. "
            "Bundles are not overwritten: give another folder or remove that one."
        )
    make_folder(directory.parent)
    folder = directory.with_name(f".{directory.name}.{secrets.token_hex(4)}.part")
    folder.mkdir()
    try:
        yield folder
        move_into_place(folder, directory)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a file of a bundle lies: in its own folder, or in that of the member that lends it."""

    folder: Path
    name: str
    lender: str = ""


def _pinned(directory: Path, *, may_borrow: bool) -> tuple[Manifest, dict[str, _Place]]:
    """The manifest of a bundle, pinned where its root pins any, and where its files lie."""
    directory = Path(os.path.abspath(directory))
    manifest_bytes = read_plain_file(directory, MANIFEST_FILE)
    if os.path.lexists(directory.parent / PINS_FILE):
        lines = pin_lines(directory.parent)
        if lines.wrong and directory.name not in lines.pins:
            raise BundleTamperedError(lines.wrong)
        check_pin(directory.name, manifest_bytes, lines.pins)
    manifest = Manifest.from_json(manifest_bytes)
    return manifest, _places(directory, manifest, may_borrow=may_borrow)


def _places(directory: Path, manifest: Manifest, *, may_borrow: bool) -> dict[str, _Place]:
    """Where each file lies that a manifest lists; no other may be there."""
    for required in manifest.required_files:
        if required not in manifest.files:
            raise BundleError(f"Expected {required} among the files of bundle '{manifest.id}'.")
    present = {entry.name for entry in os.scandir(directory)} - {MANIFEST_FILE}
    places = {name: _Place(folder=directory, name=name) for name in manifest.files}
    for name in sorted(set(manifest.files) - present):
        if may_borrow and (lender := manifest.lender(name)) is not None:
            member, own = lender
            places[name] = _Place(folder=directory.parent / member, name=own, lender=member)
    lent = {name for name, place in places.items() if place.lender}
    for verb, names in (
        ("lacks", set(manifest.files) - present - lent),
        ("holds, though its manifest does not list it,", present - set(manifest.files)),
    ):
        if names:
            raise BundleTamperedError(
                f"Bundle '{manifest.id}' {verb} {', '.join(map(repr, sorted(names)))}. "
                "Fetch the bundle again from where it came."
            )
    return places


def _contents(manifest: Manifest, places: Mapping[str, _Place]) -> BundleContents:
    """Every file of a bundle, compared with its hash."""
    files: dict[str, bytes] = {}

    def read(folder: Path, own: str) -> str:
        files[name] = read_plain_file(folder, own)
        return _sha256(files[name])

    for name, place in places.items():
        _check_hash(manifest, name, place, read)
    return BundleContents(manifest=manifest, files=files)


def _check_hash(
    manifest: Manifest, name: str, place: _Place, hash_of: Callable[[Path, str], str]
) -> None:
    """Refuse a file that is not the one that the manifest recorded, or whose lender lacks it."""
    try:
        received = hash_of(place.folder, place.name)
    except BundleError as error:
        if place.lender:
            raise borrowing_error(manifest.id, place.lender) from error
        raise
    if received != manifest.files[name]:
        if place.lender:
            raise borrowing_error(manifest.id, place.lender)
        raise _altered(manifest, name, received)


def _copying_to(target: Path) -> Callable[[Path, str], str]:
    return lambda folder, name: copy_plain_file(folder, name, target)


def _altered(manifest: Manifest, name: str, received: str) -> BundleTamperedError:
    return BundleTamperedError(
        f"The file {name!r} of bundle '{manifest.id}' was altered: expected sha256 "
        f"{manifest.files[name]}, received {received}. Fetch the bundle again from where it came."
    )


def _holds(root: Path, lender: tuple[str, str], sha256: str) -> bool:
    member, name = lender
    return (root / member / name).is_file() and hash_plain_file(root / member, name) == sha256


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
