"""A folder of bundles, and its SHA256SUMS: which manifests are trusted, in `sha256sum`'s form.

Lines of both kinds are read, `HASH  ID/manifest.json` and, as `sha256sum --binary` writes them,
`HASH *ID/manifest.json`. Written are those of the first kind.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.bundle.manifest import MANIFEST_FILE, Manifest
from models.errors import BundleError, BundleTamperedError
from models.files import disk_reason, read_plain_file, write_file
from models.stored import is_id

PINS_FILE = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?([^/]+)/" + re.escape(MANIFEST_FILE))
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class PinLines:
    """What the lines of a SHA256SUMS say.

    Attributes:
        pins: Bundle id to the SHA-256 of its manifest, of every line that is right.
        wrong: What is wrong with the first line that is not; "" where all are right.
    """

    pins: Mapping[str, str]
    wrong: str = ""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a root holds.

    Attributes:
        manifests: Those of the pinned bundles that are as they were pinned, by id.
        refused: Id of each other pinned bundle to what is wrong with it.
        unpinned: Names of the folders without a line in SHA256SUMS, of which none is trusted.
        wrong_line: What is wrong with SHA256SUMS itself; "" where all its lines are right.
    """

    manifests: tuple[Manifest, ...]
    refused: Mapping[str, BundleError]
    unpinned: tuple[str, ...]
    wrong_line: str = ""

    @property
    def errors(self) -> tuple[BundleError, ...]:
        """Everything that is wrong in the root, each once."""
        wrong_line = (BundleTamperedError(self.wrong_line),) if self.wrong_line else ()
        unpinned = (unpinned_error(self.unpinned),) if self.unpinned else ()
        return (*wrong_line, *self.refused.values(), *unpinned)


def survey_root(root: Path) -> Listing:
    """What a root holds: its sound pinned bundles, what is wrong with others, and the folders that
    nobody pinned, as a kill in the midst of adding one leaves them.

    Raises:
        BundleError: the root is no folder, or may not be looked into.
    """
    root = Path(root)
    names = bundle_folders(root)
    lines = pin_lines(root)
    manifests: list[Manifest] = []
    refused: dict[str, BundleError] = {}
    for name in sorted(lines.pins):
        try:
            manifests.append(_pinned_manifest(root, name, lines.pins))
        except BundleError as error:
            refused[name] = error
    sound = {manifest.id for manifest in manifests}
    for manifest in [*manifests]:
        missing = _lenders(root, manifest) - sound
        if missing:
            manifests.remove(manifest)
            refused[manifest.id] = borrowing_error(manifest.id, min(missing))
    unpinned = tuple(name for name in names if name not in lines.pins)
    return Listing(
        manifests=tuple(manifests), refused=refused, unpinned=unpinned, wrong_line=lines.wrong
    )


def _lenders(root: Path, manifest: Manifest) -> set[str]:
    """Ids of the bundles from which an ensemble borrows files that its own folder lacks."""
    lacking = [name for name in manifest.files if not (root / manifest.id / name).is_file()]
    return {lender[0] for name in lacking if (lender := manifest.lender(name)) is not None}


def borrowing_error(ensemble: str, member: str) -> BundleTamperedError:
    """That an ensemble lacks a member whose files it borrows."""
    return BundleTamperedError(
        f"The ensemble '{ensemble}' borrows files of '{member}', which is not beside it as it was "
        f"when the ensemble was made. Put that version of '{member}' back into the same folder, "
        "or an ensemble that carries its members, as an export does."
    )


def _pinned_manifest(root: Path, name: str, pins: Mapping[str, str]) -> Manifest:
    """The manifest of a pinned bundle. Raises BundleError where it is not the pinned one."""
    if name not in bundle_folders(root):
        raise BundleTamperedError(
            f"The bundle '{name}' is pinned in {PINS_FILE}, but there is no such folder. "
            "Fetch it again, or take its line out."
        )
    data = read_plain_file(root / name, MANIFEST_FILE)
    check_pin(name, data, pins)
    try:
        manifest = Manifest.from_json(data)
    except BundleError as error:
        raise BundleError(f"The bundle '{name}' cannot be read. {error}") from error
    if manifest.id != name:
        raise BundleError(
            f"The folder '{name}' holds the bundle '{manifest.id}'. A bundle lies in a folder of "
            "its own name: rename the folder, and correct its line."
        )
    return manifest


