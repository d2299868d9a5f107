"""The dashboard in a real Chromium, against a real server: what a reader does and sees."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from drawn.smears import CAPTION, draw
from tests.bloodui.dashboard import (
    BROWSER_MARKS,
    LOADING_MS,
    Server,
    serving,
    wait_until,
)
from tests.bloodui.tiny import STRICT, TINY, jpeg_of

PATIENT = "anna-schmidt-1961.jpg"
expect.set_options(timeout=60_000)

pytestmark = BROWSER_MARKS


@pytest.fixture(scope="module")
def server(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    settings = {
        "BLOODUI_MODELS": str(model_root),
        "BLOODUI_MODEL": TINY,
        "BLOODUI_STATE": str(folder / "state"),
    }
    with serving(settings, folder / "log.txt") as running:
        yield running


@pytest.fixture
def new_session(camera_browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Open the dashboard as another reader: a window with a session of its own."""
    contexts: list[BrowserContext] = []

    def open_page(*, width: int = 1280, path: str = "") -> Page:
        context = camera_browser.new_context(viewport={"width": width, "height": 900})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(server.url + path)
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()


def upload(page: Page, *files: bytes, name: str = PATIENT) -> None:
    page.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "image/jpeg", "buffer": data} for data in files]
    )


def expect_opinion(page: Page) -> None:
    """The probabilities of all four classes are to be seen, and the map when it is asked for."""
    rows = page.locator(".st-key-probabilities .bloodui-class")
    expect(rows).to_have_count(4, timeout=LOADING_MS)
    expect(rows.first).to_be_visible()
    expect(rows.first.locator(".value")).to_contain_text("%")
    layers = page.locator(".st-key-viewer image")
    expect(layers.first).to_be_visible()
    if not page.get_by_role("switch", name="Map", exact=True).is_checked():
        expect(layers).to_have_count(1)
        page.get_by_test_id("stCheckbox").get_by_text("Map", exact=True).click()
    expect(layers).to_have_count(2)
    expect(layers.last).to_be_visible()


def test_a_page_opened_by_its_address_alone_never_comes_without_gate_and_banner(
    camera_browser: Browser, model_root: Path, tmp_path: Path
) -> None:
    settings = {"BLOODUI_MODELS": str(model_root), "BLOODUI_STATE": str(tmp_path / "state")}
    with serving(settings, tmp_path / "log.txt") as fresh:
        page = camera_browser.new_context().new_page()
        # A fresh server has not run app.py yet, and would take pages/ for its navigation.
        page.goto(fresh.url + "/registry")
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible()
        page.context.close()


def test_uploaded_jpeg_gets_visible_probabilities_and_overlay(
    new_session: Callable[..., Page], smear_jpeg: bytes
) -> None:
    page = new_session()
    upload(page, smear_jpeg)
    expect_opinion(page)
    expect(page.get_by_text("Answered:").first).to_be_visible()
    page.get_by_test_id("stCheckbox").get_by_text("Map", exact=True).click()
    expect(page.locator(".st-key-viewer image")).to_have_count(1)


def test_real_smear_gets_visible_probabilities_and_overlay(
    new_session: Callable[..., Page], data_dir: Path
) -> None:
    with (data_dir / "index.csv").open(newline="", encoding="utf-8") as index:
        path = next(r["path"] for r in csv.DictReader(index) if r["dataset"] == "taleghani_all")
    page = new_session()
    upload(page, (data_dir / path).read_bytes())
    expect_opinion(page)


def test_truncated_file_gets_a_clear_error_and_the_other_goes_on(
    new_session: Callable[..., Page], smear_jpeg: bytes
) -> None:
    page = new_session()
    upload(page, smear_jpeg[:900], smear_jpeg)
    error = page.get_by_text("The image is damaged or its end is missing.")
    expect(error).to_be_visible(timeout=LOADING_MS)
    expect(page.get_by_text(f"Image 1, {PATIENT}:")).to_be_visible()
    expect_opinion(page)


