"""Bundles as runs leave them: with a name of their own, and a card with figures."""

from __future__ import annotations

from pathlib import Path

from models.bundle.card import Evaluation, read_card, write_card
from models.bundle.folder import read_bundle
from models.bundle.manifest import CARD_FILE, MANIFEST_FILE, MODEL_FILE
from models.rate import Rate
from tests.test_house import sha256_of


def evaluated_bundle(
    tiny_bundle: Path, folder: Path, bundle_id: str, *, network: bytes = b""
) -> Path:
    """A copy of the tiny bundle under another id, whose card says that it was evaluated.

    Args:
        tiny_bundle, folder, bundle_id: What is copied, where to, and under which id.
        network: Bytes in place of the network, for tests that only move it; its own where empty.
    """
    contents = read_bundle(tiny_bundle)
    bundle = folder / bundle_id
    bundle.mkdir(parents=True)
    for name, data in contents.files.items():
        (bundle / name).write_bytes(network if network and name == MODEL_FILE else data)
    figure = Rate(name="accuracy", value=0.75, low=0.6, high=0.9, n=40)
    evaluation = Evaluation(
        subject="model",
        split="grouped",
        protocol="Drawn for this test.",
        classes=contents.manifest.classes,
        figures=(figure,),
        confusion=((10, 0, 0, 0),) * 4,
        groups=10,
    )
    card = read_card(tiny_bundle / CARD_FILE).changed(
        evaluations=(evaluation,),
        recipe={"fit": {"epochs": 2}, "split": [{"kind": "grouped"}]},
    )
    write_card(card, bundle / CARD_FILE)
    files = {name: sha256_of(bundle / name) for name in contents.files}
    manifest = contents.manifest.changed(id=bundle_id, files=files)
    (bundle / MANIFEST_FILE).write_bytes(manifest.to_json())
    return bundle
