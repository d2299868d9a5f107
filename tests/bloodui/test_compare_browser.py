"""Compare and What if in a real Chromium: two people at once, and a patch drawn with the mouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.bloodui.conftest import TINY
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, browsing, serving

pytestmark = BROWSER_MARKS


@pytest.fixture(scope="module")
def address(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    settings = {
        "BLOODUI_MODELS": str(model_root),
        "BLOODUI_MODEL": TINY,
        "BLOODUI_STATE": str(folder / "state"),
    }
    with serving(settings, folder / "log.txt") as running:
        yield running.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as chromium:
        yield chromium


@pytest.fixture
def new_session(browser: Browser, address: str) -> Iterator[Callable[[str], Page]]:
    """Open a page as another person: a window with a session of its own."""
    contexts: list[BrowserContext] = []

    def open_page(link: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=60_000)
        page.get_by_role("link", name=link, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(link)
        expect(page.locator("input[type=file]")).to_have_count(1, timeout=60_000)
        choose_tiny_models(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


def choose_tiny_models(page: Page) -> None:
    """Leave out the shipped models and the one that declines everything."""
    remove = page.get_by_role("button", name="Remove ")
    expect(remove.first).to_be_visible(timeout=60_000)
    names = [each.get_attribute("aria-label") or "" for each in remove.all()]
    for name in names:
        if name not in ("Remove Tiny", "Remove Shy"):
            page.get_by_role("button", name=name, exact=True).click()
            expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    # A file that is given while the page is drawn anew is lost.
    page.wait_for_timeout(3000)


def upload(page: Page, data: bytes) -> None:
    page.locator("input[type=file]").set_input_files(
        [{"name": "anna-schmidt.jpg", "mimeType": "image/jpeg", "buffer": data}]
    )


def expect_rows(page: Page, n_rows: int) -> str:
    """That many rows of probabilities are there, none still at work; answer with their words."""
    rows = page.locator(".bloodui-grid tbody tr")
    expect(rows).to_have_count(n_rows, timeout=LOADING_MS)
    expect(page.get_by_text("at work").first).to_have_count(0, timeout=LOADING_MS)
    return page.locator(".bloodui-grid").inner_text()


def two_people(
    new_session: Callable[[str], Page], link: str, images: Sequence[bytes], *, n_rows: int
) -> tuple[Page, Page]:
    """Two windows on one page, an image each; the second sees nothing of the first's."""
    first, second = new_session(link), new_session(link)
    upload(first, images[0])
    expect_rows(first, n_rows)
    expect(second.locator(".bloodui-grid")).to_have_count(0)
    upload(second, images[1])
    expect_rows(second, n_rows)
    return first, second


def test_two_people_compare_at_once_and_never_see_each_others_images(
    new_session: Callable[[str], Page], smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    first, second = two_people(new_session, "Compare", (smear_jpeg, other_jpeg), n_rows=2)
    maps = [
        page.get_by_role("img", name="Tiny: saliency map").get_attribute("src")
        for page in (first, second)
    ]
    assert maps[0] != maps[1]
    for page in (first, second):
        assert "anna-schmidt" not in page.locator(".bloodui-grid").inner_text()
        expect(page.get_by_text("How far the maps agree")).to_be_visible()


def test_two_people_make_their_images_worse_and_never_see_each_others(
    new_session: Callable[[str], Page], smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    first, second = two_people(new_session, "What if", (smear_jpeg, other_jpeg), n_rows=4)
    first.get_by_role("slider", name="Brightness").press("ArrowLeft")
    expect(first.get_by_text("After: brightness")).to_be_visible(timeout=LOADING_MS)
    expect(second.get_by_text("After: nothing")).to_be_visible()
    pictures = [
        page.get_by_role("img", name="The image after").get_attribute("src")
        for page in (first, second)
    ]
    assert pictures[0] != pictures[1]


def test_a_patch_drawn_with_the_mouse_is_covered(
    new_session: Callable[[str], Page], smear_jpeg: bytes
) -> None:
    page = new_session("What if")
    upload(page, smear_jpeg)
    expect_rows(page, 4)
    expect(page.get_by_text("After: nothing")).to_be_visible()
    chart = page.locator(".stPlotlyChart .nsewdrag").first
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"], steps=8)
    page.mouse.up()
    expect(page.get_by_text("After: a patch covered")).to_be_visible(timeout=LOADING_MS)
    expect(page.get_by_text("points.").first).to_be_visible(timeout=LOADING_MS)
    page.get_by_role("button", name="Undo everything").click()
    expect(page.get_by_text("After: nothing")).to_be_visible(timeout=LOADING_MS)


@pytest.mark.parametrize("link", ["Compare", "What if"])
def test_a_damaged_file_gets_its_sentence(
    link: str, new_session: Callable[[str], Page], smear_jpeg: bytes
) -> None:
    page = new_session(link)
    upload(page, smear_jpeg[:900])
    error = page.get_by_text("The image is damaged or its end is missing.")
    expect(error).to_be_visible(timeout=LOADING_MS)
    expect(page.locator(".bloodui-grid")).to_have_count(0)


def test_a_page_opens_by_its_address(
    new_session: Callable[[str], Page], browser: Browser, address: str
) -> None:
    new_session("Compare")  # a server that nobody has visited knows no page yet
    page = browser.new_page()
    page.goto(f"{address}/what_if")
    expect(page.get_by_role("heading", name="What if")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Try a drawn demo image")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.close()
