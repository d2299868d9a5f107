"""The folders of a registry: in use, kept and set aside. No bundle in them is ever deleted.

A bundle goes from one to another by a new name alone, and its line in SHA256SUMS before or after
it, so that at every moment one of the two SHA256SUMS vouches for it, and in-use pins no bundle that
is not there. What a kill leaves in between is finished by `settle`.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from models.bundle.folder import (
    pin_bundle,
    read_manifest,
    verify_unpinned,
)
from models.bundle.manifest import MANIFEST_FILE, MODEL_FILE, Manifest
from models.bundle.pins import (
    PINS_FILE,
    bundle_folders,
    pin_lines,
    read_pins,
    survey_root,
    write_pins,
)
from models.errors import BundleError
from models.files import disk_reason, make_folder, move_into_place, read_plain_file, write_file
from models.stored import ID_PATTERN
from training.errors import RegistryError
from training.registry.history import Event, aliases_of

logger = logging.getLogger(__name__)

# What models.bundle.folder.folder_beside leaves where it is killed.
_COPY = re.compile(rf"\.({ID_PATTERN})\.[a-z0-9_]{{8}}\.part")
# What earlier versions left where they were killed: a copy that had no name yet, and a model that
# they were about to delete.
_REMAINS = re.compile(rf"\.{ID_PATTERN}\.[a-z0-9_]{{8}}|\.gone-{ID_PATTERN}")


@dataclass(frozen=True, kw_only=True)
class RegistryModel:
    """A model of the registry.

    Attributes:
        manifest: Its manifest.
        directory: Its folder.
        aliases: What it is used for; empty where it is kept, but not in use, and None where the
            history is damaged and nothing tells.
        is_in_use: Whether it is among those that readers are offered.
    """

    manifest: Manifest
    directory: Path
    aliases: tuple[str, ...] | None
    is_in_use: bool


@dataclass(frozen=True, kw_only=True)
class Folders:
    """The folders of the registry in `root`; `now` tells the time."""

    root: Path
    now: Callable[[], datetime]

    @property
    def in_use(self) -> Path:
        """Root of the bundles that an alias points at."""
        return self.root / "in-use"

    @property
    def kept(self) -> Path:
        """Root of the bundles that no alias points at."""
        return self.root / "kept"

    @property
    def set_aside(self) -> Path:
        """What was taken out of the two, under the time and its name."""
        return self.root / "set-aside"

    @property
    def roots(self) -> tuple[Path, Path]:
        """The two roots of pinned bundles."""
        return (self.in_use, self.kept)

    def pinned(self) -> dict[str, Path]:
        """Id to folder of every bundle that a right line of its root pins, altered or not.

        Raises:
            BundleError: A folder cannot be read.
        """
        return {
            name: root / name
            for root in reversed(self.roots)
            for name in sorted({*pin_lines(root).pins} & {*folders_in(root)})
        }

    def models(self, aliases: Mapping[str, str] | None) -> tuple[RegistryModel, ...]:
        """The bundles whose manifest is the pinned one, those in use first.

        Args:
            aliases: Alias to the id of the model that it points at; None where nothing tells.

        Raises:
            BundleError: A folder cannot be read.
        """

        def used_for(name: str) -> tuple[str, ...] | None:
            if aliases is None:
                return None
            return tuple(sorted(alias for alias, used in aliases.items() if used == name))

        models = {
            manifest.id: RegistryModel(
                manifest=manifest,
                directory=root / manifest.id,
                aliases=used_for(manifest.id),
                is_in_use=root == self.in_use,
            )
            for root in reversed(self.roots)
            if root.is_dir()
            for manifest in survey_root(root).manifests
        }
        return tuple(
            sorted(models.values(), key=lambda each: (not each.is_in_use, each.manifest.id))
        )

    def names(self) -> set[str]:
        """Every name that a folder of the registry has, pinned or not."""
        return {name for root in self.roots for name in folders_in(root)}

    def has(self, manifest: Manifest, others: Iterable[Path]) -> bool:
        """Whether the registry has this very model.

        Raises:
            RegistryError: Another model has its id, here or in one of the other roots.
            BundleError: A folder cannot be read.
        """
        taken = taken_names(others)
        if manifest.id not in taken | self.names():
            return False
        folder = self.pinned().get(manifest.id)
        if manifest.id not in taken and folder and read_manifest(folder) == manifest:
            return True
        raise RegistryError(
            f"Another model has the id '{manifest.id}' already. Models are not replaced: train "
            "it under another name."
        )

    def accept(self, bundle: Path, manifest: Manifest, others: Iterable[Path]) -> None:
        """Copy a bundle to the kept ones, unless the registry has it. Raises: as `has`."""
        if not self.has(manifest, others):
            pin_bundle(self.kept, bundle)

    def keep(self, folder: Path, whole: Whole) -> None:
        """Let a folder that holds a whole bundle be one of the kept ones."""
        name = whole.manifest.id
        self._move(folder, self.kept / name)
        _pin(self.kept, name, whole.sha256)

    def settle(self, events: Iterable[Event]) -> None:
        """Let in-use hold what an alias points at, and kept the rest; finish what a kill cut short.

        To be called where no fault stops it. A bundle in in-use that the history does not know
        stays where it is.

        Raises:
            BundleError: A folder cannot be read.
            OSError: A folder cannot be written.
        """
        events = tuple(events)
        used = set(aliases_of(events).values())
        recorded = {bundle_id for event in events if (bundle_id := event.bundle_id)}
        ours = recorded | {*pins_of(self.kept)} - {*pins_of(self.in_use)}
        for name in (*sorted(ours & used), *sorted(ours - used)):  # readers are never without both
            self._place(name, is_used=name in used)
        for root in self.roots:
            self._tidy(root, recorded)

    def put_aside(self, path: Path) -> str:
        """Take a file or a folder out of a root, into set-aside; answer with its name there."""
        name = self._free_name(path.name.strip("."))
        make_folder(self.set_aside)
        move_into_place(path, self.set_aside / name)
        return name

    def keep_copy(self, name: str, data: bytes) -> str:
        """Keep what a file held in set-aside; answer with its name there."""
        name = self._free_name(name)
        write_file(self.set_aside / name, data)
        return name

    def _place(self, name: str, *, is_used: bool) -> None:
        """Bring a bundle and its line to the root where they belong."""
        root, other = self.roots if is_used else self.roots[::-1]
        sha256 = pins_of(root).get(name) or pins_of(other).get(name)
        if sha256 is None:
            return
        if (root / name).is_dir() and (other / name).is_dir():
            whole = whole_bundle(root / name)
            is_right = whole is not None and whole.sha256 == sha256
            self.put_aside((other if is_right else root) / name)
            logger.warning("A second copy of a model was set aside.")
        if is_used:
            self._move(other / name, root / name)
            if (root / name).is_dir():
                _pin(root, name, sha256)
                _unpin(other, name)
        elif name in pins_of(other) or (other / name).is_dir():
            _pin(root, name, sha256)
            _unpin(other, name)
            self._move(other / name, root / name)

    @staticmethod
    def _move(source: Path, target: Path) -> None:
        if source.is_dir():
            make_folder(target.parent)
            move_into_place(source, target)

    def _tidy(self, root: Path, recorded: Collection[str]) -> None:
        """Drop copies that a kill cut short; set aside whole bundles that nothing vouches for, also
        those that an earlier version left under a hidden name.
        """
        pinned = self.pinned()
        for path in sorted(root.iterdir()) if root.is_dir() else ():
            copied = _COPY.fullmatch(path.name)
            is_hidden = path.name[0] == "." and not _REMAINS.fullmatch(path.name)
            is_strange = not is_hidden and path.name not in {*pinned, *recorded}
            if path.is_symlink() or not path.is_dir() or not (copied or is_strange):
                continue
            whole = whole_bundle(path)
            if copied and (whole is None or _is_at(pinned.get(copied[1]), whole.sha256)):
                shutil.rmtree(path)
                logger.warning("A copy of a model that was cut short was removed.")
            elif whole is not None:
                self.put_aside(path)
                logger.warning("A model without a line in SHA256SUMS was set aside.")

    def _free_name(self, name: str) -> str:
        stamped = f"{self.now():%Y%m%d-%H%M%S}-{name}"
        taken = set(os.listdir(self.set_aside)) if self.set_aside.is_dir() else set()
        numbered = (f"{stamped}-{number}" for number in itertools.count(2))
        return next(each for each in itertools.chain([stamped], numbered) if each not in taken)


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A bundle of which every file is the one in its manifest, and the manifest's SHA-256."""

    manifest: Manifest
    sha256: str


