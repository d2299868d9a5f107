"""A card says what was measured, and cards from before a measurement can still be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.bundle.card import Card, Evaluation, Timing, read_card, write_card
from models.errors import BundleError
from models.rate import Rate

CARD = Card(summary="A model.", sources=(), evaluations=(), limits=("None.",))
TIMING = Timing(median_ms=21.3, low_ms=20.9, high_ms=23.0, n=50, device="2 cores, AMD EPYC")


def test_the_inference_time_is_kept_in_the_card(tmp_path: Path) -> None:
    card = CARD.changed(timing=TIMING)
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
    write_card(CARD.changed(timing=TIMING), path)
    data = json.loads(path.read_text())
    del data["timing"]["device"]
    path.write_text(json.dumps(data))
    with pytest.raises(BundleError, match="device"):
        read_card(path)


def test_a_text_with_half_a_character_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_card(CARD, path)
    path.write_text(path.read_text().replace("A model.", "\\ud800"))
    with pytest.raises(BundleError, match="surrogates"):
        read_card(path)


def evaluated(n: int = 100) -> Evaluation:
    """Of 100 images, with figures that all claim to rest on n."""
    names = ("accuracy", "sensitivity A", "specificity A", "precision A", "F1 A", "AUROC A")
    return Evaluation(
        subject="model",
        split="grouped",
        protocol="By patient.",
        classes=("A", "B"),
        figures=tuple(Rate(name=name, value=0.5, low=0.4, high=0.6, n=n) for name in names),
        confusion=((30, 10), (5, 55)),
        groups=9,
    )


OWN_N = {
    "accuracy": 100,
    "sensitivity A": 40,
    "specificity A": 60,
    "precision A": 35,
    "F1 A": 45,
    "AUROC A": 100,
}


def test_figures_of_a_class_rest_on_its_own_images_in_cards_of_before_too(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_card(CARD.changed(evaluations=(evaluated(),)), path)
    data = json.loads(path.read_text())
    for figure in data["evaluations"][0]["figures"]:
        figure["n"] = 100
    path.write_text(json.dumps(data))
    (read,) = read_card(path).evaluations
    assert {figure.name: figure.n for figure in read.figures} == OWN_N
    assert read == evaluated()


def test_a_figure_that_was_given_stays_as_it_is() -> None:
    given = Rate(name="sensitivity A", value=0.5, low=0.4, high=0.6, n=100)
    changed = evaluated().changed(figures=(given,))
    assert (given.n, changed.figures[0].n) == (100, 40)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"confusion": [["many", 1], [1, 2]]}, r"confusion\[0\]\[0\] of the card .* 'many'"),
        ({"confusion": 3}, "confusion of the card to be a list, .* received 3"),
        ({"classes": None}, "classes of the card to be a list, .* received None"),
        ({"figures": 7}, "figures of the card to be a list, .* received 7"),
        ({"figures": [{"name": ["A"]}]}, r"figures\[0\].name of the card to be a text"),
        (
            {"figures": [{"name": "F1 A", "value": 1.0, "low": 1.0, "high": 1.0, "n": "4"}]},
            r"figures\[0\].n of the card to be a whole number, received '4'",
        ),
    ],
)
def test_an_evaluation_that_is_damaged_is_refused_by_the_rules_of_its_keys(
    change: dict[str, Any], told: str
) -> None:
    with pytest.raises(BundleError, match=told):
        Evaluation.from_dict(evaluated().to_dict() | change)
