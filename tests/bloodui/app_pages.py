"""A page that runs without a browser: what it says, and what a person gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from bloodui.answers import Asked
from bloodui.trays import TRAYS, Tray
from tests.bloodui.tiny import SHY, STRICT, TINY

APP = Path(__file__).resolve().parents[2] / "app.py"
PATIENT = "anna-schmidt-1961.jpg"


def page_text(app: AppTest) -> str:
    """Everything that the page says in words, with ordinary blanks before per cent signs."""
    kinds = ("title", "subheader", "markdown", "caption", "text", "error", "warning", "info")
    words = [str(element.value) for kind in kinds for element in app.get(kind)]
    words += [element.proto.body for element in app.get("html")]
    words += [button.label for button in app.button]
    return plain("\n".join(words).replace("\\", ""))


def plain(words: str) -> str:
    """The words with ordinary blanks before per cent signs."""
    return words.replace("\N{NARROW NO-BREAK SPACE}", " ")


def upload(app: AppTest, *files: bytes) -> AppTest:
    app.file_uploader[0].set_value([(PATIENT, data, "image/jpeg") for data in files])
    return app.run()


def choose(app: AppTest, model_id: str) -> AppTest:
    box = next(box for box in app.selectbox if box.label == "Model")
    titles = {TINY: "Tiny", SHY: "Shy", STRICT: "Strict"}
    return box.select(next(o for o in box.options if o == titles[model_id])).run()


def tray(app: AppTest) -> Tray:
    """What the visitor has at hand."""
    return TRAYS.of(app.session_state["_tray"])


def remove_all(app: AppTest) -> AppTest:
    return app.button(key="remove-all").click().run()


def opinions(app: AppTest) -> dict[Any, Any]:
    """What models were asked, of images of the tray and of others; by SHA-256, model, question."""
    has_other = "_of_page_beside" in app.session_state
    of_page = app.session_state["_of_page_beside"] if has_other else {}
    return {
        (sha256, *what): asked
        for beside in (tray(app).beside, of_page)
        for sha256, held in beside.items()
        for what, asked in held.items()
        if isinstance(asked, Asked)
    }
