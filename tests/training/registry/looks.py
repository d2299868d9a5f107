"""What lies in a registry, byte for byte, and what readers are offered."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from models.bundle.pins import survey_root
from training.registry.promotion import Registry

SIGNED = {"by": "ada", "reason": "Because."}
ALIASES = {"all-subtypes": "model-b"}


def registry_at(root: Path) -> Registry:
    return Registry(root=root, others=(), now=lambda: datetime(2026, 11, 21, 12, tzinfo=UTC))


def files_of(root: Path) -> dict[str, str]:
    """Path below the folder to the SHA-256 of every file, but the lock and the checkpoint."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in (".lock", "history-checkpoint.json")
    }


def models_of(registry: Registry) -> dict[str, dict[str, str]]:
    """Id to the files of each whole model, wherever in the registry it lies."""
    return {
        json.loads(manifest.read_bytes())["id"]: files_of(manifest.parent)
        for manifest in registry.root.rglob("manifest.json")
    }


def offered(registry: Registry) -> list[str]:
    """What readers are offered."""
    return [manifest.id for manifest in survey_root(registry.in_use).manifests]


def where(registry: Registry) -> dict[str, str]:
    """Id of each model that SHA256SUMS vouches for to the folder that it lies in."""
    return {model.manifest.id: model.directory.parent.name for model in registry.models()}