def model_sha256(manifest: Manifest) -> str:
    """What the history records of a model: the SHA-256 of its network's file.

    An ensemble has no network of its own; its manifest holds the hashes of its members'.
    """
    return manifest.files.get(MODEL_FILE, hashlib.sha256(manifest.to_json()).hexdigest())


def whole_bundle(folder: Path) -> Whole | None:
    """The bundle in a folder, or None where a file of it is missing, added or altered."""
    try:
        return Whole(manifest=verify_unpinned(folder), sha256=manifest_sha256(folder))
    except BundleError:
        return None


def manifest_sha256(folder: Path) -> str:
    """The SHA-256 of a folder's manifest; "" where it has none."""
    try:
        return hashlib.sha256(read_plain_file(folder, MANIFEST_FILE)).hexdigest()
    except BundleError:
        return ""


def folders_in(root: Path) -> tuple[str, ...]:
    """Names of the folders in a root, pinned or not; none where it is not there yet."""
    names = bundle_folders(root) if root.is_dir() else ()
    return tuple(name for name in names if name != PINS_FILE)


def remains_in(root: Path) -> tuple[str, ...]:
    """Names of the hidden folders that earlier versions left in a root where they were killed."""
    try:
        names = sorted(os.listdir(root)) if root.is_dir() else []
    except OSError as error:
        raise RegistryError(
            f"The folder {root.name} of the registry cannot be read: {disk_reason(error)}. Let the "
            "user that runs bloodui read it."
        ) from error
    return tuple(name for name in names if _REMAINS.fullmatch(name) and (root / name).is_dir())


def taken_names(roots: Iterable[Path]) -> set[str]:
    """Names that a new model may not have: also of models that are altered, missing or not pinned,
    since they may come back. Raises BundleError where a root cannot be read.
    """
    return {name for root in roots for name in (*folders_in(root), *pin_lines(root).pins)}


def pins_of(root: Path) -> Mapping[str, str]:
    """Bundle id to the SHA-256 that a root pins; raises as `read_pins`."""
    return read_pins(root) or {}


def _is_at(folder: Path | None, sha256: str) -> bool:
    whole = None if folder is None else whole_bundle(folder)
    return whole is not None and whole.sha256 == sha256


def _pin(root: Path, name: str, sha256: str) -> None:
    if pins_of(root).get(name) != sha256:
        write_pins(root, {**pins_of(root), name: sha256})


def _unpin(root: Path, name: str) -> None:
    if name in pins_of(root):
        write_pins(root, {each: pin for each, pin in pins_of(root).items() if each != name})
