"""Compare and What if, run without a browser: what an instructor sees in each situation."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bloodui.what_if.degradation_form import in_words, is_nothing
from drawn.smears import CAPTION
from models.answer.loading import load_answerer
from models.answer.runtime import Model
from models.image.degradation import NOTHING, Degradation
from tests.bloodui.app_pages import opinions, page_text, tray, upload
from tests.bloodui.tiny import SHY, STRICT, TINY

pytestmark = pytest.mark.slow


@pytest.fixture
def compare(app: AppTest) -> AppTest:
    return app.switch_page("pages/compare.py").run()


@pytest.fixture
def what_if(app: AppTest) -> AppTest:
    return app.switch_page("pages/what_if.py").run()


def grid(page: AppTest) -> str:
    """The last table of probabilities."""
    drawn = [each.proto.body for each in page.get("html")]
    return next(body for body in reversed(drawn) if "bloodui-grid" in body and "<style" not in body)


def test_models_of_one_task_are_offered_at_first(compare: AppTest) -> None:
    assert not compare.exception
    assert set(compare.multiselect[0].value) == {TINY, SHY, STRICT}


def test_one_image_gets_every_models_answer_map_and_facts(
    compare: AppTest, smear_jpeg: bytes
) -> None:
    page = upload(compare, smear_jpeg)
    assert not page.exception
    table = grid(page)
    for sign, title in (("✓", "Tiny"), ("?", "Shy"), ("⊘", "Strict")):
        assert f"{sign}</span> {title}" in table
    assert table.count("ms with its map, the first time") == 2  # of those that were asked
    assert "Shy<small>Not sure enough · " in table
    words = page_text(page)
    assert not page.success  # one of them answers: no green for that
    assert "All 2 put" in page.info[0].value
    assert "Only one of them answers: that they agree proves little." in page.info[0].value
    assert "No map is drawn of **Shy**, **Strict**, **Tiny**." in words
    assert page.table[-1].value["Time"].tolist()[2] != "–"
    # Two models of the same weights looked at the same places.
    both = "Draw maps that are not to be believed, too"
    page = next(each for each in page.toggle if each.label == both).set_value(True).run()
    assert "Declined: no map." in page_text(page)
    (row,) = page.table[0].value.to_dict("records")
    assert row["Rank correlation"] == r"1\.00"
    assert row["Overlap of the top tenth"] == "100\N{NARROW NO-BREAK SPACE}\\%"


def test_fewer_than_two_models_are_refused_with_a_hint(compare: AppTest) -> None:
    page = compare.multiselect[0].set_value([TINY]).run()
    assert not page.exception
    assert "Choose at least two models" in page_text(page)
    assert not page.file_uploader


def test_a_file_that_is_no_image_gets_its_sentence(compare: AppTest) -> None:
    page = upload(compare, b"<html></html>")
    assert not page.exception
    assert "not an image" in "".join(str(each.value) for each in page.error)


def test_several_images_are_compared_together(
    compare: AppTest, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    page = upload(compare, smear_jpeg, other_jpeg)
    assert not page.exception
    words = page_text(page)
    assert "All images together" in [each.value for each in page.header]
    assert "No labels: nobody can say who is right." in words
    assert page.get("download_button")


def test_a_drawn_set_with_labels_says_who_is_right(compare: AppTest) -> None:
    page = compare.get("button_group")[0].set_value("A set with labels").run()
    next(box for box in page.number_input if box.label == "Images of each").set_value(1)
    page = page.run()
    page = next(b for b in page.button if b.label == "Compare on 4 images").click().run()
    assert not page.exception
    words = page_text(page)
    assert CAPTION in words
    assert "truth **" in words
    accuracy = page.table[0].value
    assert accuracy["Model"].tolist() == ["Shy", "Strict", "Tiny"]
    assert r"n \= 4" in accuracy["Accuracy"][0]
    assert accuracy["Accuracy"][1] == "not to be told"
    assert accuracy["No answer"].tolist() == ["0 of 4", "4 of 4", "0 of 4"]


def test_a_class_given_to_an_image_stays_with_it_on_other_pages(
    compare: AppTest, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    page = upload(compare, smear_jpeg, other_jpeg)
    tray(page).kept["truths"] = {list(tray(page).images)[1]: "Pro"}
    page = page.switch_page("pages/about.py").run().switch_page("pages/compare.py").run()
    assert not page.exception
    (table,) = (each.value for each in page.dataframe if "Truth" in each.value)
    assert table["Truth"].tolist() == ["", "Pro"]
    assert "truth **Pro**" in page_text(page)


def test_answers_on_a_drawn_set_are_dropped_when_another_page_is_opened(compare: AppTest) -> None:
    page = compare.get("button_group")[0].set_value("A set with labels").run()
    next(box for box in page.number_input if box.label == "Images of each").set_value(1)
    page = page.run()
    page = next(b for b in page.button if b.label == "Compare on 4 images").click().run()
    assert len(opinions(page)) == 4 * 3
    page = page.switch_page("pages/about.py").run()
    assert not page.exception
    assert not opinions(page)


def test_a_run_of_a_page_leaves_the_models_compiled(
    compare: AppTest, app_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras
    from tensorflow.python.eager.context import Context

    dropped: list[bool] = []
    monkeypatch.setattr(Context, "clear_kernel_cache", lambda context: dropped.append(True))
    monkeypatch.setattr(keras.backend, "clear_session", keras.utils.clear_session)
    compare.run()
    assert dropped, "Streamlit no longer drops anything: neither need we keep it"
    dropped.clear()
    model = load_answerer(app_root / TINY)
    assert isinstance(model, Model)
    assert model.network
    page = compare.run()
    assert not page.exception
    assert not dropped


def test_nothing_done_moves_nothing(what_if: AppTest, smear_jpeg: bytes) -> None:
    page = upload(what_if, smear_jpeg)
    assert not page.exception
    assert "After: nothing" in page_text(page)
    assert "moved by" not in page_text(page)


def test_a_worse_image_moves_the_answer_and_can_be_undone(
    what_if: AppTest, smear_jpeg: bytes
) -> None:
    page = upload(what_if, smear_jpeg)
    page = next(s for s in page.slider if s.label == "Brightness").set_value(40).run()
    assert not page.exception
    words = page_text(page)
    assert "After: brightness 40 %" in words
    assert "points." in words
    assert "Strict**: declined both images, stain " in words
    assert "declined below 99" in words
    page = next(b for b in page.button if b.label == "Undo everything").click().run()
    assert "After: nothing" in page_text(page)


def test_a_covered_patch_is_given_by_its_edges(what_if: AppTest, smear_jpeg: bytes) -> None:
    page = upload(what_if, smear_jpeg)
    page = next(t for t in page.toggle if t.label == "Cover a rectangle").set_value(True).run()
    assert not page.exception
    assert "a patch covered" in page_text(page)


def test_answers_on_images_made_worse_do_not_pile_up(what_if: AppTest, smear_jpeg: bytes) -> None:
    page = upload(what_if, smear_jpeg)
    for percent in (90, 80, 70):
        page = next(s for s in page.slider if s.label == "Brightness").set_value(percent).run()
    hashes = {key[0] for key in opinions(page)}
    assert len(hashes) == 2


def test_what_is_done_is_said_in_words() -> None:
    assert is_nothing(NOTHING)
    done = Degradation(rotation_deg=-15.0, blur_percent=0.5, jpeg_quality=30)
    assert in_words(done) == "turned by -15°, blur 0.5 %, JPEG 30"
    assert not is_nothing(done)


def test_pages_open_without_tensorflow(model_root: Path) -> None:
    import os
    import subprocess
    import sys

    root = Path(__file__).resolve().parents[3]
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from tests.bloodui.visitor import enter\n"
        "enter()\n"
        "app = AppTest.from_file('app.py', default_timeout=300).run()\n"
        "for page in ('compare', 'what_if'):\n"
        "    app.switch_page(f'pages/{page}.py').run()\n"
        "    assert app.file_uploader and not app.exception\n"
        "assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules)\n"
    )
    environment = os.environ | {"BLOODUI_MODELS": str(model_root)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
