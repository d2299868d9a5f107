"""Taking a bundle out of a root, and mending a root in which a kill left it half in or half out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from models.bundle import PINS_FILE
from training.stored import write_text

_GONE = ".gone-"


def unpin_bundle(root: Path, bundle_id: str) -> None:
    """Take a bundle out of a root: its folder and its line in SHA256SUMS."""
    gone = root / f"{_GONE}{bundle_id}"
    shutil.rmtree(gone, ignore_errors=True)
    os.rename(root / bundle_id, gone)
    _keep_lines(root, _pinned(root) - {bundle_id})
    shutil.rmtree(gone, ignore_errors=True)


def mend_root(root: Path) -> None:
    """Drop folders without a pin and pins without a folder: copies that a kill cut short.

    A bundle is copied before it is pinned, and taken out only once its copy is pinned elsewhere.
    """
    if not root.is_dir():
        return
    pinned = _pinned(root)
    for entry in list(root.iterdir()):
        is_leftover = entry.name.startswith(".") or entry.name not in pinned
        if entry.is_dir() and not entry.is_symlink() and is_leftover:
            shutil.rmtree(entry)
    present = {name for name in pinned if (root / name).is_dir()}
    if present != pinned:
        _keep_lines(root, present)


def _pinned(root: Path) -> set[str]:
    return {_id_of(line) for line in _lines(root)}


def _lines(root: Path) -> list[str]:
    path = root / PINS_FILE
    return path.read_text(encoding="ascii").splitlines() if path.is_file() else []


def _id_of(line: str) -> str:
    return line.partition("  ")[2].partition("/")[0]


def _keep_lines(root: Path, ids: set[str]) -> None:
    lines = [f"{line}\n" for line in _lines(root) if _id_of(line) in ids]
    write_text(root / PINS_FILE, "".join(lines))
