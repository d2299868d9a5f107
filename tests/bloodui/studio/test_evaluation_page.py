"""Evaluation without a browser: every model's matrix, and what is said where something lacks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bloodui.inventory import Installed, names_of
from bloodui.studio.judged import Question, question_names, why_no_pictures
from models.bundle.card import Card, Mistake, read_card
from models.bundle.folder import SHIPPED_ROOT, list_bundles
from tests.bloodui.app_pages import APP, page_text
from tests.bloodui.judged_place import MODEL, RUN, JudgedPlace, judged_place

pytestmark = pytest.mark.slow

SHIPPED_MODELS = [
    Installed(manifest=manifest, directory=SHIPPED_ROOT / manifest.id)
    for manifest in list_bundles(SHIPPED_ROOT)
]
CELL = re.compile(r"(.+) answered (.+): \*\*(\d+)\*\*")


@pytest.fixture(scope="module")
def place(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> JudgedPlace:
    with pytest.MonkeyPatch.context() as patched:
        return judged_place(tiny_bundle, tmp_path_factory.mktemp("judged"), patched)


@pytest.fixture
def page(place: JudgedPlace, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AppTest]:
    """Open Evaluation in a session of its own."""

    def open_page(**changes: str) -> AppTest:
        for name, value in (place.settings | changes).items():
            monkeypatch.setitem(os.environ, name, value)
        app = AppTest.from_file(str(APP), default_timeout=300).run()
        return app.switch_page("pages/evaluation.py").run()

    return open_page


def ask(app: AppTest, question: str, closer: str = "") -> AppTest:
    app.button_group(key="judged-question").set_value(question).run()
    if closer:
        app.selectbox(key="judged-closer").set_value(closer).run()
    assert not app.exception
    return app


def matrix(app: AppTest) -> dict[tuple[str, str], int]:
    """The cells that are buttons, by truth and answer."""
    found = (CELL.fullmatch(button.label.replace("\\", "")) for button in app.button)
    return {(each[1], each[2]): int(each[3]) for each in found if each}


def test_every_shipped_model_has_its_matrix(page: Callable[[], AppTest]) -> None:
    app, names = page(), names_of(SHIPPED_MODELS)
    questions = question_names(
        Question(task=each.manifest.task, classes=each.manifest.classes) for each in SHIPPED_MODELS
    )
    for each in SHIPPED_MODELS:
        manifest = each.manifest
        question = questions[Question(task=manifest.task, classes=manifest.classes)]
        ask(app, question, names[manifest.id])
        evaluation = read_card(each.directory / "card.json").evaluation(split="grouped")
        assert evaluation is not None
        assert matrix(app) == {
            (truth, answer): count
            for truth, row in zip(evaluation.classes, evaluation.confusion, strict=True)
            for answer, count in zip(evaluation.classes, row, strict=True)
            if count
        }, manifest.id


def test_images_that_are_gone_are_said_to_be_and_the_rest_of_the_page_is_there(
    page: Callable[[], AppTest], place: JudgedPlace
) -> None:
    app = ask(page(), "ALL subtypes", f"{RUN} (run)")
    assert not app.error
    path = place.records[8].path
    kept = path.read_bytes()
    path.unlink()
    try:
        app.run()
        assert not app.exception
        words = page_text(app)
        assert "Pre answered Pro, 60.0" in words
        assert "it cannot be read" in words
        assert "of the index cannot be read: No such file or directory" in words
        assert "ROC, each class against the rest" in [each.value for each in app.subheader]
    finally:
        path.write_bytes(kept)


def test_another_file_of_the_same_name_is_not_taken_for_a_mistake(
    page: Callable[[], AppTest], place: JudgedPlace
) -> None:
    path = place.records[8].path
    kept = path.read_bytes()
    path.write_bytes(place.records[0].path.read_bytes())
    try:
        app = ask(page(), "ALL subtypes", MODEL)
        assert "1 of 4 are not on this machine." in page_text(app)
    finally:
        path.write_bytes(kept)


def test_a_run_whose_model_is_damaged_is_named_and_the_others_are_shown(
    page: Callable[[], AppTest], place: JudgedPlace
) -> None:
    (bundle,) = (place.folder / "state" / "jobs").glob("*/run/bundle")
    manifest = bundle / "manifest.json"
    kept = manifest.read_bytes()
    manifest.write_bytes(b"{")
    try:
        app = page()
        assert not app.exception
        assert any(RUN in str(each.value).replace("\\", "") for each in app.error)
        assert matrix(app)
    finally:
        manifest.write_bytes(kept)


def test_without_models_and_runs_the_page_says_so(
    page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bloodui.settings.SHIPPED_ROOT", tmp_path / "none")
    app = page(BLOODUI_MODELS="", BLOODUI_RUNS="", BLOODUI_STATE=str(tmp_path / "state"))
    assert not app.exception
    assert "no model is installed, and no run has finished" in page_text(app)


def test_questions_of_one_task_are_told_apart_by_their_classes() -> None:
    two = Question(task="all-subtypes", classes=("Benign", "Pre"))
    four = Question(task="all-subtypes", classes=("Benign", "Early", "Pre", "Pro"))
    mine = Question(task="my-task", classes=("A", "B"))
    assert question_names([two, mine]) == {two: "ALL subtypes", mine: "my-task"}
    assert question_names([two, four])[two] == "ALL subtypes: Benign, Pre"


def test_a_card_without_mistakes_and_a_cell_without_any_say_why(place: JudgedPlace) -> None:
    bare = Card(summary="", sources=(), evaluations=place.card.evaluations, limits=())
    assert "lists no mistakes" in why_no_pictures(bare, "grouped", truth="Pre", answer="Pro")
    assert bare.own_split == "grouped"
    card = place.card
    assert not why_no_pictures(card, "grouped", truth="Pre", answer="Pro")
    assert "of right answers" in why_no_pictures(card, "grouped", truth="Pre", answer="Pre")
    assert "for this split" in why_no_pictures(card, "random", truth="Pre", answer="Pro")
    assert "none of them lies here" in why_no_pictures(card, "grouped", truth="Pro", answer="Pre")
    assert all(isinstance(each, Mistake) for each in card.mistakes)
