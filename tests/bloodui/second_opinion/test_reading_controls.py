"""Every control with which an image is read, operated once in a real Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, wait_until
from tests.bloodui.operate import (
    ask_side_by_side,
    choose,
    choose_only,
    expect_change,
    fill,
    open_dashboard,
    settle,
    slide,
    switch,
    unfold,
    upload,
)
from tests.bloodui.tiny import TINY

pytestmark = BROWSER_MARKS

KNOWS_ITS_KIND = "ALL subtypes, EfficientNet-Lite0"
"""A model with a domain, which the small ones have not."""


BREAKING = r"""() => {
    const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.data;
        if (/\d[ \n]%/.test(text) && !walker.currentNode.parentElement.closest('style, script'))
            found.push(text.slice(0, 120));
    }
    return found;
}"""
"""Texts of a page in which a line may break between a number and its per cent sign."""


def probabilities(page: Page) -> Locator:
    return page.locator(".st-key-probabilities .value")


def rows(page: Page) -> Locator:
    """The lines of the table in which models stand side by side."""
    return page.locator(".bloodui-grid tbody tr")


def picture(page: Page, link: str) -> str:
    """What is drawn of the image that is open on a page."""
    if link == "Second opinion":
        return str(page.locator(".st-key-viewer image").first.get_attribute("href"))
    name = {"Compare": "as received", "What if": "The image after"}[link]
    return str(page.get_by_role("img", name=name).first.get_attribute("src"))


def begin(page: Page, dashboard: Server, link: str) -> None:
    """Open a page, with few models where it takes several."""
    open_dashboard(page, dashboard, link)
    if link == "Compare":
        choose_only(page, "Models, two to six", "Tiny", "Shy")
    if link == "What if":
        choose_only(page, "Models, up to six", "Tiny")


@pytest.mark.parametrize("link", ["Second opinion", "Compare", "What if"])
def test_images_come_in_by_every_way_and_each_can_be_opened(
    page: Page, dashboard: Server, link: str, smear_jpeg: bytes
) -> None:
    begin(page, dashboard, link)
    page.get_by_role("button", name="Try a drawn demo image").click()
    images = page.locator(".st-key-thumbnails").get_by_test_id("stButton")

    def look() -> str:
        return picture(page, link)

    seen = {look()}
    page.get_by_role("tab", name="Drawn demo image").click()
    fill(page, "Variation", "5")
    choose(page, "Picture to draw", re.compile("Pro"))
    expect_change(page, look, page.get_by_role("button", name="Draw it").click)
    seen.add(look())
    switch(page, "Out of focus, to see an image declined")
    expect_change(page, look, page.get_by_role("button", name="Draw it").click)
    seen.add(look())
    expect(images).to_have_count(3, timeout=LOADING_MS)

    page.get_by_role("tab", name="Upload").click()
    upload(page, smear_jpeg)
    expect(images).to_have_count(4, timeout=LOADING_MS)
    page.get_by_role("tab", name="Camera on the eyepiece").click()
    wait_until(page, "(document.querySelector('video')?.readyState ?? 0) >= 3")
    page.get_by_role("button", name="Take Photo").click()
    expect(images).to_have_count(5, timeout=LOADING_MS)
    for number in (3, 4, 0):
        images.nth(number).click()
        expect(images.nth(number).locator("[kind=primary]")).to_be_visible()
        settle(page)
        seen.add(look())
    assert len(seen) == 5
    page.get_by_role("button", name="Remove Image 1", exact=True).click()
    expect(images).to_have_count(4)
    page.get_by_role("button", name="Remove all", exact=True).click()
    expect(page.get_by_role("button", name="Try a drawn demo image")).to_be_visible()


def test_every_control_of_the_map_changes_what_is_drawn(page: Page, dashboard: Server) -> None:
    open_dashboard(page, dashboard)
    page.get_by_role("button", name="Try a drawn demo image").click()
    layers = page.locator(".st-key-viewer image")
    expect(page.get_by_text("Grad-CAM was never checked on this model").first).to_be_visible(
        timeout=LOADING_MS
    )
    expect(layers).to_have_count(1)
    switch(page, "Map")
    expect(layers).to_have_count(2)
    words = page.get_by_text(re.compile("what spoke for|Nothing in this image speaks for"))
    expect(words).not_to_be_visible()
    unfold(page, "Why, and what the map shows")
    expect(words).to_be_visible()
    unfold(page, "Which map, and how it is drawn")

    def heat() -> str:
        return str(layers.last.get_attribute("href"))

    expect_change(
        page,
        words.inner_text,
        lambda: choose(page, "Map for the class", re.compile("^((?!first).)*$")),
    )
    expect_change(page, heat, lambda: choose(page, "Method", "LayerCAM"))
    expect(page.get_by_text("LayerCAM was never checked on this model").first).to_be_visible()
    expect_change(page, heat, lambda: slide(page, "Opacity of the map"))
    contour = page.locator(".st-key-viewer .scatterlayer .trace")
    expect_change(page, contour.count, lambda: switch(page, "Contour at half of the peak"))
    expect_change(page, layers.first.bounding_box, lambda: switch(page, "Zoom to the peak"))
    switch(page, "Map")
    expect(layers).to_have_count(1)


def test_the_wheel_scrolls_the_page_and_zooms_the_picture_only_with_ctrl(
    page: Page, dashboard: Server
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    open_dashboard(page, dashboard)
    page.get_by_role("button", name="Try a drawn demo image").click()
    expect(probabilities(page)).to_have_count(4, timeout=LOADING_MS)
    settle(page)
    viewer = page.locator(".st-key-viewer")
    viewer.scroll_into_view_if_needed()
    expect(page.get_by_text("Ctrl and the wheel zoom")).to_be_visible()
    shown = page.locator(".st-key-viewer image").first

    def size() -> object:
        box = shown.bounding_box()
        return box and box["width"]

    def scrolled() -> object:
        return page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")

    box = viewer.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    before = size()
    expect_change(page, scrolled, lambda: page.mouse.wheel(0, -120))
    assert size() == before
    box = viewer.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.down("Control")
    place = scrolled()
    expect_change(page, size, lambda: page.mouse.wheel(0, -120))
    page.keyboard.up("Control")
    assert scrolled() == place


def test_one_picture_fits_two_screens_with_its_verdict_first_and_no_per_cent_sign_alone(
    page: Page, dashboard: Server, smear_jpeg: bytes
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    open_dashboard(page, dashboard)
    choose(page, "Model", "Eight classes, EfficientNet-Lite0")  # of many classes, and outside
    upload(page, smear_jpeg)
    page.get_by_role("button", name="Answer all the same").click(timeout=LOADING_MS)
    expect(probabilities(page)).to_have_count(8, timeout=LOADING_MS)
    settle(page)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    assert height <= 2 * 800
    for title in (
        "The model in brief",
        "Why is it outside?",
        "Which map, and how it is drawn",
        "Why, and what the map shows",
        "What is measured, and where the limits come from",
        "What the model saw, step by step",
    ):
        assert page.locator("details[open]").filter(has_text=title).count() == 0
        unfold(page, title)
    expect(page.get_by_role("img", name="Picture after: Original")).to_be_visible()
    assert page.evaluate(BREAKING) == []
    # On a phone the verdict stands above what was asked for.
    page.set_viewport_size({"width": 390, "height": 844})
    places = [
        page.locator(place).first.bounding_box() for place in (".st-key-verdict", ".st-key-asked")
    ]
    assert places[0] is not None
    assert places[1] is not None
    assert places[0]["y"] < 600 < places[1]["y"]


def test_the_members_of_an_ensemble_say_what_each_would_say_alone(
    page: Page, dashboard: Server, smear_jpeg: bytes
) -> None:
    open_dashboard(page, dashboard)
    choose(page, "Model", "Together")
    upload(page, smear_jpeg)
    expect(probabilities(page)).to_have_count(4, timeout=LOADING_MS)
    settle(page)
    assert page.locator("details[open]").filter(has_text="What its members say").count() == 0
    unfold(page, "What its members say")
    expect(page.get_by_text("Turned").first).to_be_visible()
    unfold(page, "What the model saw, step by step")
    expect(page.get_by_text("of Tiny").first).to_be_visible()


def test_steadiness_limits_and_another_model_are_shown_when_asked_for(
    page: Page, dashboard: Server
) -> None:
    open_dashboard(page, dashboard)
    page.get_by_role("button", name="Try a drawn demo image").click()
    expect(probabilities(page)).to_have_count(4, timeout=LOADING_MS)
    limits = page.get_by_text("Chosen for this test.").first
    expect(limits).not_to_be_visible()
    unfold(page, "What is measured, and where the limits come from")
    expect(limits).to_be_visible()
    switch(page, "How steady is the answer?")
    expect(page.locator(".st-key-steadiness-ranges .bloodui-class")).to_have_count(4)
    settle(page)
    expect(limits).to_be_visible()  # what appeared above has not shut it
    choose(page, "Model", "Strict")
    expect(page.get_by_text("Declined: no opinion on this image")).to_be_visible()
    expect(probabilities(page)).to_have_count(0)


def test_every_slider_of_what_if_does_to_the_image_what_it_says(
    page: Page, dashboard: Server
) -> None:
    begin(page, dashboard, "What if")
    page.get_by_role("button", name="Try a drawn demo image").click()
    expect(rows(page)).to_have_count(2, timeout=LOADING_MS)

    def look() -> str:
        return picture(page, "What if")

    undo = page.get_by_role("button", name="Undo everything")
    whole = look()
    for label, key, told in (
        ("Nuclear stain", "ArrowLeft", "stains 95 % and 100 %"),
        ("Other stain", "ArrowLeft", "stains 100 % and 95 %"),
        ("Brightness", "ArrowLeft", "brightness 95 %"),
        ("Blur (standard deviation", "End", "blur 5 %"),
        ("Rotation", "ArrowRight", "turned by 5°"),
        ("Kept around the centre", "ArrowLeft", "middle 95 %"),
        ("Resolution", "Home", "resolution 5 %"),
        ("JPEG quality", "Home", "JPEG 1"),
    ):
        slide(page, label, key=key)
        expect(page.get_by_text(f"After: {told}", exact=True)).to_be_visible()
        settle(page)
        assert look() != whole, label
        expect(page.get_by_text("points.").first).to_be_visible()
        undo.click()
        expect(page.get_by_text("After: nothing")).to_be_visible()
        settle(page)
        assert look() == whole, label
    expect_change(page, look, lambda: switch(page, "Cover a rectangle"))
    expect(page.get_by_text("After: a patch covered")).to_be_visible()
    for label in ("From left to right", "From top to bottom"):
        expect_change(page, look, lambda label=label: slide(page, label))  # type: ignore[misc]
        expect_change(
            page,
            look,
            lambda label=label: slide(page, label, key="ArrowRight", thumb=1),  # type: ignore[misc]
        )


def another_image(page: Page) -> None:
    """Take the image away, and ask for another."""
    page.get_by_role("button", name="Remove all", exact=True).click()
    page.get_by_role("button", name="Try a drawn demo image").click()


def test_the_maps_switch_tells_what_is_drawn_when_another_image_comes(
    page: Page, dashboard: Server
) -> None:
    open_dashboard(page, dashboard)
    page.get_by_role("button", name="Try a drawn demo image").click()
    layers = page.locator(".st-key-viewer image")
    expect(layers).to_have_count(1, timeout=LOADING_MS)
    settle(page)
    switch(page, "Map")
    expect(layers).to_have_count(2)
    another_image(page)
    expect(page.get_by_role("switch", name="Map", exact=True)).not_to_be_checked()
    expect(layers).to_have_count(1)


def test_the_sliders_of_what_if_stand_where_they_act_when_another_image_comes(
    page: Page, dashboard: Server
) -> None:
    begin(page, dashboard, "What if")
    page.get_by_role("button", name="Try a drawn demo image").click()
    slide(page, "Brightness")
    expect(page.get_by_text("After: brightness 95 %")).to_be_visible()
    another_image(page)
    expect(page.get_by_text("After: nothing")).to_be_visible()
    for label, value in (("Brightness", "100"), ("Rotation", "0"), ("JPEG quality", "100")):
        expect(page.get_by_role("slider", name=label)).to_have_value(value)


@pytest.mark.parametrize("link", ["Compare", "What if"])
def test_every_control_of_the_compared_maps_changes_them_all(
    page: Page, dashboard: Server, link: str
) -> None:
    ask_side_by_side(page, dashboard, link, "Tiny", "Shy", KNOWS_ITS_KIND)
    expect(page.get_by_text("Grad-CAM was never checked on this model").first).to_be_visible(
        timeout=LOADING_MS
    )
    when = "saliency map" if link == "Compare" else "map before"
    maps = page.get_by_role("img", name=when)
    settle(page)
    expect(maps).to_have_count(0)
    # Of the model whose evidence by cells passed its check, that stands there instead of a map.
    evidence = page.get_by_role("img", name=f"{KNOWS_ITS_KIND}: evidence by cells")
    expect(evidence.first).to_be_visible()
    switch(page, "Draw maps that are not to be believed, too")
    expect(maps).to_have_count(2, timeout=LOADING_MS)
    unfold(page, "Which maps, and how they are drawn")
    choose(page, "Method", "Grad-CAM")
    expect(maps).to_have_count(3, timeout=LOADING_MS)
    expect(evidence).to_have_count(0)

    def look() -> list[str | None]:
        return [image.get_attribute("src") for image in maps.all()]

    def every_one_changes(act: object) -> None:
        before = look()
        expect_change(page, look, act)  # type: ignore[arg-type]
        settle(page)
        assert not set(before) & set(look())

    every_one_changes(lambda: choose(page, "Method", "LayerCAM"))
    every_one_changes(lambda: slide(page, "Opacity of all maps"))
    every_one_changes(lambda: switch(page, "Contours at half of the peak"))
    captions = page.get_by_text(re.compile("map for Pro", re.IGNORECASE))
    choose(page, "Map for the class", "Pro")
    expect(captions.nth(2)).to_be_visible()
    unfold(page, "Why, and what the maps show")
    expect(page.get_by_text("of the map lies on stained cells").first).to_be_visible()
    assert page.evaluate(BREAKING) == []
    if link == "What if":
        return
    switch(page, "Answers outside a model's domain, too")
    expect(maps).to_have_count(2)
    expect(page.get_by_text("Outside its domain: no map.")).to_be_visible()
    switch(page, "Answers outside a model's domain, too")
    expect(maps).to_have_count(3)
    unfold(page, "How far the maps agree")
    choose(page, "Pair", f"Tiny – {KNOWS_ITS_KIND}")
    difference = f"Difference of the maps of Tiny and {KNOWS_ITS_KIND}"
    expect(page.get_by_role("img", name=difference)).to_be_visible()
    unfold(page, "What each model is, and what the signs mean")
    expect(page.get_by_text("outside the model's domain: unlike").first).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 1600})
    cells = rows(page).first.locator("td").filter(visible=True)
    expect(cells).to_have_count(3)  # of a phone's row the first three classes


def test_what_if_names_the_limit_that_an_image_fails_and_answers_beyond_it_when_asked(
    page: Page, dashboard: Server, smear_jpeg: bytes
) -> None:
    begin(page, dashboard, "What if")
    choose_only(page, "Models, up to six", KNOWS_ITS_KIND)
    upload(page, smear_jpeg)
    expect(rows(page)).to_have_count(2, timeout=LOADING_MS)
    settle(page)
    slide(page, "Blur (standard deviation", key="End")
    verdict = page.locator(".st-key-verdict")
    expect(rows(page).nth(1)).to_contain_text("Declined: The image is out of focus")
    before, after = (
        page.locator(f".st-key-what-if-{place}").first.bounding_box()
        for place in ("before image", "after img")
    )
    assert before is not None
    assert after is not None
    # The square image after is as large as its box allows, and in the middle of it.
    middles = [box["y"] + box["height"] / 2 for box in (before, after)]
    assert abs(middles[0] - middles[1]) < 3
    assert abs(before["height"] - min(after["height"], after["width"])) < 3
    switch(page, "Answer all the same, beyond a model's limits")
    expect(rows(page).nth(1)).to_contain_text("It answers all the same, which means little.")
    expect(rows(page).nth(1)).to_contain_text("%")
    expect(verdict).to_contain_text("points.")
    switch(page, "Answer all the same, beyond a model's limits")
    expect(rows(page).nth(1)).to_contain_text("Declined")


def test_about_unfolds_a_card_with_its_figures_and_hands_it_out(
    page: Page, dashboard: Server
) -> None:
    open_dashboard(page, dashboard, "About")
    tabs = page.get_by_test_id("stExpander").filter(has_text=KNOWS_ITS_KIND).get_by_role("tab")
    assert tabs.count() == 0  # what is folded is not drawn
    unfold(page, KNOWS_ITS_KIND)
    expect(tabs.first).to_be_visible()
    settle(page)
    seen: set[str] = set()
    for tab in tabs.all():
        tab.click()
        panel = page.get_by_role("tabpanel", name=tab.inner_text(), exact=True).first
        expect(panel).to_be_visible()
        seen.add(panel.inner_text())
    assert len(seen) == tabs.count() >= 8
    unfold(page, "Tiny")
    card = page.locator(f".st-key-card-of-{TINY}")
    expect(card.get_by_role("tab", name="Wrong answers")).to_be_visible()
    settle(page)
    card.get_by_role("tab", name="Wrong answers").click()
    expect(card.get_by_text("Proven on 60 groups of images")).to_be_visible()
    card.get_by_text("This curve as numbers").click()
    expect(card.get_by_role("columnheader", name="Proven at most")).to_be_visible()
    with page.expect_download() as handed_out:
        card.get_by_role("button", name="Card (HTML)").click()
    assert TINY in Path(handed_out.value.path()).read_text("utf-8")
    with page.expect_download() as handed_out:
        card.get_by_role("button", name="Card (JSON)").click()
    assert TINY in json.dumps(json.loads(Path(handed_out.value.path()).read_text("utf-8")))
