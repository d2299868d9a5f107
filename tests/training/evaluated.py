"""Bundles as runs leave them: with a name of their own, and a card with figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.bundle import read_bundle
from models.card import Evaluation, Figure, read_card, write_card
from models.manifest import CARD_FILE, MANIFEST_FILE
from tests.test_house import sha256_of


def evaluated_bundle(tiny_bundle: Path, folder: Path, bundle_id: str) -> Path:
    """A copy of the tiny bundle under another id, whose card says that it was evaluated."""
    contents = read_bundle(tiny_bundle)
    bundle = folder / bundle_id
    bundle.mkdir(parents=True)
    for name, data in contents.files.items():
        (bundle / name).write_bytes(data)
    figure = Figure(name="accuracy", value=0.75, low=0.6, high=0.9, n=40)
    evaluation = Evaluation(
        subject="model",
        split="grouped",
        protocol="Drawn for this test.",
        classes=contents.manifest.classes,
        figures=(figure,),
        confusion=((10, 0, 0, 0),) * 4,
        groups=10,
    )
    card = replace(
        read_card(tiny_bundle / CARD_FILE),
        evaluations=(evaluation,),
        recipe={"fit": {"epochs": 2}, "split": [{"kind": "grouped"}]},
    )
    write_card(card, bundle / CARD_FILE)
    files = {name: sha256_of(bundle / name) for name in contents.files}
    manifest = replace(contents.manifest, id=bundle_id, files=files)
    (bundle / MANIFEST_FILE).write_bytes(manifest.to_json())
    return bundle
