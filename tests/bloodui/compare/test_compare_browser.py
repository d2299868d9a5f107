"""Compare and What if in a real Chromium: two people at once, and a patch drawn with the mouse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from drawn.smears import draw
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, browsing, serving
from tests.bloodui.tiny import TINY, jpeg_of

pytestmark = BROWSER_MARKS
expect.set_options(timeout=60_000)


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


def upload(page: Page, *files: bytes) -> None:
    page.locator("input[type=file]").set_input_files(
        [{"name": "anna-schmidt.jpg", "mimeType": "image/jpeg", "buffer": data} for data in files]
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
    for page in (first, second):
        page.get_by_test_id("stCheckbox").get_by_text("Draw maps that are not").click()
        expect(page.get_by_role("img", name="Tiny: saliency map")).to_be_visible()
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


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a rectangle on the picture, from and to these shares of its width and height."""
    box = page.locator(".stPlotlyChart .nsewdrag").first.bounding_box()
    assert box is not None
    (left, top), (right, bottom) = (
        (box["x"] + across * box["width"], box["y"] + down * box["height"])
        for across, down in (start, end)
    )
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=8)
    page.mouse.up()


def expect_edges(page: Page, label: str, low: int, high: int) -> None:
    """The two handles of a slider stand at these per cents, give or take one."""
    handles = page.get_by_role("slider", name=label)
    expect(handles).to_have_count(2)
    for handle, percent in zip(handles.all(), (low, high), strict=True):
        near = "|".join(str(each) for each in (percent - 1, percent, percent + 1))
        expect(handle).to_have_value(re.compile(f"^({near})$"))


def test_a_patch_drawn_with_the_mouse_is_covered(
    new_session: Callable[[str], Page], smear_jpeg: bytes
) -> None:
    page = new_session("What if")
    upload(page, smear_jpeg)
    expect_rows(page, 4)
    expect(page.get_by_text("After: nothing")).to_be_visible()
    drag(page, (0.3, 0.2), (0.7, 0.6))
    expect(page.get_by_text("After: a patch covered")).to_be_visible(timeout=LOADING_MS)
    expect_edges(page, "From left to right", 30, 70)
    expect_edges(page, "From top to bottom", 20, 60)
    expect(page.get_by_text("points.").first).to_be_visible(timeout=LOADING_MS)
    # From the right to the left and beyond the picture's edges: the same, and it stays inside.
    drag(page, (0.9, 0.5), (-0.05, 1.05))
    expect_edges(page, "From left to right", 0, 90)
    expect_edges(page, "From top to bottom", 50, 100)
    drawn = page.locator(".stPlotlyChart").first.locator(".selectionlayer path")
    expect(drawn).not_to_have_count(0)
    page.get_by_role("button", name="Undo everything").click()
    expect(page.get_by_text("After: nothing")).to_be_visible(timeout=LOADING_MS)
    expect(drawn).to_have_count(0)


def test_a_box_of_less_than_a_hundredth_of_the_picture_covers_nothing(
    new_session: Callable[[str], Page], smear_jpeg: bytes
) -> None:
    page = new_session("What if")
    upload(page, smear_jpeg)
    expect_rows(page, 4)
    expect(page.get_by_text("After: nothing")).to_be_visible()
    bar = page.locator(".stPlotlyChart").first.locator(".modebar")
    bar.locator("[data-val=zoom]").click()
    drag(page, (0.4, 0.4), (0.5, 0.5))
    bar.locator("[data-val=select]").click()
    drag(page, (0.5, 0.5), (0.56, 0.56))  # of a tenth that is shown
    page.wait_for_timeout(3000)  # for a page that would cover it
    expect(page.get_by_text("After: nothing")).to_be_visible()
    drag(page, (0.2, 0.2), (0.8, 0.8))
    expect(page.get_by_text("After: a patch covered")).to_be_visible(timeout=LOADING_MS)
    expect_edges(page, "From left to right", 42, 48)


def test_true_classes_are_given_in_the_table_and_stay_with_their_images(
    new_session: Callable[[str], Page], smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    page = new_session("Compare")
    upload(page, smear_jpeg, other_jpeg)
    expect(page.get_by_text("No labels: nobody can say who is right.")).to_be_visible(
        timeout=LOADING_MS
    )
    page.get_by_text("Give the images' true classes").click()
    give_class(page, row=1, name="Pro")
    expect(page.get_by_text("Image 2, 0 points apart, truth Pro")).to_have_count(1)
    expect(page.get_by_role("heading", name="Who is right")).to_be_visible()
    expect(page.get_by_role("cell", name="n = 1")).to_have_count(2)
    give_class(page, row=0, name="Benign")
    expect(page.get_by_role("cell", name="n = 2")).to_have_count(2)
    upload(page, jpeg_of(draw("Early", seed=8, size_px=128).rgb))
    expect(page.get_by_text("Image 3, 0 points apart")).to_have_count(1, timeout=LOADING_MS)
    expect(page.get_by_text("Image 1, 0 points apart, truth Benign")).to_have_count(1)
    expect(page.get_by_text("Image 2, 0 points apart, truth Pro")).to_have_count(1)
    # The first image goes, and the second keeps its own class.
    page.get_by_role("button", name="Image 1", exact=True).click()
    page.get_by_role("button", name="Remove Image 1", exact=True).click()
    expect(page.get_by_text("Image 1, 0 points apart")).to_have_count(0, timeout=LOADING_MS)
    expect(page.get_by_text("Image 2, 0 points apart, truth Pro")).to_have_count(1)
    expect(page.get_by_role("cell", name="n = 1")).to_have_count(2)


def give_class(page: Page, *, row: int, name: str) -> None:
    """Choose a class in the table, as a reader does: click, Enter, type, Enter.

    A page that is drawn anew meanwhile moves the table: the cell is opened again.
    """
    table = page.get_by_test_id("stDataFrame")
    option = page.get_by_role("option", name=name, exact=True)
    for _ in range(5):
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        page.wait_for_timeout(1500)
        table.scroll_into_view_if_needed()
        box = table.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 35 + 48 * row + 24)
        page.wait_for_timeout(500)
        page.keyboard.press("Enter")
        try:
            option.first.wait_for(timeout=8_000)
        except PlaywrightTimeoutError:
            page.keyboard.press("Escape")
        else:
            page.keyboard.type(name)
            page.keyboard.press("Enter")
            return
    pytest.fail(f"The cell of row {row} could not be opened.")


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
    page = browser.new_context().new_page()
    page.goto(f"{address}/what_if")
    expect(page.get_by_role("heading", name="What if")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Try a drawn demo image")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.context.close()