def test_two_sessions_never_see_each_others_images(
    new_session: Callable[..., Page], smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    one, two = new_session(), new_session()
    fetched: list[str] = []
    one.on("request", lambda request: fetched.append(request.url))
    upload(one, smear_jpeg, name="one.jpg")
    expect_opinion(one)
    # No image lies at an address of the server, where another session could ask for it.
    assert not [url for url in fetched if "/media/" in url]
    two.reload()
    expect(two.get_by_role("button", name="Try a drawn demo image")).to_be_visible()
    expect(two.locator(".st-key-viewer")).to_have_count(0)
    assert "one.jpg" not in two.content()
    upload(two, other_jpeg, name="two.jpg")
    expect_opinion(two)
    images = "() => [...document.querySelectorAll('.st-key-viewer image')].map(i => i.href.baseVal)"
    seen_by_one, seen_by_two = one.evaluate(images), two.evaluate(images)
    assert seen_by_one[0] != seen_by_two[0]
    assert "two.jpg" not in one.content()
    expect(one.get_by_role("button", name="Image 2")).to_have_count(0)


def test_report_is_one_file_with_the_numbers_and_the_files_name_only_where_it_is_asked_for(
    new_session: Callable[..., Page], smear_jpeg: bytes, server: Server
) -> None:
    page = new_session()
    upload(page, smear_jpeg)
    expect_opinion(page)
    first = page.locator(".st-key-probabilities .value").first.inner_text()
    button = page.get_by_role("button", name="Download the report (HTML)")
    with page.expect_download(timeout=120_000) as handed_out:
        button.click()
    report = Path(handed_out.value.path()).read_text(encoding="utf-8")
    assert handed_out.value.suggested_filename == "second-opinion-image-1.html"
    assert first in report
    assert TINY in report
    assert "anna-schmidt" not in report
    page.get_by_test_id("stCheckbox").get_by_text("With the file's name", exact=True).click()
    page.wait_for_timeout(1500)
    with page.expect_download(timeout=120_000) as handed_out:
        button.click()
    assert PATIENT in Path(handed_out.value.path()).read_text(encoding="utf-8")
    assert "anna" not in handed_out.value.suggested_filename
    assert "anna" not in server.log.read_text()


def test_camera_is_asked_for_only_when_chosen_and_its_photograph_is_read(
    new_session: Callable[..., Page],
) -> None:
    page = new_session()
    expect(page.get_by_role("tab", name="Upload")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
    page.get_by_role("tab", name="Camera on the eyepiece").click()
    # A photograph taken before the camera's first picture would be blank.
    wait_until(page, "(document.querySelector('video')?.readyState ?? 0) >= 3")
    page.get_by_role("button", name="Take Photo").click()
    expect_opinion(page)
    page.get_by_role("tab", name="Upload").click()
    expect(page.get_by_role("heading", name="Image 1")).to_be_visible()


def test_image_is_drawn_answered_and_declined_by_keyboard_alone(
    new_session: Callable[..., Page],
) -> None:
    page = new_session()
    demo = page.get_by_role("button", name="Try a drawn demo image")
    demo.focus()
    page.keyboard.press("Enter")
    expect_opinion(page)
    expect(page.get_by_text(CAPTION).first).to_be_visible()
    model = page.get_by_role("combobox", name="Model", exact=True)
    model.focus()
    model.press_sequentially("Strict")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Declined: no opinion on this image")).to_be_visible(timeout=LOADING_MS)
    page.locator("summary", has_text="The model in brief").press("Enter")
    expect(page.get_by_text(STRICT)).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_page_is_never_wider_than_the_window(new_session: Callable[..., Page], width: int) -> None:
    page = new_session(width=width)
    upload(page, jpeg_of(draw("Benign", seed=5).rgb), jpeg_of(draw("Early", seed=6).rgb))
    expect_opinion(page)
    widths = "() => { const m = document.querySelector('[data-testid=stMain]');"
    widths += " return [m.scrollWidth, m.clientWidth] }"
    content, window = page.evaluate(widths)
    assert content <= window
    image = page.locator(".st-key-viewer").bounding_box()
    assert image is not None
    assert image["width"] >= 0.4 * width


def test_about_page_has_the_banner_and_the_models(new_session: Callable[..., Page]) -> None:
    page = new_session(path="/about")
    expect(page.get_by_role("heading", name="What it is not")).to_be_visible()
    expect(page.get_by_text("Strict", exact=True)).to_be_visible()
