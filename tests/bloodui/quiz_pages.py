"""What tests of the quiz's screens share: an installation, quizzes, and how a page is used."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from bloodui.images import DraftImage
from bloodui.people import LOCAL_READER
from bloodui.quiz.instructor import Instructor, NewQuiz
from bloodui.quiz.quiz import AFTER_EACH, Rules
from drawn.smears import draw
from models.image.micrograph import micrograph_from_rgb
from tests.bloodui.app_pages import plain

APP = Path(__file__).resolve().parents[2] / "app.py"
CLASSES = ("Benign", "Early", "Pre", "Pro")


def installed(model_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The state folder of an installation with the three small models."""
    monkeypatch.setattr("bloodui.settings.SHIPPED_ROOT", tmp_path / "none")
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(model_root))
    monkeypatch.setitem(os.environ, "BLOODUI_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("BLOODUI_DATA", raising=False)
    return tmp_path / "state"


def instructor(state: Path, key: str = "") -> Instructor:
    return Instructor(state=state, person=LOCAL_READER, has_login=False, key=key)


def make(state: Path, n_images: int = 2, **changes: object) -> NewQuiz:
    """A quiz of drawn smears, made past the page."""
    values: dict[str, object] = {"title": "A quiz", "classes": CLASSES, "answer_shown": AFTER_EACH}
    images = [
        DraftImage(
            micrograph=micrograph_from_rgb(draw(CLASSES[n % 4], seed=n, size_px=64).rgb),
            truth=n % 4,
            is_drawn=True,
        )
        for n in range(n_images)
    ]
    return instructor(state).create(Rules(**(values | changes)), images)  # type: ignore[arg-type]


def opened(link: str = "") -> AppTest:
    """The page Quiz in a session of its own."""
    app = AppTest.from_file(str(APP), default_timeout=300)
    if link:
        app.query_params["quiz"] = link
    app.run()
    app.switch_page("pages/quiz.py")
    return app.run()


def told(app: AppTest) -> str:
    """Everything that the page says in words."""
    kinds = ("title", "subheader", "markdown", "caption", "text", "error", "warning", "info")
    kinds += ("success", "code")
    words = [str(element.value) for kind in kinds for element in app.get(kind)]
    words += [element.proto.body for element in app.get("html")]
    words += [f"{metric.label}: {metric.value}" for metric in app.metric]
    words += [element.proto.text for element in app.get("progress")]
    words += [button.label for button in app.button]
    return plain("\n".join(words).replace("\\", ""))


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def begin(app: AppTest, alias: str = "kingfisher") -> AppTest:
    app.text_input(key="quiz-alias").set_value(alias)
    return press(app, "Begin")


def classes(app: AppTest) -> list[Button]:
    """The buttons to answer with, in the order of the classes."""
    return [button for button in app.button if str(button.key).startswith("quiz-class-")]


def answer(app: AppTest, position: int, number: int, percent: int = 80) -> AppTest:
    classes(app)[number].click().run()
    app.slider(key=f"quiz-confidence-{position}").set_value(percent)
    return press(app, "Give the answer")


def whole(app: AppTest) -> str:
    """All that the page is made of, as it goes to the browser."""
    return "\n".join(str(getattr(element, "proto", "")) for element in app.main)


def pictures(app: AppTest) -> set[str]:
    """The images in the viewer, as data addresses."""
    figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    layers = [layer for figure in figures for layer in figure["layout"].get("images", [])]
    return {layer["source"] for layer in layers}
