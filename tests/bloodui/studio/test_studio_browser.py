"""The training studio in a real Chromium: a run is started, judged, promoted, and then used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, browsing, serving
from tests.bloodui.operate import choose, fill, settle

pytestmark = BROWSER_MARKS

NAME, TITLE = "drawn-try", "A trial on drawn smears"
TAKEN = "ALL subtypes, EfficientNet-Lite0"
"""Title of a shipped model."""


@pytest.fixture  # anew for each try: a second one would find the first one's data set
def server(tmp_path: Path) -> Iterator[Server]:
    settings = {"BLOODUI_STATE": str(tmp_path / "state"), "BLOODUI_DATA": ""}
    with serving(settings, tmp_path / "log.txt") as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Page]:
    with browsing() as chromium:
        context = chromium.new_context(viewport={"width": 1280, "height": 2400})
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(server.url)
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=60_000)
        yield page
        context.close()


def test_a_run_on_drawn_smears_is_started_judged_promoted_and_used(page: Page) -> None:
    page.get_by_role("link", name="Training").click()
    page.get_by_role("tab", name="Data sets").click()
    page.get_by_text("Draw smears to try a training on").click()
    settle(page)
    fill(page, "Images of each class", "10")
    settle(page)
    page.get_by_role("button", name="Draw", exact=False).last.click()
    expect(page.get_by_text("Drawn: drawn-subtypes")).to_be_visible(timeout=LOADING_MS)

    page.get_by_role("tab", name="New run").click()
    choose(page, "Data", "drawn-subtypes")
    expect(page.get_by_text("40 images: Benign 10")).to_be_visible()
    settle(page)
    page.get_by_text("Change the recipe").click()
    settle(page)
    fill(page, "Input size (px)", "64")
    fill(page, "Epochs of the whole network", "1")
    fill(page, "Epochs of the head", "2")
    fill(page, "Name of the model", "Not a name!")
    settle(page)
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("3 to 64 lower-case letters, digits")).to_be_visible()
    fill(page, "Name of the model", NAME)
    settle(page)
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("It is queued and goes on")).to_be_visible()

    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_text("Finished.", exact=True)).to_be_visible(timeout=2 * LOADING_MS)

    settle(page)
    page.get_by_role("link", name="How it did").click()
    expect(page.get_by_role("radio", name="ALL subtypes")).to_be_checked(timeout=60_000)
    expect(page.get_by_role("button", name=f"Remove {NAME} (run)")).to_be_visible(timeout=60_000)
    closer = page.get_by_role("combobox", name="Look closer at", exact=True)
    expect(closer).to_have_value(f"{NAME} (run)")
    assert "run=" not in page.url
    mistakes = page.get_by_role("heading", name="The surest mistakes")
    expect(mistakes).to_be_visible(timeout=60_000)
    expect(page.locator("[class*=st-key-matrix-] button").first).to_be_visible()
    curve = page.locator(".js-plotly-plot", has_text="best:").first
    expect(curve).to_contain_text("validation")
    settle(page)
    page.get_by_text("This curve as numbers").click()
    expect(page.get_by_role("columnheader", name="Proven at most").first).to_be_visible()
    settle(page)
    page.get_by_text("The same as numbers").click()
    expect(page.get_by_role("row", name="inference time")).to_contain_text(" ms (")

    settle(page)
    page.get_by_role("link", name="Promote it").click()
    finished = page.get_by_role("combobox", name="Finished run", exact=True)
    expect(finished).to_have_value(NAME, timeout=60_000)
    for audit in ("Wrong answers", "Shortcuts", "Worse images", "Domain", "Maps"):
        settle(page)
        tab = page.get_by_role("tab", name=audit, exact=True)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        if audit == "Wrong answers":
            settle(page)
            page.get_by_role("tabpanel", name=audit).get_by_text("This curve as numbers").click()
            expect(page.get_by_role("columnheader", name="Proven at most").first).to_be_visible()
    page.get_by_role("tab", name="Models", exact=True).click()
    page.get_by_role("tab", name="Promote a run", exact=True).click()
    field = page.get_by_label("Title", exact=True)
    assert field.input_value() == f"{TAKEN}, {NAME}"  # that of its recipe is a shipped model's
    fill(page, "Title", TAKEN)
    fill(page, "Why it is promoted (for the history)", "A trial.")
    settle(page)
    page.get_by_role("button", name="Promote", exact=False).first.click()
    expect(page.get_by_text("Another model has the title")).to_be_visible(timeout=60_000)
    fill(page, "Title", TITLE)
    settle(page)
    page.get_by_role("button", name="Promote", exact=False).first.click()
    promoted = page.get_by_text(f"Clinicians can now choose {NAME}")
    expect(promoted).to_be_visible(timeout=60_000)  # MLflow loads for its alias before
    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_text("in use for all-subtypes")).to_be_visible()

    page.get_by_role("link", name="Second opinion").click()
    choose(page, "Model", TITLE)
    settle(page)
    page.get_by_role("button", name="Try a drawn demo image").click()
    rows = page.locator(".st-key-probabilities .bloodui-class")
    expect(rows).to_have_count(4, timeout=LOADING_MS)
