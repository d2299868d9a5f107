"""What a bundle takes for its own kind: drawn smears are, photographs and printed pages are not."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from models.bundle import read_bundle, write_bundle
from models.card import parse_card
from models.errors import DatasetError
from models.keras_archive import load_archive
from models.runtime import load_model
from training.__main__ import main
from training.audits.domain_check import check_domain
from training.audits.own_split import own_split
from training.datasets.index import read_index
from training.recipe import parse_recipe
from training.reference import conformal_scores, reference_of, set_figures
from training.results import results_page


@pytest.fixture(scope="module")
def knowing(bundle: Path, index_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The untrained bundle with what it knows of its own images."""
    from dataclasses import replace

    contents = read_bundle(bundle)
    network = load_archive(contents.files["model.keras"])
    card = parse_card(contents.files["card.json"])
    collection, split = own_split(load_model(bundle), read_index(index_path))
    recipe = replace(
        parse_recipe(card.recipe, name="drawn-subtypes"), architecture="efficientnet-lite0"
    )
    tuned = split.validation
    conformal = conformal_scores(
        np.full((len(tuned), 4), 0.25),
        collection.labels[tuned],
        collection.groups["grouped"][tuned],
    )
    folder = tmp_path_factory.mktemp("knowing") / "bundle"
    write_bundle(
        folder,
        model=network,
        manifest=replace(contents.manifest, files={}),
        card=card,
        reference=reference_of(network, recipe, collection, split, conformal),
    )
    keras.utils.clear_session()
    return folder


def test_its_own_kind_is_let_in_and_others_are_not(
    knowing: Path, index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "domain.json"
    assert main(["domain", str(knowing), "--index", str(index_path), "--out", str(out)]) == 0
    rows = {row["kind"]: row for row in json.loads(out.read_text())["tiny-efficientnet-lite0"]}
    assert rows["own test images"]["turned_away"] < 0.5
    for kind in ("photographs", "documents"):
        assert rows[kind]["turned_away"] == 1
        assert rows[kind]["auroc"] > 0.99
        assert 0 <= rows[kind]["energy_auroc"] <= 1
    assert "photographs (n 6): 100.0 % turned away" in capsys.readouterr().out
    assert "| photographs | 6 | 100.0 % |" in results_page(
        [], [], [], [json.loads(out.read_text())]
    )


def test_a_bundle_without_a_domain_is_refused(bundle: Path, index_path: Path) -> None:
    with pytest.raises(DatasetError, match="domain"):
        check_domain(load_model(bundle), read_index(index_path))


def test_set_figures_are_the_share_of_sets_that_hold_the_truth() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), 600)
    labels = np.array([rng.choice(3, p=row) for row in probabilities])
    conformal = conformal_scores(probabilities[:300], labels[:300], np.arange(300))
    coverage, size = set_figures(
        [probabilities[300:]], [labels[300:]], [np.arange(300)], [conformal], level=0.8
    )
    assert coverage.name == "coverage of 80 % prediction sets"
    assert 0.75 < coverage.value < 0.95
    assert 1 < size.value < 3
    assert coverage.low < coverage.value < coverage.high
