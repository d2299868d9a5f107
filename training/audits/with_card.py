"""A bundle again, with another card and the same network."""

from __future__ import annotations

from pathlib import Path

from models.bundle.card import Card
from models.bundle.folder import BundleContents, seal_bundle
from models.bundle.manifest import CARD_FILE, Manifest


def write_with_card(contents: BundleContents, card: Card, folder: Path) -> Manifest:
    """Write a verified bundle to an empty folder with another card; answer with its manifest.

    Every other file is the same byte for byte; the manifest changes in the card's hash alone.
    """
    for name, data in contents.files.items():
        if name != CARD_FILE:
            (folder / name).write_bytes(data)
    return seal_bundle(folder, contents.manifest, card)
