"""A map says what its method is worth on its model, and one that failed is grey and says so."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bloodui.reports.html import report_html
from bloodui.views.overlay import blend, heat_rgba, place_map
from bloodui.views.saliency import has_failed, worth_in_brief, worth_in_words
from bloodui.views.viewer import viewer_figure
from models.bundle import folder_beside, pin_bundle, read_bundle
from models.card import Figure, SaliencyCheck, parse_card, read_card, write_card
from models.manifest import CARD_FILE
from models.map_check import MapContest
from models.micrograph import micrograph_from_rgb
from models.opinion import opinion_on
from models.runtime import load_model
from tests.bloodui.conftest import SHY, STRICT, TINY
from tests.bloodui.test_app import APP, told, upload
from tests.bloodui.test_report import a_request
from tests.bloodui.test_views import LOOK, a_picture
from training.audits.with_card import write_with_card
from training.datasets.synthetic import draw


def a_contest(own: float, gaussian: float, random: float, *, lead: float) -> MapContest:
    figure = Figure(name="measured", value=own, low=own, high=own, n=60)
    ahead = Figure(name="lead", value=lead, low=lead - 0.01, high=lead + 0.01, n=60)
    return MapContest(
        own=figure, gaussian=gaussian, random=random, over_gaussian=ahead, over_random=ahead
    )


PASSED = SaliencyCheck(
    method="grad-cam",
    n=60,
    groups=12,
    share=a_contest(0.81, 0.40, 0.19, lead=0.2),
    even_share=0.18,
    deletion=a_contest(0.452, 0.6, 0.7, lead=0.2),
    insertion=a_contest(0.8, 0.7, 0.6, lead=0.1),
    randomised_head=0.2,
    randomised_network=0.1,
)
FAILED = replace(PASSED, deletion=a_contest(0.6, 0.5, 0.5, lead=-0.1))


def test_the_measured_score_is_told_in_words() -> None:
    words = " ".join(worth_in_words(PASSED, "grad-cam"))
    assert "On 60 of this model's test images Grad-CAM puts 81 % of its map on cells" in words
    assert "a blob in the middle would put 40 %, a random map 19 %" in words
    assert "45.2 %" in words
    assert "not to be believed" not in words
    brief = worth_in_brief(PASSED)
    assert "on cells 81 %, blob in the middle 40 %, random 19 %" in brief
    assert "fails" not in brief


def test_a_failed_method_says_what_it_does_not_beat() -> None:
    words = worth_in_words(FAILED, "grad-cam")[-1]
    assert (
        "does not clearly beat a blob in the middle of the image by what its removal costs" in words
    )
    assert "does not clearly beat a random map" in words
    assert "share on cells" not in words
    assert "not to be believed" in words
    assert "not to be believed" in worth_in_brief(FAILED)


def test_a_method_whose_maps_no_weights_change_says_so() -> None:
    frozen = replace(PASSED, randomised_network=0.9)
    words = worth_in_words(frozen, "grad-cam")[-1]
    assert "hardly changes when the model's weights are drawn anew" in words
    assert "beat" not in words


def test_a_method_that_was_never_checked_says_so_and_is_not_called_failed() -> None:
    assert "LayerCAM was never checked for this model" in worth_in_words(None, "layercam")[0]
    assert "never checked" in worth_in_brief(None)
    assert not has_failed(None)


def test_a_check_is_kept_in_the_card_and_a_card_from_before_is_read(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    before = read_card(tiny_bundle / "card.json")
    assert before.saliency_check("grad-cam") is None
    card = replace(before, saliency=(PASSED,))
    write_card(card, tmp_path / "card.json")
    assert read_card(tmp_path / "card.json") == card
    text = (tmp_path / "card.json").read_text(encoding="utf-8")
    old = tmp_path / "old.json"
    write_card(before, old)
    old.write_text(old.read_text(encoding="utf-8").replace('"saliency": []', '"later": []'))
    assert '"saliency": [' in text
    assert read_card(old) == before


def test_a_grey_map_has_no_colour_and_the_same_strength() -> None:
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    colour, grey = (heat_rgba(values, 0.5, is_grey=is_grey) for is_grey in (False, True))
    assert np.ptp(grey[..., :3].astype(int), axis=-1).max() == 0
    assert np.ptp(colour[..., :3].astype(int), axis=-1).max() > 50
    np.testing.assert_array_equal(grey[..., 3], colour[..., 3])
    white = np.full((40, 40, 3), 255, np.uint8)
    place = {"width_px": 40, "height_px": 40}
    placed = place_map(values, (0, 0, 40, 40), **place, is_grey=True)
    assert np.ptp(blend(white, placed, opacity=0.8, contour=True).astype(int), axis=-1).max() == 0
    drawn = [
        viewer_figure(
            a_picture(), replace(placed, is_grey=is_grey), LOOK, revision="1"
        ).layout.images[1]
        for is_grey in (False, True)
    ]
    assert drawn[0].source != drawn[1].source


@pytest.fixture(scope="module")
def roots(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small models, of which the first failed its check and the second passed it."""
    folder = tmp_path_factory.mktemp("worth")
    for name, checks in ((TINY, (FAILED,)), (SHY, (PASSED,)), (STRICT, ())):
        contents = read_bundle(model_root / name)
        card = replace(parse_card(contents.files[CARD_FILE]), saliency=checks)
        with folder_beside(folder / "written" / name) as written:
            write_with_card(contents, card, written)
        pin_bundle(folder / "root", folder / "written" / name)
    return folder / "root"


@pytest.fixture
def app(roots: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    monkeypatch.setattr("bloodui.settings.SHIPPED", tmp_path / "none")
    monkeypatch.setattr("bloodui.inventory.SHIPPED", tmp_path / "none")
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(roots))
    monkeypatch.setitem(os.environ, "BLOODUI_MODEL", TINY)
    return AppTest.from_file(str(APP), default_timeout=300).run()


def test_a_second_opinion_warns_of_a_map_whose_method_failed(
    app: AppTest, smear_jpeg: bytes
) -> None:
    page = upload(app, smear_jpeg)
    assert not page.exception
    words = told(page)
    assert "Grad-CAM puts 81 % of its map on cells" in words
    assert any("not to be believed" in str(each.value) for each in page.warning)
    assert "grayscale(1)" in words
    method = next(box for box in page.selectbox if box.label == "Method")
    page = method.select(next(o for o in method.options if o.startswith("LayerCAM"))).run()
    assert "LayerCAM was never checked for this model" in told(page)
    assert "grayscale(1)" not in told(page)


def test_compare_tells_the_worth_of_every_models_map(app: AppTest, smear_jpeg: bytes) -> None:
    page = upload(app.switch_page("pages/compare.py").run(), smear_jpeg)
    assert not page.exception
    captions = [str(each.value).replace("\\", "") for each in page.caption]
    (tiny,) = [each for each in captions if each.startswith("**Tiny**: map")]
    (shy,) = [each for each in captions if each.startswith("**Shy**: map")]
    assert "It fails its check: not to be believed." in tiny
    assert "on cells 81 %" in shy
    assert "fails" not in shy


def test_the_report_draws_a_failed_map_in_grey(roots: Path) -> None:
    micrograph = micrograph_from_rgb(draw("Pre", seed=3).rgb)
    model = load_model(roots / TINY)
    opinion = opinion_on(micrograph, model)
    cards = {check: replace(model.card, saliency=(check,)) for check in (PASSED, FAILED)}
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
