"""Every control of a quiz, its instructor's and its readers', in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from bloodui.images import DraftImage
from bloodui.people import LOCAL_READER
from bloodui.quiz.quiz import AFTER_EACH, Rules
from bloodui.quiz.resident import Resident
from drawn.smears import draw
from models.image.micrograph import micrograph_from_rgb
from tests.bloodui import quiz_pages
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server
from tests.bloodui.operate import (
    choose,
    choose_only,
    expect_change,
    fill,
    open_dashboard,
    settle,
    switch,
    unfold,
)
from tests.bloodui.tiny import CLASSES, TINY

pytestmark = BROWSER_MARKS


@pytest.fixture
def state(dashboard: Server) -> Path:
    return dashboard.log.parent / "state"


def follow(page: Page, dashboard: Server, link: str) -> None:
    """Open a quiz as whoever got its link."""
    page.set_default_timeout(60_000)
    page.goto(f"{dashboard.url}/?quiz={link}")
    expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible()


def answer(page: Page, name: str) -> None:
    """Choose a class with the mouse, be surer than before, and give the answer."""
    page.locator("[class*=st-key-quiz-class-]").get_by_role("button", name=name).click()
    expect(page.locator("[class*=st-key-quiz-class-] [kind=primary]")).to_contain_text(name)
    page.get_by_role("slider").press("ArrowRight")
    page.get_by_role("button", name="Give the answer").click()


def read(state: Path, link: str, alias: str, answers: tuple[int, ...]) -> None:
    """Read a quiz past the page."""
    resident = Resident(state=state, person=LOCAL_READER)
    token = resident.begin(link, alias)
    for position, given in enumerate(answers):
        resident.task(token)
        resident.answer(token, position, answer=given, confidence=0.8)


def test_a_quiz_is_what_its_form_says(page: Page, dashboard: Server, state: Path) -> None:
    open_dashboard(page, dashboard, "Quiz")
    fill(page, "Title", "Two kinds")
    choose_only(page, "Pictures to draw", "Benign", "Pro-B")
    fill(page, "Images of each", "1")
    fill(page, "Seed", "7")
    page.get_by_test_id("stRadioOption").filter(has_text="At the end").click()
    fill(page, "Seconds for each image", "90")
    choose(page, "Model whose answer and map residents see beside the truth", "Tiny")
    expect(page.get_by_text("2 images, at most 200.")).to_be_visible()
    page.get_by_role("button", name="Make the quiz").click()
    expect(page.get_by_text("Made: Two kinds, 2 images.")).to_be_visible()
    expect(page.locator("code")).to_have_count(2)
    address, key = (code.inner_text().strip() for code in page.locator("code").all())

    made = quiz_pages.instructor(state, key)
    (quiz,) = made.quizzes()
    assert quiz.rules.model_id == TINY
    stored = [image.micrograph.rgb for image in made.images(quiz.id, range(2))]
    for name in ("Benign", "Pro"):
        drawn = draw(name, seed=7000).rgb
        assert any(np.array_equal(each, drawn) for each in stored), name
    follow(page, dashboard, address.partition("?quiz=")[2])
    expect(page.get_by_text("2 images, 90 seconds each.")).to_be_visible()
    expect(page.get_by_text("You see the right answers at the end.")).to_be_visible()


def test_a_reading_goes_on_after_a_reload_and_elsewhere_by_its_code_and_is_begun_anew(
    page: Page, camera_browser: Browser, dashboard: Server, state: Path
) -> None:
    rules = Rules(title="Two", classes=CLASSES, model_id=TINY, answer_shown=AFTER_EACH)
    images = [
        DraftImage(
            micrograph=micrograph_from_rgb(draw("Pre", seed=seed).rgb), truth=2, is_drawn=True
        )
        for seed in (3, 9)
    ]
    made = quiz_pages.instructor(state).create(rules, images)
    follow(page, dashboard, made.quiz.link)
    fill(page, "Your alias", "kingfisher")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("Image 1 of 2")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Image 1 of 2")).to_be_visible()
    unfold(page, "To go on elsewhere, or as somebody else")
    code = page.locator("code")
    expect(code).to_be_visible()
    token = code.inner_text().strip()
    settle(page)
    page.get_by_role("button", name="Begin as somebody else").click()
    expect(page.get_by_label("Your alias", exact=True)).to_be_visible()
    context = camera_browser.new_context(viewport={"width": 1280, "height": 1600})
    page = context.new_page()
    follow(page, dashboard, made.quiz.link)
    unfold(page, "Go on with a reading that you began before")
    go_on = page.get_by_role("button", name="Go on", exact=True)
    expect(go_on).to_be_disabled()
    fill(page, "Code of your reading", token)
    go_on.click()
    for number in (1, 2):
        expect(page.get_by_text(f"Image {number} of 2")).to_be_visible()
        settle(page)
        answer(page, "Early")
        expect(page.get_by_text("sure to 65 %")).to_be_visible()
        layers = page.locator(".st-key-viewer image")
        expect(page.get_by_text("Grad-CAM was never checked on this model").first).to_be_visible(
            timeout=LOADING_MS
        )
        settle(page)
        expect(layers).to_have_count(1)
        unfold(page, "Why, and what the map shows")
        expect(page.get_by_text("what spoke for")).to_be_visible()
        switch(page, "Map over the image")
        expect(layers).to_have_count(2)
        page.get_by_role("button", name="Next image" if number == 1 else "See your score").click()
    expect(page.get_by_text("Your score, kingfisher")).to_be_visible()
    expect(page.get_by_test_id("stAlert").filter(has_text="Not right")).to_have_count(1)
    shown = page.locator(".st-key-viewer image").first
    expect_change(
        page, lambda: shown.get_attribute("href"), lambda: choose(page, "Image", "Image 2")
    )
    page.get_by_role("button", name="Read it once more").click()
    expect(page.get_by_label("Your alias", exact=True)).to_be_visible()
    context.close()


def test_results_are_opened_looked_at_reader_by_reader_and_deleted(
    page: Page, dashboard: Server, state: Path
) -> None:
    made = quiz_pages.make(state, 4)
    read(state, made.quiz.link, "heron", (0, 0, 0, 0))
    read(state, made.quiz.link, "wren", (1, 1, 1, 1))
    read(state, made.quiz.link, "swift", (2, 2))
    open_dashboard(page, dashboard, "Quiz")
    page.get_by_role("radio", name="Results").click()
    fill(page, "Key of a quiz", made.key)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Open").click()
    expect(page.get_by_text("Agreement among readers")).to_be_visible()
    settle(page)
    cells = page.locator("[class*='st-key-matrix-'] button")
    expect_change(
        page,
        cells.all_text_contents,
        lambda: switch(page, "Count unfinished readings, too (1)"),
    )
    expect_change(page, cells.all_text_contents, lambda: choose(page, "Figures of", "wren"))
    expect_change(
        page,
        cells.all_text_contents,
        page.get_by_role("radio", name="% of the true class").click,
    )
    page.get_by_role("button", name="Pre answered Early").click()
    expect(page.get_by_text("answered so once")).to_be_visible()
    choose(page, "Model", "Tiny")
    page.get_by_role("button", name="Ask the model").click()
    expect(page.get_by_text("Tiny right:")).to_be_visible(timeout=LOADING_MS)

    unfold(page, "Delete this quiz")
    delete = page.get_by_role("button", name="Delete", exact=False).last
    expect(delete).to_be_disabled()
    switch(page, "Yes, delete it")
    expect(delete).to_be_enabled()
    delete.click()
    expect(page.get_by_text("Deleted.")).to_be_visible()
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Open").click()
    expect(page.get_by_text("This key opens no quiz")).to_be_visible()
