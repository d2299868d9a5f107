"""A bundle that exists is asked about its own fields without cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, MOST_EMPTIED, bound_of
from models.bundle.card import Evaluation, parse_card
from models.bundle.folder import folder_beside, read_bundle
from models.rate import Rate
from training.__main__ import main
from training.audits.emptied import with_emptied
from training.audits.subject import read_subject
from training.audits.with_card import write_with_card
from training.data.index import read_index
from training.errors import DatasetError
from training.recipes.recipe import read_task

pytestmark = pytest.mark.slow
ANSWERED = ("answered where 5 % may be wrong", "wrong of those answered")


@pytest.fixture
def answering(
    bundle: Path, index_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The untrained bundle, which takes all for its own and answers, with what its card says of
    that; its images are fields."""
    contents = read_bundle(bundle)
    name = read_index(index_path).records[0].dataset
    task = read_task(contents.manifest.task).changed(empty_fields_of=(name,))
    monkeypatch.setattr("training.audits.emptied.read_task", lambda _: task)
    rates = [Rate(name=n, value=0.9, low=0.8, high=1, n=16) for n in ("accuracy", *ANSWERED)]
    evaluation = Evaluation(
        subject="model",
        split="grouped",
        protocol="Drawn.",
        classes=contents.manifest.classes,
        figures=tuple(rates),
        confusion=((4, 0, 0, 0), (0, 4, 0, 0), (0, 0, 4, 0), (0, 0, 0, 4)),
        groups=8,
    )
    card = parse_card(contents.files["card.json"]).changed(evaluations=(evaluation,))
    with folder_beside(tmp_path / "answering") as folder:
        write_with_card(contents, card, folder)
    return tmp_path / "answering"


def test_where_it_reads_the_picture_its_card_says_no_longer_what_it_answers(
    answering: Path, index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["audit-card", str(answering), "--index", str(index_path), "--evidence-only"]
    assert main([*words, "--evidence", "4", "--out", str(tmp_path / "out")]) == 0
    before, after = read_bundle(answering), read_bundle(tmp_path / "out")
    assert bound_of(before.manifest, DEFAULT_ERROR_LIMIT).threshold == 0
    assert bound_of(after.manifest, DEFAULT_ERROR_LIMIT).threshold is None
    assert after.manifest.emptied[-1].answered > MOST_EMPTIED
    kept = {"emptied": (), "files": {}, "answer_threshold": 0.5}
    assert after.manifest.changed(**kept) == before.manifest.changed(**kept)
    assert after.manifest.answer_threshold > 0  # fitted to few mistakes, as where nothing is proven
    (evaluation,) = parse_card(after.files["card.json"]).evaluations
    assert [figure.name for figure in evaluation.figures] == ["accuracy"]
    said = capsys.readouterr().out
    assert f"without cells (n {after.manifest.emptied[0].n_images}): 100.0 % answered" in said
    assert "It reads the picture, not only the cells." in said


def test_where_it_proves_nothing_its_card_stays(
    answering: Path, index_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = read_bundle(answering)
    unproven = replace(contents, manifest=contents.manifest.changed(risk=()))
    subject = read_subject(unproven, read_index(index_path))
    found, card = with_emptied(unproven, subject.card, subject)
    assert card == subject.card
    assert found.files == contents.files
    assert 0 < found.manifest.emptied[0].n_images <= len(subject.split.validation)
    assert found.manifest.changed(emptied=()) == unproven.manifest
    # what was measured is not lost where it cannot be again
    monkeypatch.setattr("training.judge.emptied.LEAST_FIELDS", 1000)
    with pytest.raises(DatasetError, match="too few are fields"):
        with_emptied(found, subject.card, subject)
