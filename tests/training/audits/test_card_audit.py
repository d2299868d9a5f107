"""A bundle is written again with what audits found in its card, and nothing else in it moves."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from models.bundle import read_bundle, read_manifest
from models.card import Card, parse_card
from training.__main__ import main
from training.audits.card_audit import accuracy_by_dataset, surest_mistakes
from training.audits.robustness import read_robustness
from training.datasets.index import ImageRecord


@pytest.fixture(scope="module")
def audited(bundle: Path, index_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("audited") / "again"
    words = ["audit-card", str(bundle), "--index", str(index_path), "--limit", "6"]
    assert main([*words, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def card(audited: Path) -> Card:
    return parse_card(read_bundle(audited).files["card.json"])


def test_the_new_bundle_is_sealed_and_differs_in_its_card_alone(
    audited: Path, bundle: Path
) -> None:
    before, after = read_bundle(bundle), read_bundle(audited)
    assert after.files["model.keras"] == before.files["model.keras"]
    assert after.manifest.files["card.json"] != before.manifest.files["card.json"]
    old, new = before.manifest.to_dict(), after.manifest.to_dict()
    assert old | {"files": None} == new | {"files": None}


def test_the_card_says_what_was_measured_on_how_many_images(card: Card, bundle: Path) -> None:
    before = parse_card(read_bundle(bundle).files["card.json"])
    assert (card.summary, card.recipe, card.limits) == (
        before.summary,
        before.recipe,
        before.limits,
    )
    assert [row.kind for row in card.shortcuts] == ["model"] + ["altered"] * 4 + ["baseline"] * 4
    assert {row.accuracy.n for row in card.shortcuts} == {6}
    assert len(card.robustness) == 31
    assert {row.accuracy.n for row in card.robustness} == {6}
    assert sum(figure.n for figure in card.subgroups) >= 12


def test_the_mistakes_are_files_of_the_index_with_their_hash(card: Card, index_path: Path) -> None:
    assert card.mistakes
    for mistake in card.mistakes:
        data = (index_path.parent / mistake.path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == mistake.sha256
        assert mistake.truth != mistake.answer
        assert mistake.probability >= mistake.truth_probability


def test_a_folder_that_exists_is_not_overwritten(
    audited: Path, bundle: Path, index_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = read_manifest(audited)
    words = ["audit-card", str(bundle), "--index", str(index_path), "--limit", "2"]
    assert main([*words, "--out", str(audited)]) == 2
    assert "not overwritten" in capsys.readouterr().err
    assert read_manifest(audited) == manifest


def test_robustness_alone_is_a_command_with_json(
    bundle: Path, index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "robustness.json"
    words = ["robustness", str(bundle), "--index", str(index_path), "--limit", "4"]
    assert main([*words, "--out", str(out)]) == 0
    report = read_robustness(out)
    assert len(report.rows) == 31
    assert "blur, strength 5: accuracy" in capsys.readouterr().out


def test_the_surest_mistakes_of_each_class_come_first(tmp_path: Path) -> None:
    records = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        path.write_bytes(bytes([number]))
        records.append(ImageRecord(path=path, name=path.name, dataset="one", label="x"))
    sure = np.array([0.9, 0.4, 0.2, 0.1, 0.3, 0.8])
    labels = np.array([0, 0, 0, 0, 1, 1])
    found = surest_mistakes(("A", "B"), records, labels, np.stack([sure, 1 - sure], 1), most=2)
    assert [(each.path, each.truth, each.answer) for each in found] == [
        ("3.png", "A", "B"),
        ("2.png", "A", "B"),
        ("5.png", "B", "A"),
    ]
    assert found[0].probability == pytest.approx(0.9)
    assert found[0].truth_probability == pytest.approx(0.1)


def test_accuracy_is_told_by_data_set() -> None:
    records = [
        ImageRecord(path=Path("x"), name="x", dataset=name, label="x") for name in "aaab" * 5
    ]
    right = np.array([True, True, False, True] * 5)
    found = {figure.name: figure for figure in accuracy_by_dataset(records, right, np.arange(20))}
    assert found["accuracy, a"].value == pytest.approx(2 / 3)
    assert (found["accuracy, a"].n, found["accuracy, b"].n) == (15, 5)
    assert found["accuracy, b"].value == 1
