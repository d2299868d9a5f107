"""Evaluation in a real Chromium: questions, matrices, the images in a cell, and a map of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from bloodui.render.pictures import picture_address
from bloodui.studio.evaluation import NOT_AT_HAND
from bloodui.studio.judged import in_cell
from bloodui.widgets.confusion import BY_RATE
from models.bundle.card import read_card
from models.bundle.folder import SHIPPED_ROOT, list_bundles
from models.image.micrograph import read_micrograph
from models.image.scale import shrunk
from tests.bloodui import operate
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, browsing, serving
from tests.bloodui.judged_place import ELSEWHERE, MODEL, RUN, JudgedPlace, judged_place

pytestmark = BROWSER_MARKS
expect.set_options(timeout=60_000)

EIGHT_ID, EIGHT = "blood-cancer-8-efficientnet-lite0", "Eight classes, EfficientNet-Lite0"
QUESTIONS = {
    "Eight classes": EIGHT_ID,
    "ALL subtypes": "all-subtypes-efficientnet-lite0",
    "Lymphoma subtypes": "lymphoma-subtypes-efficientnet-lite0",
    "AML or APL": "aml-or-apl-efficientnet-lite0",
}
WIDTHS = "() => { const m = document.querySelector('[data-testid=stMain]'); \
return [m.scrollWidth, m.clientWidth] }"


@pytest.fixture(scope="module")
def place(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> JudgedPlace:
    with pytest.MonkeyPatch.context() as patched:
        return judged_place(tiny_bundle, tmp_path_factory.mktemp("judged"), patched)


@pytest.fixture(scope="module")
def server(place: JudgedPlace) -> Iterator[Server]:
    with serving(place.settings, place.folder / "log.txt") as running:
        yield running


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[Browser]:
    with browsing() as chromium:
        yield chromium


@pytest.fixture
def new_session(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Open Evaluation as another admin: a window with a session of its own."""
    contexts: list[BrowserContext] = []

    def open_page(*, width: int = 1280) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 1600})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(server.url)
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible()
        page.goto(f"{server.url}/evaluation")
        expect(page.get_by_role("heading", name="The surest mistakes")).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()


def choose(page: Page, question: str, closer: str = "") -> None:
    """Ask for a question, and for the model or run to look closer at."""
    expect(page.get_by_role("radio", name=question, exact=True)).to_be_visible()
    operate.settle(page)  # a click while the page is drawn for the first time is lost
    page.get_by_role("radio", name=question, exact=True).click()
    expect(page.get_by_role("radio", name=question, exact=True)).to_be_checked()
    operate.settle(page)
    if closer:
        operate.choose(page, "Look closer at", closer)
        expect(page.get_by_role("combobox", name="Look closer at")).to_have_value(closer)


def cell(page: Page, truth: str, answer: str, number: int) -> Locator:
    return page.get_by_role("button", name=f"{truth} answered {answer}: {number}", exact=True)


def opened(page: Page, name: str) -> Locator:
    """The pictures in a gallery, "cell-images" or "mistakes"."""
    return page.locator(f"[class*=st-key-gallery-][class*={name}] img")


def expect_pictures(shown: Locator, place: JudgedPlace, numbers: tuple[int, ...]) -> None:
    """Exactly these of the drawn images, in this order."""
    expect(shown).to_have_count(len(numbers))
    for position, number in enumerate(numbers):
        rgb = read_micrograph(place.records[number].path.read_bytes()).rgb
        expect(shown.nth(position)).to_have_attribute("src", picture_address(shrunk(rgb, 240)))


def expect_large(page: Page, *, words: str, was_mapped: bool = False) -> Locator:
    """An image is open with four probabilities and what is on record, and gets its map.

    Args:
        page: Where.
        words: What is on record.
        was_mapped: Whether a map was switched on before, which stays so.
    """
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(words)).to_be_visible()
    expect(dialog.locator(".bloodui-class")).to_have_count(4, timeout=LOADING_MS)
    if not was_mapped:
        expect(dialog.locator(".st-key-viewer image")).to_have_count(1)
        dialog.get_by_text("Map", exact=True).click()
    expect(dialog.locator(".st-key-viewer image")).to_have_count(2)
    expect(dialog.get_by_text("Map for ", exact=False).first).to_be_visible()
    return dialog


