"""A map says what its method is worth on its model; one that did not pass its check is weak."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bloodui.render.map_words import map_in_brief, worth_in_words
from bloodui.render.overlay import blend, heat_rgba, is_doubtful, place_map
from bloodui.reports.html import report_html
from bloodui.widgets.viewer import viewer_figure
from drawn.smears import draw
from models.answer.loading import load_model
from models.bundle.card import read_card, write_card
from models.image.micrograph import micrograph_from_rgb
from models.opinion import opinion_on
from tests.bloodui.app_pages import page_text, upload
from tests.bloodui.map_checks import FAILED, PASSED, root_of_checked
from tests.bloodui.reports.test_html import a_request
from tests.bloodui.tiny import SHY, STRICT, TINY
from tests.bloodui.widgets.test_drawings import LOOK, a_picture

pytestmark = pytest.mark.slow


def test_the_measured_score_is_told_in_words() -> None:
    words = " ".join(worth_in_words(PASSED, "grad-cam"))
    assert "On 60 of this model's test images Grad-CAM puts 81 % of its map on cells" in words
    assert "a blob in the middle would put 40 %, a random map 19 %" in words
    assert "45.2 %" in words
    assert "not to be believed" not in words
    assert map_in_brief(PASSED, "grad-cam") == "Grad-CAM passed its check on this model."


def test_a_failed_method_says_what_it_does_not_beat() -> None:
    words = worth_in_words(FAILED, "grad-cam")[-1]
    assert (
        "does not clearly beat a blob in the middle of the image by what its removal costs" in words
    )
    assert "does not clearly beat a random map" in words
    assert "share on cells" not in words
    assert "not to be believed" in words
    assert "not to be believed" in map_in_brief(FAILED, "grad-cam")


def test_a_method_whose_maps_no_weights_change_says_so() -> None:
    frozen = PASSED.changed(randomised_network=0.9)
    words = worth_in_words(frozen, "grad-cam")[-1]
    assert "hardly changes when the model's weights are drawn anew" in words
    assert "beat" not in words


def test_a_method_that_was_never_checked_is_believed_no_more_than_one_that_failed() -> None:
    words = worth_in_words(None, "layercam")[0]
    assert "LayerCAM was never checked on this model" in words
    assert "failed" not in words
    assert [is_doubtful(each) for each in (PASSED, FAILED, None)] == [False, True, True]


def test_a_check_is_kept_in_the_card_and_a_card_from_before_is_read(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    before = read_card(tiny_bundle / "card.json")
    assert before.saliency_check("grad-cam") is None
    card = before.changed(saliency=(PASSED,))
    write_card(card, tmp_path / "card.json")
    assert read_card(tmp_path / "card.json") == card
    text = (tmp_path / "card.json").read_text(encoding="utf-8")
    old = tmp_path / "old.json"
    write_card(before, old)
    old.write_text(old.read_text(encoding="utf-8").replace('"saliency": []', '"later": []'))
    assert '"saliency": [' in text
    assert read_card(old) == before


def test_a_map_that_did_not_pass_is_drawn_without_colour_and_weaker_than_one_that_did() -> None:
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    colour, grey = (heat_rgba(values, 0.5, is_doubtful=doubtful) for doubtful in (False, True))
    assert np.ptp(grey[..., :3].astype(int), axis=-1).max() == 0
    assert np.ptp(colour[..., :3].astype(int), axis=-1).max() > 50
    assert grey[..., 3].max() == pytest.approx(colour[..., 3].max() / 2, abs=1)
    white = np.full((40, 40, 3), 255, np.uint8)
    placed = {
        check: place_map(values, (0, 0, 40, 40), width_px=40, height_px=40, check=check)
        for check in (PASSED, FAILED, None)
    }
    drawn = {
        check: blend(white, each, opacity=0.8, contour=True).astype(int)
        for check, each in placed.items()
    }
    np.testing.assert_array_equal(drawn[FAILED], drawn[None])
    assert np.ptp(drawn[None], axis=-1).max() == 0
    assert np.abs(drawn[None] - 255).max() < np.abs(drawn[PASSED] - 255).max()
    figures = {
        check: viewer_figure(a_picture(), each, LOOK, revision="1")
        for check, each in placed.items()
    }
    layers = {check: figure.layout.images[1].source for check, figure in figures.items()}
    assert layers[FAILED] == layers[None] != layers[PASSED]
    contours = {check: len(figure.data) for check, figure in figures.items()}
    assert contours[FAILED] == contours[None] < contours[PASSED]


@pytest.fixture(scope="module")
def app_root(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small models, of which the first failed its check and the second passed it."""
    return root_of_checked(
        model_root,
        tmp_path_factory.mktemp("worth"),
        {TINY: {"saliency": (FAILED,)}, SHY: {"saliency": (PASSED,)}, STRICT: {"saliency": ()}},
    )


