"""Evidence by cells is judged against the same cells in another order, and by what is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from models.bundle.card import parse_card
from models.bundle.folder import read_bundle
from models.rate import Rate
from tests.models.cells.test_evidence import CountsDarkPixels, as_seen, field, found_parts
from training.__main__ import main
from training.audits.evidence import (
    ORDERS,
    TakenApart,
    check_evidence,
    evidence_lines,
    random_orders,
    taken_apart,
)


def measured(weights: dict[int, float], saliency_map: np.ndarray | None = None) -> TakenApart:
    """A network that counts the dark pixels of some of five cells, taken apart."""
    rgb = field()
    picture = as_seen(rgb)
    ask = CountsDarkPixels(picture, weights)
    flat = np.zeros(picture.rgb.shape[:2], np.float32)
    found = flat if saliency_map is None else saliency_map
    return taken_apart(found_parts(rgb, picture), [picture], ask, found, seed=1)


def test_the_cell_that_matters_goes_first_in_its_own_order_and_not_in_others() -> None:
    found = measured({3: 6.0})
    assert found.n_parts == 5
    assert found.half["own"] < 0.55
    assert found.half["random"] > found.half["own"] + 0.1
    assert found.half["Grad-CAM"] > 0.85  # an even map leaves the order of the picture: 0, 1, 2
    assert not found.keeps_class
    assert found.without == pytest.approx(1 / (1 + np.exp(0.1)), abs=0.01)


def test_a_map_that_marks_the_right_cell_is_as_good_as_evidence_by_cells() -> None:
    picture = as_seen(field())
    marks = np.zeros(picture.rgb.shape[:2], np.float32)
    for at, _ in CountsDarkPixels(picture, {3: 1.0}).windows:
        marks[at] = 1
    found = measured({3: 6.0}, marks)
    assert found.half["Grad-CAM"] == pytest.approx(found.half["own"], abs=0.01)


def test_a_network_that_looks_at_no_cell_gives_no_order_a_lead_and_keeps_its_class() -> None:
    rgb = field()
    picture = as_seen(rgb)

    def ask(views: Sequence[np.ndarray]) -> np.ndarray:
        return np.tile([2.0, 0.0], (len(views[0]), 1))

    flat = np.zeros(picture.rgb.shape[:2], np.float32)
    found = taken_apart(found_parts(rgb, picture), [picture], ask, flat)
    assert found.half["own"] == pytest.approx(found.half["random"])
    assert found.keeps_class
    assert found.without == pytest.approx(1 / (1 + np.exp(-2)))


def test_few_parts_are_taken_away_in_every_order_and_many_in_some() -> None:
    assert len(random_orders(2, seed=0)) == 2
    assert len(set(random_orders(3, seed=0))) == 6
    several = random_orders(9, seed=0)
    assert len(several) == ORDERS
    assert all(sorted(order) == list(range(9)) for order in several)
    assert several == random_orders(9, seed=0)
    assert several != random_orders(9, seed=1)


def rows(lead: float, n: int = 24) -> list[TakenApart]:
    rng = np.random.default_rng(0)
    return [
        TakenApart(
            n_parts=8,
            half={"own": 0.9 - lead + noise, "random": 0.9, "Grad-CAM": 0.89},
            without=0.8 if number % 4 else 0.1,
            keeps_class=bool(number % 4),
        )
        for number, noise in enumerate(rng.normal(0, 0.02, n))
    ]


def test_the_lead_over_random_order_decides_with_its_whole_interval() -> None:
    groups = np.arange(24) // 3
    good, none = (check_evidence("cells", rows(lead), groups) for lead in (0.05, 0.0))
    assert good.passes
    assert not none.passes
    assert good.over_random.value == pytest.approx(0.05, abs=0.01)
    assert (good.n, good.groups, good.parts) == (24, 8, 8)
    assert good.over_grad_cam.value == pytest.approx(good.over_random.value - 0.01)
    assert good.grad_cam_over_random.value == pytest.approx(0.01)
    assert good.keeps_class.value == pytest.approx(0.75)
    assert good.probability_without.value == pytest.approx(0.75 * 0.8 + 0.25 * 0.1)
    assert good.median_without.value == pytest.approx(0.8)
    for each in (good.own, good.over_random, good.keeps_class, good.median_without):
        assert isinstance(each, Rate)
        assert each.groups == 8
    words = "\n".join(evidence_lines([good, none]))
    assert "evidence by cells (n 24 of 8 groups, 8.0 an image): passes" in words
    assert "FAILS" in words


@pytest.mark.slow
def test_the_check_alone_is_added_to_a_card_and_nothing_else_of_the_bundle_moves(
    bundle: Path, index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["audit-card", str(bundle), "--index", str(index_path), "--evidence-only"]
    assert main([*words, "--evidence", "10", "--out", str(tmp_path / "out")]) == 0
    before, after = read_bundle(bundle), read_bundle(tmp_path / "out")
    assert [name for name in before.files if before.files[name] != after.files[name]] == [
        "card.json"
    ]
    old, new = (parse_card(each.files["card.json"]) for each in (before, after))
    (check,) = new.evidence
    assert check.kind == "cells"
    assert check.n == 10
    assert check.groups >= 2
    assert new.changed(evidence=()) == old
    assert old.evidence == ()
    assert "evidence by cells (n 10" in capsys.readouterr().out
    assert new.evidence_check("cells") == check
    assert new.evidence_check("blocks") is None
    assert after.manifest.changed(files={}) == before.manifest.changed(files={})
