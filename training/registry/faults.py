"""What may be wrong with a registry, each in a sentence, with what to do about it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.bundle.pins import PINS_FILE, pin_lines
from models.files import disk_reason
from training.errors import RegistryError
from training.registry.folders import (
    Folders,
    folders_in,
    manifest_sha256,
    remains_in,
)
from training.registry.history import Event, History, aliases_of


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is wrong with a registry.

    Attributes:
        what: What was expected, and what was found.
        to_do: What to do about it by hand, and what a repair does.
        stops: Whether nothing is promoted, retired or moved before it is repaired.
        is_repairable: Whether `Registry.repair` helps.
    """

    what: str
    to_do: str
    stops: bool = True
    is_repairable: bool = True


def find_faults(folders: Folders, history: History) -> tuple[Fault, ...]:
    """What is wrong with a registry; nothing is changed.

    Raises:
        BundleError: A folder cannot be read.
        OSError: The history cannot be read.
    """
    events = history.readable_events()
    fault = history.fault(folders_in(folders.in_use), folders.names())
    if not fault:
        recorded = {bundle_id for event in events if (bundle_id := event.bundle_id)}
        return (*_faults_of_folders(folders, recorded), *_faults_of_use(folders, events, recorded))
    lost = Fault(
        what=f"{fault} Nothing was moved, and no model was taken out of use.",
        to_do="Restore history.jsonl and history-checkpoint.json from one backup. Or a repair "
        "begins the history anew from what is in use, with what can be read of the old one.",
    )
    # It does not tell which models were promoted or imported: any may be.
    paths = [root / name for root in folders.roots for name in folders_in(root)]
    return (
        lost,
        *_faults_of_folders(folders, {each.name for each in paths if _has_manifest(each)}),
    )


def _faults_of_folders(folders: Folders, recorded: Collection[str]) -> Iterator[Fault]:
    """What does not agree with its line, or has none, of the models that the history knows."""
    lines = {root: pin_lines(root) for root in folders.roots}
    everywhere = {name: pin for root in folders.roots for name, pin in lines[root].pins.items()}
    for root in folders.roots:
        if lines[root].wrong:
            yield Fault(
                what=f"{root.name}/{PINS_FILE} is not as it has to be. {lines[root].wrong}",
                to_do="Or a repair keeps the right lines, and a copy of the file in set-aside.",
            )
        unpinned = [name for name in folders_in(root) if name not in everywhere]
        if not lines[root].wrong:
            yield from _lost(root, [name for name in unpinned if name in recorded])
        strange = [name for name in unpinned if name not in recorded]
        yield from _strange(root, [*strange, *remains_in(root)])
        for name, sha256 in sorted(lines[root].pins.items()):
            if name in folders_in(root) and manifest_sha256(root / name) != sha256:
                yield _altered(root, name)
            elif name not in folders.names():
                yield _gone(f"{root.name}/{PINS_FILE} pins '{name}'")
            if everywhere[name] != sha256:
                yield _disputed(name)


def _faults_of_use(
    folders: Folders, events: Iterable[Event], recorded: Collection[str]
) -> Iterator[Fault]:
    """What is in use though the history does not say so, or is not though it does."""
    pinned = {root: pin_lines(root).pins.keys() for root in folders.roots}
    for alias, name in sorted(aliases_of(events).items()):
        if name not in {*folders.names()}.union(*pinned.values()):
            yield _gone(f"The history says that '{name}' is in use for {alias}")
    unpromoted = pinned[folders.in_use] & {*folders_in(folders.in_use)} - {*recorded}
    yield from _unpromoted(sorted(unpromoted))


def _has_manifest(folder: Path) -> bool:
    return manifest_sha256(folder) != ""


@contextlib.contextmanager
def disk_told() -> Iterator[None]:
    """A block in which what the disk refuses is told in a sentence."""
    try:
        yield
    except OSError as error:
        raise RegistryError(
            f"The registry's folder cannot be read or written: {disk_reason(error)}. Make "
            "room there, or let the user that runs bloodui write there; nothing is lost, and what "
            "was begun is finished then."
        ) from error


def _lost(root: Path, names: Sequence[str]) -> Iterator[Fault]:
    """Of bundles that the history knows and no line pins."""
    if not names:
        return
    path = root / PINS_FILE
    how = (
        "is missing" if not path.exists() else "has no line" if path.stat().st_size else "is empty"
    )
    yield Fault(
        what=f"{root.name}/{PINS_FILE} does not vouch for {_listed(names)}: it {how}. "
        f"{_CONSEQUENCE[root.name]}",
        to_do="Restore the file from a backup. Or a repair gives each model its line again that "
        "is, byte for byte, the one in the history, and sets any other aside.",
    )


def _strange(root: Path, names: Sequence[str]) -> Iterator[Fault]:
    """Of folders that nothing knows, and that are no whole bundles."""
    if names:
        yield Fault(
            what=f"Nothing vouches for {_listed(names)} in {root.name}, and no whole model is "
            "in it. It is left alone, and not offered.",
            to_do="Take it out of the folder by hand.",
            stops=False,
            is_repairable=False,
        )


def _altered(root: Path, name: str) -> Fault:
    return Fault(
        what=f"The model '{name}' in {root.name} is not as it was pinned: it has another "
        f"manifest or none. {_CONSEQUENCE[root.name]}",
        to_do="A repair sets it aside, and retires it where it is in use. Or restore its folder "
        "from a backup.",
        stops=False,
    )


def _gone(what: str) -> Fault:
    return Fault(
        what=f"{what}, but there is no such folder.",
        to_do="Restore it from a backup; or a repair takes its line out, and retires it.",
        stops=False,
    )


def _disputed(name: str) -> Fault:
    return Fault(
        what=f"The SHA256SUMS of in-use has another hash of '{name}' than that of kept.",
        to_do="A repair keeps the one that the history recorded. Or take out the wrong line.",
    )


def _unpromoted(names: Sequence[str]) -> Iterator[Fault]:
    """Of bundles in use that the history does not know."""
    if names:
        yield Fault(
            what=f"Readers are offered {_listed(names)}, which nobody promoted here.",
            to_do="A repair takes it out of use and keeps it; promote it then.",
            stops=False,
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_CONSEQUENCE = {
    "in-use": "Until then readers are not offered what is named here.",
    "kept": "What is in use stays so.",
}
