"""The screens, run without a browser: what a reader is told in each situation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy, StreamlitHeaders
from streamlit.testing.v1 import AppTest

from bloodui.trays import TRAYS
from bloodui.widgets.frame import BANNER
from bloodui.widgets.messages import message_for
from drawn.smears import CAPTION
from models.errors import BundleTamperedError
from tests.bloodui.app_pages import (
    APP,
    PATIENT,
    choose,
    opinions,
    page_text,
    plain,
    remove_all,
    tray,
    upload,
)
from tests.bloodui.tiny import SHY, STRICT, TINY
from tests.bloodui.visitor import HEADERS, HOST

MANY = "Folder, ZIP or many"


def test_first_page_states_its_intended_use_and_offers_images(app: AppTest) -> None:
    assert not app.exception
    assert BANNER in page_text(app)
    assert "Try a drawn demo image" in page_text(app)
    assert len(app.file_uploader) == 1
    assert not app.get("camera_input")


def test_first_page_opens_without_tensorflow(model_root: Path) -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from tests.bloodui.visitor import enter\n"
        "enter()\n"
        "app = AppTest.from_file(sys.argv[1], default_timeout=300).run()\n"
        "assert app.file_uploader and not app.exception\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    environment = os.environ | {"BLOODUI_MODELS": str(model_root)}
    command = [sys.executable, "-c", code, str(APP)]
    done = subprocess.run(command, cwd=APP.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_drawn_demo_image_gets_an_answer_and_is_said_to_be_drawn(app: AppTest) -> None:
    next(b for b in app.button if b.label == "Try a drawn demo image").click().run()
    assert not app.exception
    words = page_text(app)
    assert "Image 1" in words
    assert CAPTION in words
    assert "Answered:" in words
    for name in ("Benign", "Early", "Pre", "Pro"):
        assert f">{name}<" in words
    assert "Image quality: **good**" in words
    assert "1. Resize" in words
    assert "What the model saw, step by step" in [each.label for each in app.expander]
    assert app.get("download_button")
    assert len(app.get("plotly_chart")) == 1


def test_card_in_brief_sets_the_baseline_beside_the_model(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg)
    (table,) = app.table
    text = plain(table.value.to_string().replace("\\", ""))
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
    name = PATIENT.replace("-", r"\-").replace(".", r"\.")
    assert f"**Image 2\\, {name}:** The image is damaged or its end is missing." in errors[0]
    assert f"**Image 3\\, {name}:** This file is not an image" in errors[1]
    opened = [button.label for button in app.button if button.label.startswith("Image")]
    assert opened == ["Image 1", "Image 4"]
    assert "Answered:" in page_text(app)


def test_only_damaged_files_give_sentences_and_no_opinion(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg[:900])
    assert len(app.error) == 1
    assert not app.get("download_button")
    app.button(key="clear-refused").click().run()
    assert not app.error
    assert not tray(app).images
    assert "Answered" not in page_text(app)


def test_an_image_of_several_is_opened_by_its_button(
    app: AppTest, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    upload(app, smear_jpeg, other_jpeg)
    assert app.subheader[0].value == "Image 1"
    next(button for button in app.button if button.label == "Image 2").click().run()
    assert app.subheader[0].value == "Image 2"


def test_a_files_name_is_shown_and_is_in_nothing_that_may_be_logged_or_kept(
    app: AppTest, smear_jpeg: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    upload(app, smear_jpeg, smear_jpeg[:900])
    assert page_text(app).count(PATIENT) >= 2
    held = tray(app)
    assert "anna" not in repr([held.images, held.beside, held.kept])
    assert "anna" not in caplog.text


def test_removing_an_image_drops_its_pixels_and_its_opinions(
    app: AppTest, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    upload(app, smear_jpeg, other_jpeg)
    assert len(opinions(app)) == 2
    app.button(key="remove-open").click().run()
    assert not app.exception
    assert app.subheader[0].value == "Image 2"
    assert len(opinions(app)) == len(tray(app).beside) == 1
    remove_all(app)
    assert opinions(app) == {}
    assert tray(app).is_empty
    assert "Image 2" not in page_text(app)


def test_images_the_open_one_the_model_and_answers_are_there_on_other_pages_and_back(
    app: AppTest, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    upload(choose(app, SHY), smear_jpeg, other_jpeg)
    app.button(key=f"open:{list(tray(app).images)[1]}").click().run()
    app.switch_page("pages/about.py").run()
    app.switch_page("pages/what_if.py").run()
    assert not app.exception
    opened = next(b for b in app.button if b.label == "Remove Image 2")
    assert opened.key == "remove-open"
    asked = set(opinions(app))
    app.switch_page("pages/second_opinion.py").run()
    assert app.subheader[0].value == "Image 2"
    assert next(box for box in app.selectbox if box.label == "Model").value.manifest.id == SHY
    assert set(opinions(app)) <= asked


def test_what_was_chosen_on_compare_stays_chosen(app: AppTest) -> None:
    app.switch_page("pages/compare.py").run()
    app.multiselect[0].set_value([TINY, SHY]).run()
    app.switch_page("pages/about.py").run()
    app.switch_page("pages/compare.py").run()
    assert app.multiselect[0].value == [TINY, SHY]


def test_map_of_another_class_is_made_once_and_named(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg)
    box = next(box for box in app.selectbox if box.label == "Map for the class")
    box.select_index(2).run()
    assert len(opinions(app)) == 2
    name = box.options[2]
    assert f"for {name}" in page_text(app)
    app.slider[0].set_value(20).run()
    assert len(opinions(app)) == 2


def test_unsure_model_abstains_and_says_from_where_it_answers(
    app: AppTest, smear_jpeg: bytes
) -> None:
    upload(choose(app, SHY), smear_jpeg)
    assert "Abstained" in app.warning[0].value
    assert "100.0 %" in plain(app.warning[0].value.replace("\\", ""))


def test_image_of_poor_quality_is_declined_with_its_reasons(
    app: AppTest, smear_jpeg: bytes
) -> None:
    upload(choose(app, STRICT), smear_jpeg)
    assert not app.exception
    assert "Declined" in app.error[0].value
    words = page_text(app)
    assert "not good enough" in words
    assert 'aria-label="Probabilities"' not in words
    assert "Map for the class" not in [box.label for box in app.selectbox]
    assert app.get("download_button")


def test_changing_the_model_asks_it_about_the_same_image(app: AppTest, smear_jpeg: bytes) -> None:
    upload(app, smear_jpeg)
    choose(app, SHY)
    assert "Abstained" in page_text(app)
    choose(app, TINY)
    assert "Answered" in page_text(app)
    assert len(opinions(app)) == 2


def test_unexpected_error_gives_a_calm_sentence(
    app: AppTest, smear_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Berta Meyer")

    monkeypatch.setattr("models.opinion.opinion_on", fail)
    upload(app, smear_jpeg)
    assert not app.exception
    assert "Something went wrong" in app.error[0].value
    assert "Berta" not in page_text(app)


def begin_many(app: AppTest, *files: bytes) -> AppTest:
    """Give files as many images, and press the button that reads them where there is one."""
    next(each for each in app.segmented_control if each.label == "What to read").set_value(MANY)
    app.run()
    app.file_uploader[0].set_value([(PATIENT, data, "image/jpeg") for data in files])
    app.run()
    for button in app.button:
        if button.key == "many-read":
            return button.click().run()
    return app


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device", "/srv/secret/networks"),
        subprocess.TimeoutExpired(["converter", "/srv/secret/networks"], 60),
        BundleTamperedError("/srv/secret/tiny/model.keras is not the file that was released."),
    ],
)
def test_whatever_goes_wrong_as_many_images_are_begun_is_told_without_the_servers_folders(
    app: AppTest, smear_jpeg: bytes, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(installed: object) -> object:
        raise error

    monkeypatch.setattr("bloodui.session.model", fails)
    begin_many(app, smear_jpeg)
    assert not app.exception
    (told,) = app.error
    assert "secret" not in page_text(app)
    assert message_for(error).happened in told.value
    assert "No image is kept here" in page_text(app)


def test_of_more_bytes_than_are_read_at_once_nothing_is_looked_into(
    app: AppTest, smear_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloodui.second_opinion.many.MOST_BYTES", 2**20)
    monkeypatch.setattr(
        "bloodui.second_opinion.many._items_in", lambda files: pytest.fail("bytes were taken")
    )
    begin_many(app, smear_jpeg, bytes(2**20))
    assert not app.exception
    (told,) = app.error
    assert "1 MiB at most are read at once. Give them in parts" in told.value


def test_results_of_many_images_that_were_dropped_are_missed_though_there_is_no_image(
    app: AppTest, smear_jpeg: bytes
) -> None:
    begin_many(app, smear_jpeg)
    tray(app).batch.wait(60)
    app.run()
    assert "1 image given: 1 read, 0 not read" in page_text(app)
    assert "were dropped" not in page_text(app)
    TRAYS.tidy(0, lambda window: True)
    app.run()
    assert "Your images were dropped, with what was said of them" in page_text(app)
    assert "No image is kept here" in page_text(app)
    assert "were dropped" not in page_text(app.run())


def test_without_models_a_sentence_says_whom_to_ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bloodui.settings.SHIPPED_ROOT", tmp_path / "none")
    monkeypatch.delitem(os.environ, "BLOODUI_MODELS", raising=False)
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    assert not app.exception
    assert "No model is installed" in app.error[0].value
    assert not app.file_uploader


def test_an_altered_model_is_told_and_not_offered_and_those_beside_it_are(
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
    (error,) = app.error
    assert "altered" in error.value
    assert error.value.replace("\\", "").count(f"'{TINY}'") == 1
    (box,) = (box for box in app.selectbox if box.label == "Model")
    assert {"Shy", "Strict"} <= {*box.options}
    assert "Tiny" not in box.options
    assert app.file_uploader


def test_what_is_wrong_with_a_folder_of_the_server_is_told_to_an_admin_alone(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(tmp_path / "gone"))
    by_proxy = StreamlitHeaders([("Host", HOST), ("X-Real-IP", "203.0.113.9")])
    for headers, knows in ((HEADERS, True), (by_proxy, False)):
        monkeypatch.setattr(ContextProxy, "headers", headers)
        app.run()
        (error, *_) = app.error
        assert "Some models are not used" in error.value
        assert (str(tmp_path) in error.value.replace("\\", "")) == knows


def test_about_page_states_use_privacy_and_each_model_with_its_licence(app: AppTest) -> None:
    app.switch_page("pages/about.py").run()
    assert not app.exception
    words = page_text(app)
    headers = [header.value for header in app.header]
    assert headers[:3] == ["Intended use", "What it is not", "Privacy"]
    assert "Not a medical device" in words
    assert [expander.label for expander in app.expander] == ["Shy", "Strict", "Tiny"]
    assert "Licence: Apache-2.0" not in words
    app.session_state[f"card-of-{TINY}"] = True  # unfolded
    words = page_text(app.run())
    assert "Licence: Apache-2.0" in words
    assert "benign, haematogones" in words


def test_about_says_how_long_this_site_keeps_images(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "BLOODUI_IDLE_MINUTES", "7.5")
    app.switch_page("pages/about.py").run()
    assert "when you do nothing for 7.5 minutes" in page_text(app)
