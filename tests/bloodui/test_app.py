"""The screens, run without a browser: what a reader is told in each situation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from bloodui.views.frame import BANNER
from tests.bloodui.conftest import SHY, STRICT, TINY
from training.datasets.synthetic import CAPTION

APP = Path(__file__).resolve().parents[2] / "app.py"
PATIENT = "anna-schmidt-1961.jpg"


@pytest.fixture
def app(model_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    """The dashboard with the three small models, opened on its first page."""
    monkeypatch.setattr("bloodui.settings.SHIPPED", tmp_path / "none")
    monkeypatch.setattr("bloodui.inventory.SHIPPED", tmp_path / "none")
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(model_root))
    monkeypatch.setitem(os.environ, "BLOODUI_MODEL", TINY)
    return AppTest.from_file(str(APP), default_timeout=300).run()


def told(app: AppTest) -> str:
    """Everything that the page says in words."""
    kinds = ("title", "subheader", "markdown", "caption", "text", "error", "warning", "info")
    words = [str(element.value) for kind in kinds for element in app.get(kind)]
    words += [element.proto.body for element in app.get("html")]
    words += [button.label for button in app.button]
    return "\n".join(words).replace("\\", "")


def upload(app: AppTest, *files: bytes) -> AppTest:
    app.file_uploader[0].set_value([(PATIENT, data, "image/jpeg") for data in files])
    return app.run()


def choose(app: AppTest, model_id: str) -> AppTest:
    box = next(box for box in app.selectbox if box.label == "Model")
    titles = {TINY: "Tiny", SHY: "Shy", STRICT: "Strict"}
    return box.select(next(o for o in box.options if o == titles[model_id])).run()


def opinions(app: AppTest) -> dict[Any, Any]:
    """The opinions that the session holds."""
    return dict(app.session_state["_opinions"])


def test_first_page_states_its_intended_use_and_offers_images(app: AppTest) -> None:
    assert not app.exception
    assert BANNER in told(app)
    assert "Try a drawn demo image" in told(app)
    assert len(app.file_uploader) == 1
    assert not app.get("camera_input")


def test_first_page_opens_without_tensorflow(model_root: Path) -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file(sys.argv[1], default_timeout=300).run()\n"
        "assert app.file_uploader and not app.exception\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    environment = os.environ | {"BLOODUI_MODELS": str(model_root)}
    command = [sys.executable, "-c", code, str(APP)]
    done = subprocess.run(command, cwd=APP.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_drawn_demo_image_gets_an_answer_and_is_said_to_be_drawn(app: AppTest) -> None:
    app.button[0].click().run()
    assert not app.exception
    words = told(app)
    assert "Image 1" in words
    assert CAPTION in words
    assert "Answered:" in words
    for name in ("Benign", "Early", "Pre", "Pro"):
        assert f">{name}<" in words
    assert "Image quality: **good**" in words
    assert "1. Resize" in words
    assert "What the model saw" in words
    assert app.get("download_button")
    assert len(app.get("plotly_chart")) == 1


def test_card_in_brief_sets_the_baseline_beside_the_model(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg)
    (table,) = app.table
    text = table.value.to_string()
    assert "91.3 % (88.1 to 94.2), n = 321" in text
    assert "72.2 %" in text
    assert "64.4 %" in text
    assert "kept apart" in text


def test_a_damaged_file_gets_its_sentence_and_the_others_go_on(
    app: AppTest, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    upload(app, smear_jpeg, smear_jpeg[:900], b"<html>", other_jpeg)
    assert not app.exception
    errors = [str(error.value) for error in app.error]
    assert len(errors) == 2
    assert "**Image 2:** The image is damaged or its end is missing." in errors[0]
    assert "**Image 3:** This file is not an image" in errors[1]
    assert [button.label for button in app.button] == ["Image 1", "Image 4"]
    assert "Answered:" in told(app)


def test_only_damaged_files_give_sentences_and_no_opinion(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg[:900])
    assert len(app.error) == 1
    assert not app.get("download_button")
    assert "Answered" not in told(app)


def test_an_image_of_several_is_opened_by_its_button(
    app: AppTest, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    upload(app, smear_jpeg, other_jpeg)
    assert app.subheader[0].value == "Image 1"
    next(button for button in app.button if button.label == "Image 2").click().run()
    assert app.subheader[0].value == "Image 2"


def test_file_names_are_not_told_anywhere(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg, smear_jpeg[:900])
    assert "anna" not in told(app)
    assert "anna" not in repr([app.session_state[key] for key in ("_received", "_opinions")])


def test_removing_an_upload_drops_its_pixels_and_its_opinions(
    app: AppTest, smear_jpeg: bytes
) -> None:
    upload(app, smear_jpeg)
    assert len(opinions(app)) == 1
    app.file_uploader[0].clear().run()
    assert opinions(app) == {}
    assert dict(app.session_state["_received"]) == {}
    assert "Image 1" not in told(app)


def test_opening_another_page_drops_images_and_opinions(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg)
    app.switch_page("pages/about.py").run()
    assert opinions(app) == {}
    assert dict(app.session_state["_received"]) == {}


def test_map_of_another_class_is_made_once_and_named(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg)
    box = next(box for box in app.selectbox if box.label == "Map for the class")
    box.select_index(2).run()
    assert len(opinions(app)) == 2
    name = box.options[2]
    assert f"for {name}" in told(app)
    app.slider[0].set_value(20).run()
    assert len(opinions(app)) == 2


def test_unsure_model_abstains_and_says_from_where_it_answers(
    app: AppTest, smear_jpeg: bytes
) -> None:
    upload(choose(app, SHY), smear_jpeg)
    assert "Abstained" in app.warning[0].value
    assert "100.0 %" in app.warning[0].value.replace("\\", "")


def test_image_of_poor_quality_is_declined_with_its_reasons(
    app: AppTest, smear_jpeg: bytes
) -> None:
    upload(choose(app, STRICT), smear_jpeg)
    assert not app.exception
    assert "Declined" in app.error[0].value
    words = told(app)
    assert "not good enough" in words
    assert 'aria-label="Probabilities"' not in words
    assert "Map for the class" not in [box.label for box in app.selectbox]
    assert app.get("download_button")


def test_changing_the_model_asks_it_about_the_same_image(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg)
    choose(app, SHY)
    assert "Abstained" in told(app)
    choose(app, TINY)
    assert "Answered" in told(app)
    assert len(opinions(app)) == 2


def test_unexpected_error_gives_a_calm_sentence(
    app: AppTest, smear_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(PATIENT)

    monkeypatch.setattr("models.opinion.opinion_on", fail)
    upload(app, smear_jpeg)
    assert not app.exception
    assert "Something went wrong" in app.error[0].value
    assert "anna" not in told(app)


def test_without_models_a_sentence_says_whom_to_ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bloodui.settings.SHIPPED", tmp_path / "none")
    monkeypatch.setattr("bloodui.inventory.SHIPPED", tmp_path / "none")
    monkeypatch.delitem(os.environ, "BLOODUI_MODELS", raising=False)
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    assert not app.exception
    assert "No model is installed" in app.error[0].value
    assert not app.file_uploader


def test_a_folder_with_an_altered_model_is_not_used(
    app: AppTest, model_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copied = tmp_path / "altered"
    for file in model_root.rglob("*"):
        if file.is_file():
            target = copied / file.relative_to(model_root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    manifest = copied / TINY / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"Tiny"', b'"Teny"'))
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(copied))
    app.run()
    assert "altered" in app.error[0].value
    assert not app.file_uploader


def test_about_page_states_use_privacy_and_each_model_with_its_licence(app: AppTest) -> None:
    app.switch_page("pages/about.py").run()
    assert not app.exception
    words = told(app)
    headers = [header.value for header in app.header]
    assert headers[:3] == ["Intended use", "What it is not", "Privacy"]
    assert "Not a medical device" in words
    assert [expander.label for expander in app.expander] == ["Shy", "Strict", "Tiny"]
    assert "Licence: Apache-2.0" in words
    assert "benign, haematogones" in words