def test_a_second_opinion_opens_without_a_map_that_is_not_to_be_believed(
    app: AppTest, smear_jpeg: bytes
) -> None:
    page = upload(app, smear_jpeg)
    assert not page.exception
    words = page_text(page)
    assert not switch(page, "Map").value
    assert "Grad-CAM failed its check on this model: its map is not to be believed" in words
    assert "bloodui-scale" not in drawn_html(page)
    page = switch(page, "Map").set_value(True).run()
    assert "grayscale(1)" in drawn_html(page)
    method = next(box for box in page.selectbox if box.label == "Method")
    page = method.select(next(o for o in method.options if o.startswith("LayerCAM"))).run()
    assert "LayerCAM was never checked on this model" in page_text(page)
    assert "grayscale(1)" in drawn_html(page)  # the untested looks no better than the tested


def test_a_second_opinion_opens_with_a_map_that_passed(app: AppTest, smear_jpeg: bytes) -> None:
    box = next(box for box in app.selectbox if box.label == "Model")
    page = upload(box.select(next(o for o in box.options if o == "Shy")).run(), smear_jpeg)
    assert not page.exception
    assert switch(page, "Map").value
    assert "Grad-CAM passed its check on this model" in page_text(page)
    assert "bloodui-scale" in drawn_html(page)
    assert "grayscale(1)" not in drawn_html(page)


def test_compare_draws_the_maps_that_passed_and_says_why_it_does_not_draw_the_others(
    app: AppTest, smear_jpeg: bytes
) -> None:
    page = upload(app.switch_page("pages/compare.py").run(), smear_jpeg)
    assert not page.exception
    captions = [str(each.value).replace("\\", "") for each in page.caption]
    assert not [each for each in captions if each.startswith("**Tiny**")]
    (shy,) = [each for each in captions if each.startswith("**Shy**")]
    assert "map for" in shy
    words = page_text(page)
    assert (
        "Grad-CAM failed its check on this model: its map is not to be believed. No map is" in words
    )
    assert "No map is drawn of **Tiny**." in words
    page = switch(page, "Draw maps that are not to be believed, too").set_value(True).run()
    captions = [str(each.value).replace("\\", "") for each in page.caption]
    (tiny,) = [each for each in captions if each.startswith("**Tiny**")]
    assert "map for" in tiny
    assert "not to be believed" in tiny


def switch(page: AppTest, label: str) -> Any:
    return next(each for each in page.toggle if each.label == label)


def drawn_html(page: AppTest) -> str:
    """What the page draws as HTML, without its style."""
    bodies = [each.proto.body for each in page.get("html")]
    return "".join(body for body in bodies if "<style" not in body)


def test_the_report_draws_a_failed_map_in_grey_where_it_was_asked_for(app_root: Path) -> None:
    micrograph = micrograph_from_rgb(draw("Pre", seed=3).rgb)
    model = load_model(app_root / TINY)
    opinion = opinion_on(micrograph, model)
    cards = {check: model.card.changed(saliency=(check,)) for check in (PASSED, FAILED)}
    pages = {}
    for check, card in cards.items():
        request = a_request(
            opinion, card, sentences=worth_in_words(card.saliency_check("grad-cam"), "grad-cam")
        )
        pages[check] = report_html(
            request, version="1", made=dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
        )
    assert "not to be believed" in pages[FAILED]
    assert "not to be believed" not in pages[PASSED]
    overlays = [page.split('src="')[2].split('"')[0] for page in pages.values()]
    assert overlays[0] != overlays[1]
    request = a_request(opinion, cards[FAILED], is_map_shown=False)
    made = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    assert "with the saliency map over it" not in report_html(request, version="1", made=made)