def bundle_folders(root: Path) -> tuple[str, ...]:
    """Names of the folders in a root that are not hidden, pinned or not, in order.

    Raises:
        BundleError: the root is no folder, or may not be looked into.
    """
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if _is_folder(entry)]
    except OSError as error:
        raise BundleError(
            f"The folder of bundles {str(root)!r} cannot be read: {disk_reason(error)}. "
            f"Give the folder that holds {PINS_FILE}."
        ) from error
    return tuple(sorted(name for name in names if not name.startswith(".")))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=True)
    except OSError:  # a link that leads round in a circle
        return False


def read_pins(root: Path) -> Mapping[str, str] | None:
    """Bundle id to the SHA-256 of its manifest, or None where the root has no SHA256SUMS.

    Raises:
        BundleTamperedError: a line is not right; the message says which, and never what it holds.
        BundleError: the file cannot be read.
    """
    if not os.path.lexists(root / PINS_FILE):
        return None
    lines = parse_pins(read_plain_file(root, PINS_FILE))
    if lines.wrong:
        raise BundleTamperedError(lines.wrong)
    return lines.pins


def pin_lines(root: Path) -> PinLines:
    """What a root's SHA256SUMS says, of whatever form it is; no line where there is none."""
    if not os.path.lexists(root / PINS_FILE):
        return PinLines(pins={})
    try:
        return parse_pins(read_plain_file(root, PINS_FILE))
    except BundleError as error:
        return PinLines(pins={}, wrong=str(error))


def parse_pins(data: bytes) -> PinLines:
    """What the lines of a SHA256SUMS say, of those that are right even where others are not.

    A line's text is never repeated: `sha256sum *` in a clinic's folder writes patients' names.
    """
    pins: dict[str, str] = {}
    wrong: list[str] = []
    disputed: set[str] = set()
    for number, line in enumerate(data.removeprefix(_BYTE_ORDER_MARK).splitlines(), start=1):
        found = _LINE.fullmatch(line.decode("ascii")) if line.isascii() else None
        if found is None or not is_id(found[2]):
            what = "one of another form" if line.isascii() else "one that is not ASCII"
            wrong.append(
                f"Expected 'SHA256  ID/{MANIFEST_FILE}' in line {number} of {PINS_FILE}, received "
                f"{what}. Correct it or take it out; the other lines can stay."
            )
        elif pins.setdefault(found[2], found[1].lower()) != found[1].lower():
            disputed.add(found[2])
            wrong.append(
                f"{PINS_FILE} has more than one hash of '{found[2]}', one in line {number}. "
                "Take out the line that is not the model's."
            )
    right = {name: sha256 for name, sha256 in pins.items() if name not in disputed}
    return PinLines(pins=right, wrong=wrong[0] if wrong else "")


def write_pins(root: Path, pins: Mapping[str, str]) -> None:
    """Write a root's SHA256SUMS, whole or not at all."""
    lines = (f"{sha256}  {name}/{MANIFEST_FILE}\n" for name, sha256 in sorted(pins.items()))
    write_file(root / PINS_FILE, "".join(lines).encode("ascii"))


def check_pin(name: str, manifest_bytes: bytes, pins: Mapping[str, str]) -> None:
    """Refuse a manifest that is not the pinned one. Raises BundleTamperedError."""
    if name not in pins:
        raise unpinned_error([name])
    received = hashlib.sha256(manifest_bytes).hexdigest()
    if received != pins[name]:
        raise BundleTamperedError(
            f"The file {MANIFEST_FILE!r} of bundle '{name}' is not the pinned one: expected "
            f"sha256 {pins[name]}, received {received}. Fetch the bundle again."
        )


def unpinned_error(names: Sequence[str]) -> BundleTamperedError:
    """That these folders of a root have no line in its SHA256SUMS, and what to do about it."""
    ids = [name for name in names if is_id(name)]
    if not ids:
        return BundleTamperedError(
            "A folder's name is no bundle's, so that it is "
            f"not pinned in {PINS_FILE}. Rename it, or take it elsewhere."
        )
    lines = " ".join(f"{name}/{MANIFEST_FILE}" for name in ids)
    called = ", ".join(f"'{name}'" for name in ids)
    subject = f"bundle {called} is" if len(ids) == 1 else f"bundles {called} are"
    return BundleTamperedError(
        f"The {subject} not pinned in {PINS_FILE}. Where you trust what is there, add what this "
        f"says in the folder of {PINS_FILE}: sha256sum {lines} >> {PINS_FILE}"
    )
