"""How history and folders of a registry are made to agree again, without deleting a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.bundle.folder import read_manifest
from models.bundle.manifest import MANIFEST_FILE
from models.bundle.pins import PINS_FILE, pin_lines, write_pins
from models.stored import is_id
from training.errors import RegistryError
from training.registry.folders import (
    Folders,
    Whole,
    folders_in,
    model_sha256,
    whole_bundle,
)
from training.registry.history import Event, EventKind, History, aliases_of


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What a repair did, a sentence for each thing, and the events that it wrote down."""

    done: tuple[str, ...]
    events: tuple[Event, ...]


def repair(
    folders: Folders, history: History, event_of: Callable[[EventKind, str, str], Event]
) -> Repair:
    """Make history and folders agree again, without deleting anything; see `Registry.repair`.

    Args:
        folders, history: The registry's.
        event_of: Makes an event of a kind, an alias and a bundle's id.

    Raises:
        BundleError: A folder cannot be read.
        OSError: A file cannot be read or written.
    """
    fault = history.fault(folders_in(folders.in_use), folders.names())
    events = history.readable_events()
    done = _repair_folders(folders, events)
    before = aliases_of(events)
    pinned = folders.pinned()
    if fault:
        after = _aliases_in_use(folders, history)
    else:
        after = {alias: name for alias, name in before.items() if name in pinned}
    new = [
        event_of("repair", alias, after.get(alias, ""))
        for alias in sorted({*before, *after})
        if after.get(alias) != before.get(alias)
    ]
    done += [
        f"{event.alias} points at '{event.bundle_id}'."
        if event.bundle_id
        else f"'{event.previous}' is retired from {event.alias}."
        for event in new
    ]
    for name in sorted(pinned.keys() - {event.bundle_id for event in (*events, *new)}):
        new.append(event_of("import", "", name))
        done.append(f"'{name}' is kept, and not in use.")
    new = new or [event_of("repair", "", "")]
    if fault:
        if history.path.exists():
            aside = folders.keep_copy(history.path.name, history.path.read_bytes())
            done.append(f"{history.path.name} as it was is kept as set-aside/{aside}.")
        history.rewrite((*events, *new))
    else:
        for event in new:
            history.append(event)
    folders.settle(history.events())
    return Repair(done=tuple(done), events=tuple(new))


def _aliases_in_use(folders: Folders, history: History) -> dict[str, str]:
    """Aliases for all that is in use: those last noted, else the models' tasks, else their ids."""
    used = sorted(name for name, path in folders.pinned().items() if path.parent == folders.in_use)
    try:
        noted = history.checkpoint()
    except RegistryError:
        noted = None
    last = noted.aliases if noted else aliases_of(history.readable_events())
    aliases = {alias: name for alias, name in last.items() if name in used}
    for name in used:
        if name not in aliases.values():
            task = read_manifest(folders.in_use / name).task
            aliases[task if is_id(task) and task not in aliases else name] = name
    return aliases


def _repair_folders(folders: Folders, events: Iterable[Event]) -> list[str]:
    """Write each SHA256SUMS anew, of the bundles that a line or the history vouches for.

    Bundles that nothing vouches for are set aside, and so is a copy of a file that changes.
    Answers with what was done, a sentence each.
    """
    events = tuple(events)
    lines = {root: pin_lines(root).pins for root in folders.roots}
    done: list[str] = []
    for root in folders.roots:
        pins: dict[str, str] = {}
        for name in folders_in(root):
            pinned = {lines[each][name] for each in folders.roots if name in lines[each]}
            whole = whole_bundle(root / name)
            is_right = whole is not None and (
                pinned == {whole.sha256} if len(pinned) == 1 else _is_recorded(whole, name, events)
            )
            if whole is not None and whole.manifest.id == name and is_right:
                pins[name] = whole.sha256
                if name not in lines[root]:
                    done.append(f"'{name}' has its line in {root.name}/{PINS_FILE} again.")
            elif pinned or (root / name / MANIFEST_FILE).exists():
                why = "is not the model that was pinned" if pinned else "is vouched for nowhere"
                aside = folders.put_aside(root / name)
                done.append(f"'{name}' in {root.name} {why}: it is now set-aside/{aside}.")
        done += [
            f"The line of '{name}' was taken out of {root.name}/{PINS_FILE}."
            for name in sorted(lines[root].keys() - pins.keys() - folders.names())
        ]
        done += _write_lines(folders, root, pins)
    return done


def _write_lines(folders: Folders, root: Path, pins: Mapping[str, str]) -> list[str]:
    """Replace a SHA256SUMS where it says something else, and keep a copy of it."""
    before = pin_lines(root)
    if before.pins == pins and not before.wrong:
        return []
    path = root / PINS_FILE
    if path.is_symlink() or path.is_dir():
        aside = folders.put_aside(path)
    elif path.is_file() and path.stat().st_size:
        aside = folders.keep_copy(f"{root.name}-{PINS_FILE}", path.read_bytes())
    else:
        aside = ""
    write_pins(root, pins)
    return [f"{root.name}/{PINS_FILE} as it was is kept as set-aside/{aside}."] if aside else []


def _is_recorded(whole: Whole, name: str, events: Iterable[Event]) -> bool:
    """Whether the history recorded this very model; by its network alone in lines of old."""
    recorded = [event for event in events if event.bundle_id == name and event.model_sha256]
    manifests = {event.manifest_sha256 for event in recorded} - {""}
    if manifests:
        return manifests == {whole.sha256}
    return {event.model_sha256 for event in recorded} == {model_sha256(whole.manifest)}
