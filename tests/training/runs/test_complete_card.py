"""No promotion without a complete card: what is missing is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.bundle.card import Card, read_card, write_card
from models.bundle.manifest import CARD_FILE, MANIFEST_FILE, Manifest
from tests.test_house import sha256_of
from tests.training.evaluated import evaluated_bundle
from training.errors import RegistryError
from training.registry.complete_card import missing_from_card
from training.registry.promotion import Registry


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    return evaluated_bundle(tiny_bundle, tmp_path / "runs", "model-a")


def manifest_of(bundle: Path) -> Manifest:
    return Manifest.from_json((bundle / MANIFEST_FILE).read_bytes())


def change_card(bundle: Path, **changes: Any) -> None:
    """Give a bundle another card, sealed as if its run had left it."""
    write_card(read_card(bundle / CARD_FILE).changed(**changes), bundle / CARD_FILE)
    manifest = manifest_of(bundle)
    files = {name: sha256_of(bundle / name) for name in manifest.files}
    (bundle / MANIFEST_FILE).write_bytes(manifest.changed(files=files).to_json())


def test_a_card_with_all_that_a_promotion_needs_is_complete(bundle: Path) -> None:
    assert missing_from_card(read_card(bundle / CARD_FILE), manifest_of(bundle)) == ()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sources": ()}, "the data that it learned from"),
        ({"limits": ()}, "its limits"),
        ({"evaluations": ()}, "the figures of an evaluation"),
        (
            {"recipe": {"split": [{"kind": "grouped"}, {"kind": "leave_one_dataset_out"}]}},
            "an evaluation on the leave one dataset out split",
        ),
    ],
)
def test_what_a_card_lacks_is_named_and_nothing_is_promoted(
    changes: dict[str, Any], named: str, bundle: Path, tmp_path: Path
) -> None:
    change_card(bundle, **changes)
    registry = Registry(root=tmp_path / "registry", others=())
    with pytest.raises(RegistryError, match=named):
        registry.promote(bundle, by="ada", reason="Why not.")
    assert registry.history() == ()
    assert not registry.kept.is_dir()


def test_figures_of_a_baseline_are_no_evaluation_of_the_model(bundle: Path) -> None:
    card: Card = read_card(bundle / CARD_FILE)
    baseline = card.evaluations[0].changed(subject="six colour numbers")
    missing = missing_from_card(card.changed(evaluations=(baseline,)), manifest_of(bundle))
    assert missing[0] == "the figures of an evaluation"


def test_audits_are_not_needed_for_a_promotion(bundle: Path, tmp_path: Path) -> None:
    assert not read_card(bundle / CARD_FILE).robustness
    Registry(root=tmp_path / "registry", others=()).promote(bundle, by="ada", reason="Good.")