def test_the_page_opens_on_shipped_models_and_keeps_questions_apart(
    new_session: Callable[..., Page],
) -> None:
    page = new_session()
    expect(page.get_by_role("radio", name="ALL subtypes", exact=True)).to_be_checked()
    manifests = list_bundles(SHIPPED_ROOT)
    for question, bundle_id in QUESTIONS.items():
        choose(page, question)
        (mine,) = (each for each in manifests if each.id == bundle_id)
        expect(page.get_by_text(f"Classes: {', '.join(mine.classes)}.", exact=True)).to_be_visible()
        allowed = {f"Remove {each.title}" for each in manifests if each.classes == mine.classes}
        removes = page.get_by_role("button", name="Remove ")
        names = {each.get_attribute("aria-label") for each in removes.all()}
        assert f"Remove {mine.title}" in names
        assert names - allowed <= {
            f"Remove {MODEL}",
            f"Remove {RUN} (run)",
            f"Remove {ELSEWHERE} (command line)",
        }
        choose(page, question, mine.title)
        evaluation = read_card(SHIPPED_ROOT / bundle_id / "card.json").evaluation(split="grouped")
        assert evaluation is not None
        for number, name in enumerate(mine.classes):
            right = evaluation.confusion[number][number]
            expect(cell(page, name, name, right)).to_be_visible()


def test_a_cell_of_a_shipped_model_says_why_it_has_no_pictures(
    new_session: Callable[..., Page],
) -> None:
    page = new_session()
    choose(page, "Eight classes", EIGHT)
    cell(page, "CLL", "MCL", 14).click()
    expect(page.get_by_role("heading", name="CLL answered MCL", exact=True)).to_be_visible()
    # Once for the cell, and once for the surest mistakes.
    expect(page.get_by_text(NOT_AT_HAND)).to_have_count(2)
    cell(page, "Benign", "Benign", 120).click()
    expect(page.get_by_text("There are no pictures of right answers")).to_be_visible()
    expect(page.get_by_text(NOT_AT_HAND)).to_have_count(1)
    page.get_by_role("radio", name="Images split at random").click()
    cell(page, "CLL", "MCL", 3).click()
    expect(page.get_by_text("There are no pictures for this split")).to_be_visible()


