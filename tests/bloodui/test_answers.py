"""Every page asks models in one place: the way is short, and no answer outlives its image."""

from __future__ import annotations

import traceback
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import models.opinion
from tests.bloodui.app_pages import opinions, remove_all, upload
from tests.bloodui.tiny import TINY

ROOT = Path(__file__).resolve().parents[2]
WALKS = {
    "second_opinion": [
        ["app.py", "pages", "bloodui/second_opinion", "bloodui/answers.py", "models/opinion.py"]
    ],
    "compare": [["app.py", "pages", "bloodui/compare", "bloodui/answers.py", "models/opinion.py"]],
    "what_if": [["app.py", "pages", "bloodui/what_if", "bloodui/answers.py", "models/opinion.py"]],
}


def walked() -> list[str]:
    """The rooms through which the call that is under way came, each once for as long as it lasts.

    Inside bloodui a room is a folder or a file beside the folders; the packages that do the work of
    Streamlit and of Python are left out.
    """
    files = [Path(frame.filename) for frame in traceback.extract_stack()[:-2]]
    ours = [file.relative_to(ROOT).parts for file in files if file.is_relative_to(ROOT)]
    rooms = [parts[0] if parts[0] == "pages" else "/".join(parts[:2]) for parts in ours]
    return [room for room, _ in groupby(r for r in rooms if not r.startswith((".venv", "tests")))]


@pytest.mark.parametrize("page", WALKS)
def test_a_page_reaches_the_model_by_way_of_answers_and_enters_no_room_twice(
    page: str, app: AppTest, smear_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[list[str]] = []
    asked = models.opinion.opinion_on

    def opinion_on(*arguments: Any, **options: Any) -> Any:
        walks.append([*walked(), "models/opinion.py"])
        return asked(*arguments, **options)

    monkeypatch.setattr("models.opinion.opinion_on", opinion_on)
    if page != "second_opinion":
        app.switch_page(f"pages/{page}.py").run()
    upload(app, smear_jpeg)
    assert not app.exception
    assert walks
    assert [walk for walk, _ in groupby(walks)] == WALKS[page]


def test_another_map_is_asked_for_by_the_same_way(
    app: AppTest, smear_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(app, smear_jpeg)
    walks: list[list[str]] = []
    asked = models.opinion.opinion_on

    def opinion_on(*arguments: Any, **options: Any) -> Any:
        walks.append(walked())
        return asked(*arguments, **options)

    monkeypatch.setattr("models.opinion.opinion_on", opinion_on)
    next(box for box in app.selectbox if box.label == "Map for the class").select_index(2).run()
    rooms = ["bloodui/second_opinion", "bloodui/widgets", "bloodui/answers.py"]
    assert [walk[-3:] for walk in walks] == [rooms]
    assert len(set(walks[0])) == len(walks[0])


@pytest.mark.parametrize("page", ["second_opinion", "compare", "what_if"])
def test_no_answer_outlives_the_image_that_is_removed(
    page: str, app: AppTest, smear_jpeg: bytes
) -> None:
    if page != "second_opinion":
        app.switch_page(f"pages/{page}.py").run()
    upload(app, smear_jpeg)
    assert any(TINY in str(key) for key in opinions(app))
    remove_all(app)
    assert not app.exception
    assert opinions(app) == {}


def test_a_model_that_failed_is_asked_again_and_one_that_answered_is_not(
    app: AppTest, smear_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, calls = models.opinion.opinion_on, []

    def fail(*_: object, **__: object) -> None:
        calls.append("failed")
        raise RuntimeError("no answer")

    def answer(*arguments: Any, **options: Any) -> Any:
        calls.append("answered")
        return asked(*arguments, **options)

    monkeypatch.setattr("models.opinion.opinion_on", fail)
    upload(app, smear_jpeg)
    assert "Something went wrong" in app.error[0].value
    monkeypatch.setattr("models.opinion.opinion_on", answer)
    app.run()
    app.run()
    assert not app.error
    assert calls == ["failed", "answered"]
