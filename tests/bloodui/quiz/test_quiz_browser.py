"""The quiz in a real Chromium: made, read by keyboard, judged; refused; two readers apart."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from bloodui.images import DraftImage
from bloodui.people import LOCAL_READER
from bloodui.quiz.instructor import Instructor, NewQuiz
from bloodui.quiz.quiz import Rules
from drawn.smears import CAPTION, draw
from models.image.micrograph import micrograph_from_rgb
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, browsing, serving
from tests.bloodui.operate import fill, settle

pytestmark = BROWSER_MARKS
expect.set_options(timeout=60_000)

CLASSES = ("Benign", "Pre")
HOST = "quiz.test"
"""Leads to the server as the name of another machine would."""
IMAGES = "() => [...document.querySelectorAll('.st-key-viewer image')].map(i => i.href.baseVal)"
WIDTHS = "() => { const m = document.querySelector('[data-testid=stMain]'); \
return [m.scrollWidth, m.clientWidth] }"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A dashboard, what its link carries, and its state folder."""

    url: str
    token: str
    state: Path

    def make(self, title: str, *, seed: int, seconds: int | None = None) -> NewQuiz:
        """A quiz of two drawn smears, made past the page."""
        images = [
            DraftImage(
                micrograph=micrograph_from_rgb(draw(name, seed=seed, size_px=128).rgb),
                truth=number,
                is_drawn=True,
            )
            for number, name in enumerate(CLASSES)
        ]
        rules = Rules(title=title, classes=CLASSES, seconds_per_image=seconds)
        return Instructor(state=self.state, person=LOCAL_READER, has_login=False).create(
            rules, images
        )


@pytest.fixture(scope="module")
def place(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("quiz")
    settings = {
        "BLOODUI_MODELS": str(model_root),
        "BLOODUI_STATE": str(folder / "state"),
        "BLOODUI_DATA": "",
        "STREAMLIT_SERVER_ALLOWED_HOSTS": "*",
    }
    with serving(settings, folder / "log.txt") as running:
        yield Place(url=running.url, token=running.token, state=folder / "state")


@pytest.fixture(scope="module")
def browser(place: Place) -> Iterator[Browser]:
    with browsing(f"--host-resolver-rules=MAP {HOST} 127.0.0.1") as chromium:
        yield chromium


@pytest.fixture
def new_session(browser: Browser, place: Place) -> Iterator[Callable[..., Page]]:
    """Open the quiz as another person: a window with a session of its own."""
    contexts: list[BrowserContext] = []

    def open_page(link: str = "", *, width: int = 1280) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 1200})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{place.url}/?quiz={link}" if link else place.url)
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible()
        if not link:
            page.get_by_role("link", name="Quiz").click()
            expect(page.get_by_role("heading", name="Quiz")).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()


def begin(page: Page, alias: str) -> None:
    fill(page, "Your alias", alias)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("Image 1 of")).to_be_visible()
    expect(page.locator(".st-key-viewer image")).to_have_count(1)


