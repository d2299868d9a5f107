"""Evidence by cells in a real Chromium: chosen, outlined, told; first where it passed its check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, serving
from tests.bloodui.map_checks import EVIDENCE_OF, root_of_checked
from tests.bloodui.operate import (
    ask_side_by_side,
    choose,
    expect_change,
    open_dashboard,
    settle,
    slide,
    switch,
    unfold,
)
from tests.bloodui.tiny import TINY

pytestmark = BROWSER_MARKS

CARRIES = re.compile(r"carr(y|ies) (most of the answer|most:|the answer)")
WITHOUT = re.compile(r"With all \d+ cells gone (the model still|it) puts")


@pytest.fixture(scope="module")
def checked(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard whose model Tiny failed the check of evidence by cells; Shy passed it."""
    folder = tmp_path_factory.mktemp("evidence")
    settings = {
        "BLOODUI_MODELS": str(root_of_checked(model_root, folder, EVIDENCE_OF)),
        "BLOODUI_MODEL": TINY,
        "BLOODUI_STATE": str(folder / "state"),
    }
    with serving(settings, folder / "log.txt") as running:
        yield running


def lines(page: Page) -> Locator:
    return page.locator(".st-key-viewer .scatterlayer .trace path.js-line")


def test_evidence_by_cells_is_chosen_outlined_and_told(page: Page, checked: Server) -> None:
    open_dashboard(page, checked)
    page.get_by_role("button", name="Try a drawn demo image").click()
    expect(page.get_by_text("Grad-CAM was never checked on this model").first).to_be_visible(
        timeout=LOADING_MS
    )
    expect(lines(page)).to_have_count(0)
    unfold(page, "Which map, and how it is drawn")
    choose(page, "Method", "Evidence by cells")
    expect(page.get_by_text("Evidence by cells failed its check on this model")).to_be_visible(
        timeout=LOADING_MS
    )
    expect(lines(page)).to_have_count(0)
    expect(page.get_by_text(WITHOUT)).to_have_count(0)
    switch(page, "Map")
    # Once it is shown, it also stands beside the verdict that it is about.
    expect(page.locator(".st-key-verdict").get_by_text(WITHOUT)).to_be_visible()
    expect(page.get_by_text(WITHOUT)).to_have_count(2)
    expect(page.get_by_text(CARRIES)).to_be_visible()
    expect(page.get_by_text("Grey outlines")).to_be_visible()
    expect(lines(page).nth(3)).to_be_attached()
    expect(page.locator(".st-key-viewer image")).to_have_count(1)
    assert "rgb(128, 128, 128)" in str(lines(page).first.get_attribute("style"))

    def opacity() -> object:
        return page.locator(".st-key-viewer .scatterlayer .trace").evaluate_all(
            "traces => traces.map(trace => trace.style.opacity)"
        )

    expect_change(page, opacity, lambda: slide(page, "Opacity of the map", key="Home"))
    switch(page, "Map")
    expect(lines(page)).to_have_count(0)


def test_where_it_passed_the_page_opens_with_outlines_and_a_hover_tells_the_weight(
    page: Page, checked: Server
) -> None:
    open_dashboard(page, checked)
    choose(page, "Model", "Shy")
    page.get_by_role("button", name="Try a drawn demo image").click()
    expect(page.get_by_text("Evidence by cells passed its check on this model")).to_be_visible(
        timeout=LOADING_MS
    )
    settle(page)
    expect(page.get_by_role("switch", name="Map", exact=True)).to_be_checked()
    expect(page.get_by_text(WITHOUT)).to_be_visible()
    expect(page.get_by_text(CARRIES)).to_be_visible()
    expect(lines(page).nth(7)).to_be_attached()  # a white edge and a line for each cell
    colours = " ".join(
        str(lines(page).nth(number).get_attribute("style")) for number in range(lines(page).count())
    )
    assert "rgb(213, 94, 0)" in colours or "rgb(0, 114, 178)" in colours
    points = page.locator(".st-key-viewer .scatterlayer .points path")
    box = points.last.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".st-key-viewer .hoverlayer")).to_contain_text("log-odds fall by")
    unfold(page, "Why, and what the map shows")
    expect(page.get_by_text("That is clearly better than chance")).to_be_visible()
    expect(page.get_by_text("of these images keep their class")).to_be_visible()


@pytest.mark.parametrize("link", ["Compare", "What if"])
def test_models_side_by_side_are_outlined_where_evidence_by_cells_passed(
    page: Page, checked: Server, link: str
) -> None:
    ask_side_by_side(page, checked, link, "Tiny", "Shy")
    before = "" if link == "Compare" else " before"
    kind = "saliency map" if link == "Compare" else "map before"
    passed = page.get_by_role("img", name=f"Shy: evidence by cells{before}")
    other = page.get_by_role("img", name=f"Tiny: {kind}")
    expect(passed).to_be_visible(timeout=LOADING_MS)
    settle(page)
    expect(page.get_by_text("Evidence by cells passed its check").first).to_be_visible()
    expect(page.get_by_text("orange speaks for it, blue against it").first).to_be_visible()
    expect(page.get_by_text("No map is drawn of Tiny")).to_be_visible()
    expect(other).to_have_count(0)
    row = page.locator(".bloodui-grid tbody tr").filter(has_text="Shy").first
    expect(row).to_contain_text("Not sure enough")
    unfold(page, "Why, and what the maps show")
    expect(page.get_by_text("That is clearly better than chance")).to_be_visible()
    # Of a model that has its say, the reason for its decision comes first.
    expect(page.get_by_text(re.compile(r"Tiny:.*(answers|Not proven)"))).to_be_visible()
    unfold(page, "Which maps, and how they are drawn")

    def outlines() -> str:
        return str(passed.get_attribute("src"))

    expect_change(page, outlines, lambda: slide(page, "Opacity of all maps"))
    switch(page, "Draw maps that are not to be believed, too")
    expect(other).to_be_visible()
    choose(page, "Method", "Grad-CAM")
    expect(page.get_by_role("img", name=f"Shy: {kind}")).to_be_visible(timeout=LOADING_MS)
    expect(passed).to_have_count(0)
    choose(page, "Method", "Evidence by cells")
    expect(passed).to_be_visible(timeout=LOADING_MS)
    failed = page.get_by_role("img", name=f"Tiny: evidence by cells{before}")
    expect(failed).to_be_visible(timeout=LOADING_MS)
    expect(page.get_by_text("Evidence by cells failed its check").first).to_be_visible()
    switch(page, "Draw maps that are not to be believed, too")
    expect(failed).to_have_count(0)
