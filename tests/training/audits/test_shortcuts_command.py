"""A bundle is measured on the test part of its own run, and on no other index."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from models.errors import DatasetError
from training.__main__ import main
from training.audits.shortcut_report import read_shortcut_report
from training.audits.shortcuts_command import audit_bundle
from training.datasets.index import read_index


def test_a_model_that_learned_nothing_is_told_to_be_at_chance(
    bundle: Path, index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "shortcuts.json"
    words = ["shortcuts", str(bundle), "--index", str(index_path), "--out", str(out)]
    assert main(words) == 0
    report = read_shortcut_report(out)
    assert report.model == "tiny-efficientnet-lite0"
    assert [subject.kind for subject in report.subjects] == ["model"] + ["altered"] * 4 + [
        "baseline"
    ] * 4
    judged = report.subject("model").accuracy.n
    assert {subject.accuracy.n for subject in report.subjects} == {judged}
    assert 12 <= judged <= 20
    told = capsys.readouterr().out
    assert report.verdict[0] in told
    assert "is not clearly above chance" in report.verdict[0]
    assert main([*words, "--limit", "5"]) == 0
    assert read_shortcut_report(out).subject("grey pictures").accuracy.n == 5


def bare(index_sha256: str) -> SimpleNamespace:
    """What is asked of a model before any image is read."""
    data = SimpleNamespace(index_sha256=index_sha256)
    manifest = SimpleNamespace(id="bare", data=data)
    return SimpleNamespace(manifest=manifest, card=SimpleNamespace(recipe={}))


def test_another_index_is_refused(index_path: Path) -> None:
    with pytest.raises(DatasetError, match="Give the index of its run"):
        audit_bundle(bare("0" * 64), read_index(index_path))


def test_a_bundle_without_a_recipe_is_refused(index_path: Path) -> None:
    index = read_index(index_path)
    with pytest.raises(DatasetError, match="holds its recipe"):
        audit_bundle(bare(index.sha256), index)
