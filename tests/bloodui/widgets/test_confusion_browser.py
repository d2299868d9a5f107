"""The confusion matrix in a real Chromium: cells are opened by mouse, finger and keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from bloodui.images import DraftImage
from bloodui.people import LOCAL_READER
from bloodui.quiz.instructor import Instructor, NewQuiz
from bloodui.quiz.quiz import Rules
from bloodui.quiz.resident import Resident
from bloodui.render.pictures import picture_address
from drawn.smears import draw
from models.image.micrograph import micrograph_from_rgb
from tests.bloodui.dashboard import BROWSER_MARKS, browsing, serving
from tests.bloodui.operate import fill, settle

pytestmark = BROWSER_MARKS
expect.set_options(timeout=60_000)

CLASSES = ("Benign", "Early", "Pre", "Pro", "CLL", "F*L* _1_", "<b>MCL</b>", "not identifiable")
DRAWN = ("Benign", "Early", "Pre", "Pro")
# Of sixteen images, two a class: what each reader answered. Mistakes: Pre for Pro, MCL for FL.
TRUTHS = tuple(n // 2 for n in range(16))
ANSWERS = {
    "kingfisher": tuple({4: 3, 5: 3, 11: 6}.get(n, truth) for n, truth in enumerate(TRUTHS)),
    "heron": tuple({4: 3, 11: 6, 10: 6}.get(n, truth) for n, truth in enumerate(TRUTHS)),
}
PICTURES = [micrograph_from_rgb(draw(DRAWN[n % 4], seed=n, size_px=64).rgb) for n in range(16)]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A dashboard, and a quiz that two residents have read."""

    url: str
    made: NewQuiz
    order: tuple[int, ...]
    """Number of the picture at each position: a quiz is shuffled."""

    def position(self, picture: int) -> int:
        return self.order.index(picture)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("matrix")
    state = folder / "state"
    instructor = Instructor(state=state, person=LOCAL_READER, has_login=False)
    made = instructor.create(
        Rules(title="Eight classes", classes=CLASSES),
        [
            DraftImage(micrograph=each, truth=truth, is_drawn=True)
            for each, truth in zip(PICTURES, TRUTHS, strict=True)
        ],
    )
    hashes = [each.sha256 for each in PICTURES]
    kept = replace(instructor, key=made.key).images(made.quiz.id, range(len(PICTURES)))
    order = tuple(hashes.index(image.micrograph.sha256) for image in kept)
    resident = Resident(state=state, person=LOCAL_READER)
    for alias, answers in ANSWERS.items():
        token = resident.begin(made.quiz.link, alias)
        for position, picture in enumerate(order):
            resident.task(token)
            resident.answer(token, position, answer=answers[picture], confidence=0.8)
    settings = {"BLOODUI_STATE": str(state), "BLOODUI_DATA": ""}
    with serving(settings, folder / "log.txt") as running:
        yield Place(url=running.url, made=made, order=order)


@pytest.fixture(scope="module")
def browser(place: Place) -> Iterator[Browser]:
    with browsing() as chromium:
        yield chromium


