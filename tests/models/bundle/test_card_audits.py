"""What audits add to a card is read as it was written, and cards from before are read, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.bundle.card import (
    Card,
    Degraded,
    Mistake,
    Shortcut,
    read_card,
    write_card,
)
from models.errors import BundleError
from models.rate import Rate

BARE = Card(summary="A model.", sources=(), evaluations=(), limits=("None.",))
FIGURE = Rate(name="accuracy", value=0.9, low=0.8, high=0.95, n=60)
FULL = BARE.changed(
    shortcuts=(
        Shortcut(name="model", kind="model", accuracy=FIGURE, balanced_accuracy=FIGURE, gap=FIGURE),
    ),
    robustness=(Degraded(kind="blur", strength=3, accuracy=FIGURE),),
    mistakes=(
        Mistake(
            path="a/1.png",
            sha256="0" * 64,
            truth="Pre",
            answer="Pro",
            probability=0.9,
            truth_probability=0.1,
        ),
    ),
    subgroups=(FIGURE,),
)


def test_audits_are_kept_in_the_card(tmp_path: Path) -> None:
    write_card(FULL, tmp_path / "card.json")
    assert read_card(tmp_path / "card.json") == FULL


def test_a_card_from_before_the_audits_is_read(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_card(BARE, path)
    data = json.loads(path.read_text())
    for key in ("shortcuts", "robustness", "mistakes", "subgroups"):
        del data[key]
    path.write_text(json.dumps(data))
    assert read_card(path) == BARE


@pytest.mark.parametrize("key", ["shortcuts", "robustness", "mistakes", "subgroups"])
def test_a_row_that_is_half_there_is_refused(key: str, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_card(FULL, path)
    data = json.loads(path.read_text())
    data[key][0].popitem()
    data[key][0].popitem()
    path.write_text(json.dumps(data))
    with pytest.raises(BundleError, match=rf"{key}\[0\]\.\w+ of the card, received nothing"):
        read_card(path)
