"""A card says what was measured, and cards from before a measurement can still be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from models.card import Card, Timing, read_card, write_card
from models.errors import BundleError

CARD = Card(summary="A model.", sources=(), evaluations=(), limits=("None.",))
TIMING = Timing(median_ms=21.3, low_ms=20.9, high_ms=23.0, n=50, device="2 cores, AMD EPYC")


def test_the_inference_time_is_kept_in_the_card(tmp_path: Path) -> None:
    card = replace(CARD, timing=TIMING)
    write_card(card, tmp_path / "card.json")
    assert read_card(tmp_path / "card.json") == card


def test_a_card_from_before_times_were_measured_is_read(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_card(CARD, path)
    data = json.loads(path.read_text())
    del data["timing"]
    path.write_text(json.dumps(data))
    assert read_card(path) == CARD


def test_a_time_that_is_half_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_card(replace(CARD, timing=TIMING), path)
    data = json.loads(path.read_text())
    del data["timing"]["device"]
    path.write_text(json.dumps(data))
    with pytest.raises(BundleError, match="device"):
        read_card(path)