def test_a_cell_of_a_model_whose_images_are_at_hand_shows_its_pictures_and_their_maps(
    new_session: Callable[..., Page], place: JudgedPlace
) -> None:
    page = new_session()
    choose(page, "ALL subtypes", MODEL)
    expect_pictures(opened(page, "mistakes"), place, (1, 9, 8, 15))
    cell(page, "Pre", "Pro", 2).click()
    expect_pictures(opened(page, "cell-images"), place, (9, 8))
    page.get_by_role("button", name="Pre answered Pro, 60.0 %").first.click()
    dialog = expect_large(page, words="On record: Pro at 60.0 %.")
    shown = read_micrograph(place.records[8].path.read_bytes()).rgb
    picture = dialog.locator(".st-key-viewer image").first
    expect(picture).to_have_attribute("href", picture_address(shown))
    expect(dialog.get_by_text("may have learned from this image")).to_have_count(0)
    dialog.get_by_text("Map", exact=True).click()
    expect(dialog.locator(".st-key-viewer image")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect_pictures(opened(page, "cell-images"), place, (9, 8))


def test_every_control_of_the_page_changes_what_it_shows(new_session: Callable[..., Page]) -> None:
    page = new_session()
    choose(page, "ALL subtypes", MODEL)
    cell(page, "Pre", "Pro", 2).click()
    heading = page.get_by_role("heading", name="Pre answered Pro", exact=True)
    expect(heading).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(heading).to_have_count(0)
    page.get_by_role("radio", name=BY_RATE).click()
    expect(page.get_by_role("button", name="Pre answered Pro: 50", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Studies").click()
    expect(page.get_by_text("No study has finished yet.")).to_be_visible()
    page.get_by_role("tab", name="Models and runs").click()
    expect(page.get_by_text("No study has finished yet.")).to_have_count(0)
    operate.settle(page)
    page.get_by_role("button", name=f"Remove {MODEL}").click()
    expect(page.get_by_role("button", name=f"Remove {MODEL}")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Look closer at")).not_to_have_value(MODEL)


def test_mistakes_are_leafed_through_a_page_at_a_time(new_session: Callable[..., Page]) -> None:
    page = new_session()
    choose(page, "ALL subtypes", f"{RUN} (run)")
    page.get_by_role("radio", name="Images split at random").click()
    expect(opened(page, "mistakes")).to_have_count(12)
    operate.fill(page, "Page of 2", "2")
    expect(opened(page, "mistakes")).to_have_count(4)


def test_every_control_of_a_mistakes_map_changes_what_is_drawn(
    new_session: Callable[..., Page],
) -> None:
    page = new_session()
    choose(page, "ALL subtypes", MODEL)
    page.get_by_role("button", name="Pre answered Pro, 60.0 %").first.click()
    expect_large(page, words="On record: Pro at 60.0 %.")
    operate.unfold(page, "Which map, and how it is drawn")
    layers = page.locator(".st-key-viewer image")

    def heat() -> str:
        return str(layers.last.get_attribute("href"))

    change, choice = operate.expect_change, operate.choose
    change(page, heat, lambda: choice(page, "Map for the class", re.compile("^((?!first).)*$")))
    change(page, heat, lambda: choice(page, "Method", "LayerCAM"))
    change(page, heat, lambda: operate.slide(page, "Opacity of the map"))
    contour = page.locator(".st-key-viewer .scatterlayer .trace")
    change(page, contour.count, lambda: operate.switch(page, "Contour at half of the peak"))
    change(page, layers.first.bounding_box, lambda: operate.switch(page, "Zoom to the peak"))
    words = page.get_by_text(re.compile("what spoke for|Nothing in this image speaks for"))
    expect(words).not_to_be_visible()
    operate.unfold(page, "Why, and what the map shows")
    expect(words).to_be_visible()


def test_a_cell_of_a_run_shows_its_pictures_and_their_maps(
    new_session: Callable[..., Page], place: JudgedPlace
) -> None:
    page = new_session()
    choose(page, "ALL subtypes", f"{RUN} (run)")
    expect(page.get_by_text("ROC, each class against the rest")).to_be_visible()
    expect(opened(page, "mistakes")).to_have_count(4)
    cell(page, "Benign", "Benign", 3).click()
    expect_pictures(opened(page, "cell-images"), place, (0, 2, 3))
    cell(page, "Pre", "Pro", 2).click()
    expect_pictures(opened(page, "cell-images"), place, (9, 8))
    page.get_by_role("button", name="Pre answered Pro, 80.0 %").first.click()
    dialog = expect_large(page, words="On record: Pro at 80.0 %.")
    # It was judged by the second fold's network, and the first one's is kept.
    expect(dialog.get_by_text("may have learned from this image")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Pre answered Pro, 60.0 %").first.click()
    dialog = expect_large(page, words="On record: Pro at 60.0 %.", was_mapped=True)
    expect(dialog.get_by_text("may have learned from this image")).to_have_count(0)


def test_a_run_of_the_command_line_shows_its_pictures_its_curves_and_no_promotion(
    new_session: Callable[..., Page], place: JudgedPlace
) -> None:
    page = new_session()
    choose(page, "ALL subtypes")
    operate.choose_only(page, "Models and runs", f"{ELSEWHERE} (command line)", f"{RUN} (run)")
    choose(page, "ALL subtypes", f"{ELSEWHERE} (command line)")
    cell(page, "Pre", "Pro", 2).click()
    expect_pictures(opened(page, "cell-images"), place, (9, 8))
    expect(page.get_by_text("Grouped split, fold 1, whole network")).to_be_visible()
    operate.settle(page)
    expect(page.get_by_text("Random split, fold 1, whole network")).to_have_count(0)
    expect(page.get_by_role("link", name="Promote it")).to_have_count(0)
    choose(page, "ALL subtypes", f"{RUN} (run)")
    expect(page.get_by_role("link", name="Promote it")).to_be_visible()


def test_the_page_is_never_wider_than_a_narrow_window(new_session: Callable[..., Page]) -> None:
    page = new_session(width=390)
    choose(page, "Eight classes", EIGHT)
    cell(page, "CLL", "MCL", 14).click()
    expect(page.get_by_role("heading", name="CLL answered MCL", exact=True)).to_be_visible()
    content, window = page.evaluate(WIDTHS)
    assert content <= window


def test_a_real_mistake_of_a_shipped_model_opens_with_the_evidence_that_passed_its_check(
    browser: Browser, data_dir: Path, tmp_path: Path
) -> None:
    mistakes = in_cell(
        read_card(SHIPPED_ROOT / EIGHT_ID / "card.json").mistakes, truth="CLL", answer="MCL"
    )
    if not (data_dir / mistakes[0].path).is_file():
        pytest.skip("The images of the lymphoma set are not beside the others.")
    settings = {"BLOODUI_STATE": str(tmp_path / "state"), "BLOODUI_DATA": str(data_dir)}
    with serving(settings, tmp_path / "log.txt") as running:
        context = browser.new_context(viewport={"width": 1280, "height": 1600})
        context.set_default_timeout(LOADING_MS)
        page = context.new_page()
        page.goto(running.url)
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=LOADING_MS)
        page.goto(f"{running.url}/evaluation")
        choose(page, "Eight classes", EIGHT)
        cell(page, "CLL", "MCL", 14).click()
        expect(page.get_by_text(f"{len(mistakes)} of 14: a card lists")).to_be_visible()
        shown = opened(page, "cell-images")
        expect(shown).to_have_count(len(mistakes))
        for number, mistake in enumerate(mistakes):
            rgb = read_micrograph((data_dir / mistake.path).read_bytes()).rgb
            expect(shown.nth(number)).to_have_attribute("src", picture_address(shrunk(rgb, 240)))
        page.locator("[class*=cell-images-][class*=-open-0] button").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("Not proven: MCL")).to_be_visible(timeout=LOADING_MS)
        expect(dialog.get_by_text("Evidence by cells passed its check")).to_be_visible()
        expect(dialog.get_by_text("blocks of the picture carry most of the answer")).to_be_visible()
        outlined = dialog.get_by_role("figure", name="with what moved the answer outlined")
        expect(outlined).to_be_visible()
        context.close()
