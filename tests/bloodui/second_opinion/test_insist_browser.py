"""An image that a model does not know, in a real Chromium: it is answered when a reader insists.

One that cannot be read, or is damaged, is called so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from drawn.smears import draw
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, browsing, serving
from tests.bloodui.second_opinion.test_trust import wary_bundle
from tests.bloodui.tiny import jpeg_of

pytestmark = BROWSER_MARKS
expect.set_options(timeout=60_000)

CLASSES = ("Benign", "Early", "Pre", "Pro")
CASES = Path(__file__).resolve().parents[2] / "cases"
INSIST = "Answer all the same"


@pytest.fixture(scope="module")
def address(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard that opens with a model to which every upload is a stranger."""
    folder = tmp_path_factory.mktemp("insist")
    wary = wary_bundle(tiny_bundle, folder, limit=1e-3)
    settings = {
        "BLOODUI_MODELS": str(wary.parent),
        "BLOODUI_MODEL": wary.name,
        "BLOODUI_STATE": str(folder / "state"),
    }
    with serving(settings, folder / "log.txt") as running:
        yield running.url


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    with browsing() as chromium:
        yield chromium


@pytest.fixture
def new_session(browser: Browser, address: str) -> Iterator[Callable[[], Page]]:
    """Open the dashboard as another reader: a window with a session of its own."""
    contexts: list[BrowserContext] = []

    def open_page() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 1400})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        expect(page.get_by_role("button", name="Try a drawn demo image")).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()


def upload(page: Page, *files: bytes) -> None:
    page.locator("input[type=file]").set_input_files(
        [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": data} for data in files]
    )


def expect_answer(page: Page, n_classes: int = 4) -> None:
    """The probabilities are there, with the warning, and nothing left to insist on."""
    rows = page.locator(".st-key-probabilities .bloodui-class")
    expect(rows).to_have_count(n_classes, timeout=LOADING_MS)
    expect(page.get_by_text("which means little")).to_be_visible()
    expect(page.locator(".st-key-viewer image")).to_have_count(1)
    expect(page.get_by_role("switch", name="Map", exact=True)).not_to_be_checked()
    expect(page.get_by_role("button", name=INSIST)).to_have_count(0)


def test_who_insists_on_the_one_image_sees_its_answer(
    new_session: Callable[[], Page], smear_jpeg: bytes
) -> None:
    page = new_session()
    upload(page, smear_jpeg)
    insist = page.get_by_role("button", name=INSIST)
    expect(insist).to_be_visible(timeout=LOADING_MS)
    expect(page.locator(".st-key-probabilities")).to_have_count(0)
    measured = page.get_by_text("Its distance from the images that the model learned from is")
    expect(measured).not_to_be_visible()
    page.get_by_text("Why is it outside?").click()
    expect(measured).to_be_visible()
    expect(page.get_by_text("of the images that it learned from")).to_be_visible()
    insist.click()
    expect_answer(page)


def test_who_insists_on_one_image_of_twelve_sees_its_answer_and_its_thumbnail_says_so(
    new_session: Callable[[], Page],
) -> None:
    page = new_session()
    upload(
        page,
        *(jpeg_of(draw(CLASSES[n % 4], seed=n, size_px=128).rgb) for n in range(12)),
    )
    strip = page.locator(".st-key-thumbnails")
    expect(strip.get_by_text("Outside")).to_have_count(12, timeout=LOADING_MS)
    strip.get_by_role("button", name="Image 5", exact=True).click()
    expect(page.get_by_role("heading", name="Image 5")).to_be_visible()
    page.get_by_role("button", name=INSIST).click()
    expect_answer(page)
    expect(page.get_by_role("heading", name="Image 5")).to_be_visible()
    expect(strip.get_by_text(re.compile(r"Outside: (Benign|Early|Pre|Pro) \d"))).to_have_count(1)
    expect(strip.get_by_text("Outside")).to_have_count(12)
    strip.get_by_role("button", name="Image 6", exact=True).click()
    expect(page.get_by_role("button", name=INSIST)).to_be_visible()
    strip.get_by_role("button", name="Image 5", exact=True).click()
    expect_answer(page)


def test_an_image_that_is_not_read_is_named_and_a_damaged_one_read_with_a_warning(
    new_session: Callable[[], Page], smear_jpeg: bytes
) -> None:
    page = new_session()
    upload(page, (CASES / "15_jpeg_ls.jls").read_bytes())
    named = page.get_by_text("This is a JPEG-LS image, another format than JPEG")
    expect(named).to_be_visible(timeout=LOADING_MS)
    page = new_session()
    upload(page, smear_jpeg[:-14] + smear_jpeg[-2:])
    warning = page.get_by_text("The file's JPEG data is damaged: parts of the picture may be wrong")
    expect(warning).to_be_visible(timeout=LOADING_MS)
    expect(page.get_by_text("Image quality: usable, with a warning")).to_be_visible()


def test_a_shipped_model_answers_on_what_it_does_not_know_when_asked_to(
    new_session: Callable[[], Page], data_dir: Path
) -> None:
    strange = sorted((data_dir / "out_of_domain").rglob("*.jpg"))
    if not strange:
        pytest.skip("No images of other kinds beside the real ones.")
    page = new_session()
    model = page.get_by_role("combobox", name="Model", exact=True)
    model.click()
    model.press_sequentially("ALL subtypes, EfficientNet-Lite0")
    page.get_by_role("option", name="ALL subtypes, EfficientNet-Lite0").click()
    page.wait_for_timeout(3000)  # a file that is given while the page is drawn anew is lost
    upload(page, strange[0].read_bytes())
    page.get_by_role("button", name=INSIST).click(timeout=LOADING_MS)
    expect_answer(page)