def answer_by_keyboard(page: Page, *, number: int) -> None:
    """Choose a class by its key, raise the confidence to the top, and give the answer."""
    expect(classes(page).first).to_be_visible()
    settle(page)
    page.keyboard.press(str(number))
    expect(classes(page).nth(number - 1)).to_have_attribute("kind", "primary")
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    expect(page.get_by_text("100 %", exact=True).first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Give the answer")).to_be_focused()
    page.keyboard.press("Enter")


def classes(page: Page) -> Locator:
    """The buttons to answer with, in the order of the classes."""
    return page.locator("[class*=st-key-quiz-class-] button")


def test_a_link_that_others_can_open_comes_as_a_code_and_another_says_that_they_cannot(
    place: Place, new_session: Callable[..., Page]
) -> None:
    made = place.make("Far and near", seed=3)
    page = new_session()
    warning = page.get_by_text("Nobody else can open this link")
    for address in (place.url, place.url.replace("127.0.0.1", HOST)):
        page.goto(f"{address}/?token={place.token}")
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible()
        page.get_by_role("link", name="Quiz").click()
        page.get_by_role("radio", name="Results").click()
        expect(page.get_by_text("Paste yours above")).to_be_visible()
        settle(page)
        fill(page, "Key of a quiz", made.key)
        page.get_by_role("button", name="Open", exact=False).last.click()
        link = f"{address}/?quiz={made.quiz.link}"
        expect(page.get_by_text(link)).to_be_visible()
        settle(page)
        code = page.get_by_test_id("stImage")
        if HOST in address:
            expect(warning).to_have_count(0)
            picture = cv2.imdecode(np.frombuffer(code.screenshot(), np.uint8), cv2.IMREAD_COLOR)
            assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == link
        else:
            expect(warning).to_be_visible()
            expect(code).to_have_count(0)


def test_a_link_is_understood_by_a_server_that_nobody_has_visited(
    place: Place, new_session: Callable[..., Page]
) -> None:
    made = place.make("First of all", seed=3)
    reader = new_session(made.quiz.link)
    expect(reader.get_by_text("First of all")).to_be_visible()
    reader.get_by_role("link", name="About").click()
    expect(reader.get_by_role("heading", name="Intended use")).to_be_visible()
    reader.get_by_role("link", name="Second opinion").click()
    expect(reader.get_by_text("Try a drawn demo image")).to_be_visible()
    assert "quiz" not in reader.url


def test_a_quiz_is_made_read_by_keyboard_and_judged(new_session: Callable[..., Page]) -> None:
    teacher = new_session()
    fill(teacher, "Title", "Subtypes of ALL")
    fill(teacher, "Images of each", "1")
    expect(teacher.get_by_text("4 images, at most 200.")).to_be_visible()
    model = teacher.get_by_role("combobox", name="Model whose answer")
    model.click()
    model.press_sequentially("Tiny")
    teacher.get_by_role("option", name="Tiny", exact=True).click()
    expect(model).to_have_value("Tiny")
    teacher.get_by_role("button", name="Make the quiz").click()
    expect(teacher.get_by_text("The key is shown this once.")).to_be_visible()
    expect(teacher.locator("code")).to_have_count(2)
    address, key = (code.inner_text().strip() for code in teacher.locator("code").all())

    reader = new_session(address.partition("?quiz=")[2])
    assert reader.url == address
    begin(reader, "kingfisher")
    expect(reader.get_by_text(CAPTION)).to_be_visible()
    for number in range(1, 5):
        expect(reader.get_by_text(f"Image {number} of 4")).to_be_visible()
        answer_by_keyboard(reader, number=3)
        expect(reader.get_by_text("sure to 100 %")).to_be_visible()
        probabilities = reader.locator(".st-key-probabilities .bloodui-class")
        expect(probabilities).to_have_count(4, timeout=LOADING_MS)
        # The image without its map, whose method was never checked.
        expect(reader.locator(".st-key-viewer image")).to_have_count(1)
        next_one = "Next image" if number < 4 else "See your score"
        reader.get_by_role("button", name=next_one).click()
    expect(reader.get_by_text("Your score, kingfisher")).to_be_visible()
    score = reader.get_by_test_id("stMetric").first
    expect(score).to_contain_text("25.0 %")  # always Pre, one of four
    expect(reader.get_by_text("95 % interval 4.6 to 69.9 %, n = 4")).to_be_visible()
    expect(reader.get_by_text("(drawn): it is")).to_have_count(3)
    expect(reader.get_by_role("img", name="Benign answered Pre: 1", exact=True)).to_be_visible()

    teacher.get_by_role("button", name="I have copied").click()
    expect(teacher.get_by_text(key)).to_have_count(0)
    teacher.get_by_role("radio", name="Results").click()
    expect(teacher.get_by_text("Paste yours above")).to_be_visible()
    fill(teacher, "Key of a quiz", key)
    teacher.get_by_role("button", name="Open", exact=False).last.click()
    expect(teacher.get_by_text("Agreement among readers")).to_be_visible()
    with teacher.expect_download() as handed_out:
        teacher.get_by_role("button", name="Download every answer").click()
    rows = list(csv.DictReader(io.StringIO(Path(handed_out.value.path()).read_text("utf-8"))))
    assert [row["answer"] for row in rows] == ["Pre"] * 4
    assert sorted(row["truth"] for row in rows) == ["Benign", "Early", "Pre", "Pro"]
    assert [row["correct"] for row in rows].count("true") == 1
    assert {row["alias"] for row in rows} == {"kingfisher"}


def test_a_wrong_link_and_a_wrong_key_are_refused(
    new_session: Callable[..., Page], place: Place
) -> None:
    made = place.make("A secret quiz", seed=1)
    stranger = new_session(made.quiz.link[:-1])
    expect(stranger.get_by_text("This link leads to no quiz")).to_be_visible()
    assert "A secret quiz" not in stranger.content()
    other = new_session()
    other.get_by_role("radio", name="Results").click()
    expect(other.get_by_text("Paste yours above")).to_be_visible()
    fill(other, "Key of a quiz", made.key[:-1])
    other.get_by_role("button", name="Open", exact=False).last.click()
    expect(other.get_by_text("This key opens no quiz")).to_be_visible()
    assert "A secret quiz" not in other.content()
    assert made.quiz.link not in other.content()


def test_two_readers_never_see_each_others_images_or_answers(
    new_session: Callable[..., Page], place: Place
) -> None:
    first, second = place.make("First quiz", seed=1), place.make("Second quiz", seed=2)
    one, two = new_session(first.quiz.link), new_session(second.quiz.link)
    same = new_session(first.quiz.link)
    fetched: list[str] = []
    one.on("request", lambda request: fetched.append(request.url))
    begin(one, "kingfisher")
    begin(two, "heron")
    begin(same, "wren")
    assert one.evaluate(IMAGES)[0] != two.evaluate(IMAGES)[0]
    answer_by_keyboard(one, number=1)
    expect(one.get_by_role("button", name="Next image")).to_be_visible()
    # No image lies at an address of the server, where another session could ask for it.
    assert not [url for url in fetched if "/media/" in url and "/static/" not in url]
    for page, others in ((one, "heron wren"), (two, "kingfisher wren"), (same, "kingfisher heron")):
        assert not [alias for alias in others.split() if alias in page.content()]
    for page in (two, same):
        expect(page.get_by_text("What do you see?")).to_be_visible()
        expect(classes(page)).to_have_count(len(CLASSES))
        expect(page.locator("[class*=st-key-quiz-class-] [kind=primary]")).to_have_count(0)
    same.reload()  # a new session of the same browser
    expect(same.get_by_text("Image 1 of")).to_be_visible()
    assert "kingfisher" not in same.content()
    other = new_session(first.quiz.link)  # of another: nobody's reading is taken up without a code
    expect(other.get_by_label("Your alias", exact=True)).to_be_visible()
    expect(other.locator(".st-key-viewer")).to_have_count(0)


def test_when_the_time_is_over_the_page_goes_on_by_itself(
    new_session: Callable[..., Page], place: Place
) -> None:
    reader = new_session(place.make("Quick", seed=3, seconds=20).quiz.link)
    begin(reader, "swift")
    expect(reader.get_by_role("timer")).to_contain_text("s left")
    expect(reader.get_by_text("Time was over, which counts as wrong.")).to_be_visible()
    reader.get_by_role("button", name="Next image").click()
    expect(reader.get_by_text("Image 2 of 2")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_reading_screen_is_never_wider_than_the_window(
    new_session: Callable[..., Page], place: Place, width: int
) -> None:
    reader = new_session(place.make("A quiz", seed=4).quiz.link, width=width)
    begin(reader, "wren")
    content, window = reader.evaluate(WIDTHS)
    assert content <= window
    image = reader.locator(".st-key-viewer").bounding_box()
    assert image is not None
    assert image["width"] >= 0.4 * width
