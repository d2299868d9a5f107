"""The training studio in a real Chromium: a run is started, judged, promoted, and then used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, browsing, serving

pytestmark = BROWSER_MARKS

NAME = "drawn-try"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("studio")
    settings = {"BLOODUI_STATE": str(folder / "state"), "BLOODUI_DATA": ""}
    with serving(settings, folder / "log.txt") as running:
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


def fill(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


def choose(page: Page, box: str, option: str) -> None:
    """Choose an option; a page that is drawn anew meanwhile shuts the list: it is opened again."""
    for _ in range(8):
        page.get_by_role("combobox", name=box, exact=True).click()
        try:
            page.get_by_role("option", name=option).first.click(timeout=8_000)
        except PlaywrightTimeoutError:
            page.keyboard.press("Escape")
        else:
            return
    pytest.fail(f"{box} could not be set to {option}")


def test_a_run_on_drawn_smears_is_started_judged_promoted_and_used(page: Page) -> None:
    page.get_by_role("link", name="Training").click()
    page.get_by_role("tab", name="Data sets").click()
    page.get_by_text("Draw smears to try a training on").click()
    fill(page, "Images of each class", "16")
    page.get_by_role("button", name="Draw", exact=False).last.click()
    expect(page.get_by_text("Drawn: drawn-subtypes")).to_be_visible(timeout=LOADING_MS)

    page.get_by_role("tab", name="New run").click()
    choose(page, "Data", "drawn-subtypes")
    expect(page.get_by_text("64 images: Benign 16")).to_be_visible()
    page.get_by_text("Change the recipe").click()
    fill(page, "Input size (px)", "64")
    fill(page, "Epochs of the head", "5")
    fill(page, "Name of the model", "Not a name!")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("Expected a name of 3 to 64 lower-case")).to_be_visible()
    fill(page, "Name of the model", NAME)
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("It is queued and goes on")).to_be_visible()

    page.get_by_role("tab", name="Runs").click()
    expect(page.get_by_text("Finished.", exact=True)).to_be_visible(timeout=2 * LOADING_MS)

    page.get_by_role("link", name="Evaluation").click()
    matrix = page.locator(".js-plotly-plot", has_text="Answered").first
    expect(matrix).to_be_visible(timeout=60_000)
    mistakes = page.get_by_role("heading", name="The surest mistakes")
    expect(mistakes).to_be_visible(timeout=60_000)  # scikit-learn loads for the curves before
    curve = page.locator(".js-plotly-plot", has_text="best:").first
    expect(curve).to_contain_text("validation")
    page.get_by_text("The same as numbers").click()
    expect(page.get_by_role("row", name="inference time")).to_contain_text(" ms (")

    page.get_by_role("link", name="Registry").click()
    fill(page, "Why it is promoted (for the history)", "A trial.")
    page.get_by_role("button", name="Promote", exact=False).first.click()
    promoted = page.get_by_text(f"Clinicians can now choose {NAME}")
    expect(promoted).to_be_visible(timeout=60_000)  # MLflow loads for its alias before
    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_text("in use for all-subtypes")).to_be_visible()

    page.get_by_role("link", name="Second opinion").click()
    model = page.get_by_role("combobox", name="Model", exact=True)
    model.click()
    model.press_sequentially(NAME)
    page.get_by_role("option", name=NAME).click()
    page.get_by_role("button", name="Try a drawn demo image").click()
    rows = page.locator(".st-key-probabilities .bloodui-class")
    expect(rows).to_have_count(4, timeout=LOADING_MS)
