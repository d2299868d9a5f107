"""The models that clinicians use: promoted, retired and rolled back by people, with reasons.

A state folder's registry holds history.jsonl, which is only ever appended to and is the truth;
in-use/, a root of pinned bundles that the dashboard reads; kept/, a root of bundles that are not in
use, so that every promotion can be taken back; and set-aside/, what nothing vouches for. An alias,
such as the name of a task, points at one bundle at a time. Models that are shipped with the project
are not touched.

Where history and folders do not agree, nothing is moved before an admin repairs it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.bundle.card import read_card
from models.bundle.folder import SHIPPED_ROOT, verify_bundle
from models.bundle.manifest import CARD_FILE, Manifest
from models.errors import BundleError
from models.stored import is_id
from training.errors import RegistryError
from training.registry.complete_card import missing_from_card
from training.registry.faults import Fault, disk_told, find_faults
from training.registry.folders import (
    Folders,
    RegistryModel,
    folders_in,
    manifest_sha256,
    model_sha256,
    taken_names,
    whole_bundle,
)
from training.registry.history import Event, EventKind, History, aliases_of, check_signed
from training.registry.repair import Repair, repair
from training.stored import locked


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The registry in a folder. Every change raises RegistryError where a fault stops it.

    Attributes:
        root: Its folder.
        others: Roots of bundles whose ids it leaves alone, the shipped ones above all.
        now: Tells the time.
    """

    root: Path
    others: tuple[Path, ...] = (SHIPPED_ROOT,)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def in_use(self) -> Path:
        """Root of the bundles that an alias points at."""
        return self._folders.in_use

    @property
    def kept(self) -> Path:
        """Root of the bundles that no alias points at."""
        return self._folders.kept

    def promote(self, bundle: Path, *, by: str, reason: str, alias: str = "") -> Event:
        """Let clinicians use a bundle; what the alias pointed at before is kept.

        Args:
            bundle: Folder of the bundle, as a run leaves it, or one that is kept.
            by, reason: Who promotes it, and why.
            alias: What it is used for; the bundle's task where it is empty.

        Raises:
            BundleError, BundleTamperedError: The bundle is incomplete or altered.
            RegistryError: Its card is not complete (see `missing_from_card`), another model has
                its id, or there is no reason.
        """
        manifest = verify_bundle(bundle, may_borrow=False)
        missing = missing_from_card(read_card(bundle / CARD_FILE), manifest)
        if missing:
            raise RegistryError(
                f"The card of '{manifest.id}' is not complete. It lacks: {'; '.join(missing)}. "
                "Promote only what was evaluated on images that it "
                "had not seen, and whose card says what it is for and what it is not."
            )
        with self._changing(by, reason):
            alias = alias or manifest.task
            if not is_id(alias):
                raise RegistryError(
                    "Expected an alias of 3 to 64 lower-case letters, digits and hyphens, "
                    f"received {alias!r}. Give another."
                )
            self._folders.accept(bundle, manifest, self.others)
            if self.aliases().get(alias) == manifest.id:
                raise RegistryError(f"'{manifest.id}' is used for {alias!r} already.")
            return self._write(self._event("promote", alias, manifest.id, by, reason))

    def retire(self, alias: str, *, by: str, reason: str) -> Event:
        """Let clinicians no longer use an alias's model; it is kept.

        Raises:
            RegistryError: The alias has no model, or there is no reason.
        """
        with self._changing(by, reason):
            aliases = self.aliases()
            if alias not in aliases:
                known = ", ".join(sorted(aliases)) or "none"
                raise RegistryError(
                    f"The alias {alias!r} has no model. Those that have one: {known}."
                )
            return self._write(self._event("retire", alias, "", by, reason))

    def rollback(self, alias: str, *, by: str, reason: str) -> Event:
        """Let an alias point again at the model that it had before the last change.

        Raises:
            BundleError, BundleTamperedError: That model is gone or altered.
            RegistryError: It had none, or there is no reason.
        """
        with self._changing(by, reason):
            before = model_before(self.history(), alias)
            if not before:
                raise RegistryError(f"No other model was used for {alias!r} before. Promote one.")
            return self._write(self._event("rollback", alias, before, by, reason))

    def import_bundle(self, bundle: Path, *, by: str, reason: str) -> Manifest:
        """Keep a bundle from elsewhere; nobody uses it before it is promoted.

        Raises:
            BundleError, BundleTamperedError: The bundle is incomplete or altered.
            RegistryError: Another model has its id, or there is no reason.
        """
        manifest = verify_bundle(bundle, may_borrow=False)
        with self._changing(by, reason):
            self._folders.accept(bundle, manifest, self.others)
            self._write(self._event("import", "", manifest.id, by, reason))
        return manifest

    def take_back(self, name: str, *, by: str, reason: str) -> Manifest:
        """Keep a bundle of set-aside again; nobody uses it before it is promoted.

        Raises:
            RegistryError: There is no such folder, it holds no whole bundle, the registry has a
                model of its id, or there is no reason.
        """
        with self._changing(by, reason):
            folder = self._folders.set_aside / name
            whole = whole_bundle(folder) if name in self.names_set_aside() else None
            if whole is None:
                raise RegistryError(
                    f"There is no folder {name!r} with a whole model in it in set-aside. "
                    "Look at its files on the server, and import the model from where it came."
                )
            manifest = whole.manifest
            if self._folders.has(manifest, self.others):
                raise RegistryError(
                    f"The registry has the model '{manifest.id}' already. "
                    "Leave the copy where it is, or remove it on the server."
                )
            self._folders.keep(folder, whole)
            self._write(self._event("import", "", manifest.id, by, reason))
        return manifest

    def names_set_aside(self) -> tuple[str, ...]:
        """Names of the folders of set-aside, of which nobody uses any, in order of time."""
        return folders_in(self._folders.set_aside)

    def history(self) -> tuple[Event, ...]:
        """Every event, the oldest first.

        Raises:
            RegistryError: A line of the history is damaged, or it cannot be read.
        """
        with disk_told():
            return self._history.events()

    def aliases(self) -> dict[str, str]:
        """Alias to the id of the model that it points at. Raises: as `history`."""
        return aliases_of(self.history())

    def check(self) -> tuple[Fault, ...]:
        """What is wrong with the registry; what a kill left half done is finished first.

        Nothing is changed where a fault stops it, and readers go on with what the SHA256SUMS of
        in-use vouches for.
        """
        try:
            with disk_told(), locked(self.root):
                return self._settled()
        except (RegistryError, BundleError) as error:
            to_do = "Then open this page again."
            return (Fault(what=str(error), to_do=to_do, is_repairable=False),)

    def repair(self, *, by: str, reason: str) -> Repair:
        """Make history and folders agree again, and write down who did so and why.

        Each SHA256SUMS is written anew, of the bundles that a line or the history vouches for;
        others are set aside. Where the history is not the one that was written, what is in use
        stays so, what can be read of the history stays in it, and a copy of it is set aside. Where
        it is, what nobody promoted is taken out of use, and what is gone is retired.

        Raises:
            RegistryError: There is no name or no reason, or a file cannot be read or written.
        """
        check_signed(by, reason)
        with disk_told(), locked(self.root):
            return repair(
                self._folders,
                self._history,
                lambda kind, alias, name: self._event(kind, alias, name, by, reason),
            )

    def bundle(self, bundle_id: str) -> Path:
        """The folder of a model, in use or kept.

        Raises:
            RegistryError: It has none of this id; the message lists the known ones.
            BundleError: A folder cannot be read.
        """
        pinned = self._folders.pinned()
        if bundle_id not in pinned:
            known = ", ".join(sorted(pinned)) or "none"
            raise RegistryError(
                f"The registry has no model with the id {bundle_id!r}. Known models: {known}."
            )
        return pinned[bundle_id]

    def models(self) -> tuple[RegistryModel, ...]:
        """The models that SHA256SUMS vouches for, those in use first.

        One whose manifest is not the pinned one is left out. Where the history is not the one that
        was written, what a model is used for is None: what can be read of it may be long over.
        `check` tells of both.

        Raises:
            BundleError: A folder cannot be read.
        """
        with disk_told():
            history, folders = self._history, self._folders
            is_damaged = bool(history.fault(folders_in(folders.in_use), folders.names()))
            return folders.models(None if is_damaged else aliases_of(history.events()))

    def taken_ids(self) -> set[str]:
        """Names that a new model may not have: those of its folders, of its history, and of the
        other roots.
        """
        with disk_told():
            recorded = {event.bundle_id for event in self._history.readable_events()}
            return (taken_names((*self._folders.roots, *self.others)) | recorded) - {""}

    @property
    def _folders(self) -> Folders:
        return Folders(root=self.root, now=self.now)

    @property
    def _history(self) -> History:
        return History(root=self.root)

    @contextlib.contextmanager
    def _changing(self, by: str, reason: str) -> Iterator[None]:
        """A block that changes the registry, alone and where no fault stops it."""
        check_signed(by, reason)
        with disk_told(), locked(self.root):
            stopping = [fault for fault in self._settled() if fault.stops]
            if stopping:
                raise RegistryError(
                    f"The registry is not in order. {stopping[0].what} Nothing was changed: repair "
                    "it first, on the page Registry."
                )
            yield

    def _settled(self) -> tuple[Fault, ...]:
        """What is wrong, after everything is in its place where nothing stops that."""
        faults = find_faults(self._folders, self._history)
        if not any(fault.stops for fault in faults):
            self._folders.settle(self._history.events())
            self._history.write_checkpoint()
            faults = find_faults(self._folders, self._history)
        return faults

    def _event(self, kind: EventKind, alias: str, bundle_id: str, by: str, reason: str) -> Event:
        """An event of now, with what the history says of the alias, and the hashes of the model."""
        folder = self.bundle(bundle_id) if bundle_id else None
        return Event(
            time=self.now().isoformat(timespec="seconds"),
            kind=kind,
            alias=alias,
            bundle_id=bundle_id,
            previous=aliases_of(self._history.readable_events()).get(alias, ""),
            model_sha256=model_sha256(verify_bundle(folder, may_borrow=False)) if folder else "",
            by=by.strip(),
            reason=reason.strip(),
            manifest_sha256=manifest_sha256(folder) if folder else "",
        )

    def _write(self, event: Event) -> Event:
        """Append an event, which makes it so, then move the bundles."""
        self._history.append(event)
        self._folders.settle(self._history.events())
        return event


def model_before(history: Iterable[Event], alias: str) -> str:
    """Id of the model that a rollback of an alias brings back; "" where there is none.

    It is the one before the last change, of those that were changes: earlier versions wrote down a
    model that was promoted twice in a row as its own predecessor.
    """
    changes = [event for event in history if event.alias == alias and event.previous]
    return next(
        (each.previous for each in reversed(changes) if each.previous != each.bundle_id), ""
    )