@pytest.fixture
def results(browser: Browser, place: Place) -> Iterator[Callable[..., Page]]:
    """Open the quiz's results as another instructor: a window with a session of its own."""
    contexts: list[BrowserContext] = []

    def open_page(*, width: int = 1280, is_touched: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 1400}, has_touch=is_touched, is_mobile=is_touched
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(place.url)
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible()
        page.goto(f"{place.url}/quiz")
        page.get_by_role("radio", name="Results").click()
        expect(page.get_by_text("Paste yours above")).to_be_visible()
        settle(page)
        fill(page, "Key of a quiz", place.made.key)
        page.get_by_role("button", name="Open", exact=False).last.click()
        expect(page.get_by_role("heading", name="Agreement among readers")).to_be_visible()
        settle(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


def cell(page: Page, truth: str, answer: str, number: str) -> Locator:
    return page.get_by_role("button", name=f"{truth} answered {answer}: {number}", exact=True)


def stand_still(button: Locator) -> None:
    """Wait until a button has its place: charts above it are drawn after the page is."""
    button.scroll_into_view_if_needed()
    before = None
    for _ in range(60):
        place = button.bounding_box()
        if place is not None and place == before:
            return
        before = place
        button.page.wait_for_timeout(1000)
    raise AssertionError("The button does not stand still.")


def expect_pictures(page: Page, place: Place, title: str, numbers: tuple[int, ...]) -> None:
    """Under that heading are exactly these pictures, in the order of the quiz."""
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    shown = page.locator("[data-testid=stImage] img")
    expect(shown).to_have_count(len(numbers))
    for image, number in enumerate(sorted(numbers, key=place.position)):
        expect(shown.nth(image)).to_have_attribute("src", picture_address(PICTURES[number].rgb))


def expect_closed(page: Page) -> None:
    expect(page.locator("[data-testid=stImage]")).to_have_count(0)
    expect(page.get_by_role("button", name="Close", exact=True)).to_have_count(0)


def test_a_clicked_cell_shows_its_pictures_and_the_next_one_its_own(
    results: Callable[..., Page], place: Place
) -> None:
    page = results()
    expect_closed(page)
    cell(page, "Pre", "Pro", "3").click()
    expect_pictures(page, place, "Pre answered Pro", (4, 5))
    often, once = (place.position(number) + 1 for number in (4, 5))
    expect(page.get_by_text(f"Image {often} (drawn): answered so 2 times")).to_be_visible()
    expect(page.get_by_text(f"Image {once} (drawn): answered so once")).to_be_visible()
    cell(page, "Early", "Early", "4").click()
    expect_pictures(page, place, "Early answered Early", (2, 3))
    page.get_by_role("button", name="Close", exact=True).click()
    expect_closed(page)


def test_a_cell_that_is_clicked_again_or_twice_stays_open(
    results: Callable[..., Page], place: Place
) -> None:
    page = results()
    stand_still(cell(page, "Pre", "Pro", "3"))
    cell(page, "Pre", "Pro", "3").dblclick(delay=50)
    expect_pictures(page, place, "Pre answered Pro", (4, 5))
    cell(page, "Pre", "Pro", "3").click()
    page.wait_for_timeout(2000)  # for a page that would close it
    expect_pictures(page, place, "Pre answered Pro", (4, 5))


def test_a_cell_stays_open_while_the_matrix_shows_shares(
    results: Callable[..., Page], place: Place
) -> None:
    page = results()
    cell(page, "Pre", "Pro", "3").click()
    expect_pictures(page, place, "Pre answered Pro", (4, 5))
    page.get_by_role("radio", name="% of the true class").click()
    expect(cell(page, "Pre", "Pro", "75")).to_be_visible()
    expect_pictures(page, place, "Pre answered Pro", (4, 5))
    cell(page, "Early", "Early", "100").click()
    expect_pictures(page, place, "Early answered Early", (2, 3))


def test_another_readers_matrix_shows_what_that_reader_answered(
    results: Callable[..., Page], place: Place
) -> None:
    page = results()
    cell(page, "Pre", "Pre", "1").click()
    expect_pictures(page, place, "Pre answered Pre", (5,))
    figures_of = page.get_by_role("combobox", name="Figures of")
    figures_of.click()
    page.get_by_role("option", name="kingfisher", exact=True).click()
    # Kingfisher took both for Pro: the cell is empty now, and no button.
    expect(page.get_by_role("img", name="Pre answered Pre: 0", exact=True)).to_be_visible()
    expect_closed(page)
    cell(page, "Pre", "Pro", "2").click()
    expect_pictures(page, place, "Pre answered Pro", (4, 5))


def test_a_cell_opens_by_keyboard_and_reads_its_classes_out(
    results: Callable[..., Page], place: Place
) -> None:
    page = results()
    # Names with Markdown and HTML in them are read as they are.
    button = cell(page, "F*L* _1_", "<b>MCL</b>", "3")
    button.focus()
    page.keyboard.press("Enter")
    expect_pictures(page, place, "F*L* _1_ answered <b>MCL</b>", (10, 11))


def test_a_tap_on_a_narrow_screen_opens_the_very_cell(
    results: Callable[..., Page], place: Place
) -> None:
    page = results(width=390, is_touched=True)
    widths = "() => { const m = document.querySelector('[data-testid=stMain]');"
    content, window = page.evaluate(f"{widths} return [m.scrollWidth, m.clientWidth] }}")
    assert content <= window
    for answer, positions in (("Pro", (6, 7)), ("CLL", (8, 9)), ("not identifiable", (14, 15))):
        cell(page, answer, answer, "4").tap()
        expect_pictures(page, place, f"{answer} answered {answer}", positions)
    numbers = page.locator("[class*=st-key-matrix-] :is(.cell span, button strong)")
    expect(numbers).to_have_count(64)
    boxes = "found => found.map(e => [e.scrollWidth, e.closest('.cell, button').clientWidth])"
    assert all(inside <= cell_px for inside, cell_px in numbers.evaluate_all(boxes))
