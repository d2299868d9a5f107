"""A page as a person operates it: open, choose, type, slide, switch."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.bloodui.dashboard import LOADING_MS, Server

expect.set_options(timeout=60_000)

AT_REST = """() => document.querySelector('[data-test-script-state=notRunning]')
    && !document.querySelector('[data-stale=true]')"""


def open_dashboard(page: Page, server: Server, link: str = "") -> Page:
    """Enter, and go to the page of that name in the navigation; "" stays on the first."""
    page.set_default_timeout(60_000)
    page.goto(server.url)
    expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=60_000)
    return go(page, link) if link else page


def go(page: Page, link: str) -> Page:
    """Follow a link of the navigation."""
    page.get_by_role("link", name=link, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(link, timeout=60_000)
    settle(page)
    return page


def settle(page: Page) -> None:
    """Wait until the page is drawn and stays so: a list that opens before is shut again.

    A run begins a moment after the click that asks for it, so one look at rest says nothing; and a
    download that is asked for at that moment is lost, since its file belongs to the run before.
    """
    n_quiet, deadline = 0, time.monotonic() + LOADING_MS / 1000
    while n_quiet < 4:
        n_quiet = n_quiet + 1 if page.evaluate(AT_REST) else 0
        if time.monotonic() > deadline:
            pytest.fail(f"The page did not come to rest: {AT_REST}")
        page.wait_for_timeout(100)


def choose(page: Page, box: str, option: str | re.Pattern[str]) -> None:
    """Choose the first option of a list that says so; of a list of several, one more."""
    for _ in range(8):
        settle(page)
        field = page.get_by_role("combobox", name=box, exact=True)
        field.click()
        if isinstance(option, str):  # a long list shows but its beginning
            field.fill(option)
        try:
            page.get_by_role("option", name=option).first.click(timeout=15_000)
        except PlaywrightTimeoutError:
            page.keyboard.press("Escape")
            settle(page)
            several = page.get_by_test_id("stMultiSelect").filter(has_text=box)
            if several.get_by_role("button", name=option).count():  # clicked, and drawn anew
                return
        else:
            if page.get_by_role("listbox").count():  # a list of several stays open
                page.keyboard.press("Escape")
            settle(page)
            return
    pytest.fail(f"{box} could not be set to {option}")


def choose_only(page: Page, box: str, *options: str) -> None:
    """Empty a list of several, and choose these."""
    settle(page)
    several = page.get_by_test_id("stMultiSelect").filter(has_text=box)
    expect(several).to_be_visible()
    clear = several.get_by_role("button", name="Clear all")
    if clear.count():
        clear.click()
    for option in options:
        choose(page, box, option)


def fill(page: Page, label: str, value: str) -> None:
    """Type into a field, and leave it."""
    field = page.get_by_label(label, exact=True).filter(visible=True)
    field.fill(value)
    field.press("Tab")


def ask_side_by_side(page: Page, server: Server, link: str, *models: str) -> None:
    """Open Compare or What if with these models alone, and a drawn smear."""
    open_dashboard(page, server, link)
    box = "Models, two to six" if link == "Compare" else "Models, up to six"
    choose_only(page, box, *models)
    page.get_by_role("button", name="Try a drawn demo image").click()


def slide(page: Page, label: str, *, key: str = "ArrowLeft", thumb: int = 0) -> None:
    """Move a slider by a key; one with two ends has two thumbs."""
    page.get_by_role("slider", name=label).nth(thumb).press(key)


def switch(page: Page, label: str) -> None:
    """Click on a switch."""
    page.get_by_test_id("stCheckbox").get_by_text(label, exact=True).click()


def unfold(page: Page, title: str | re.Pattern[str]) -> None:
    """Click on the title of what is folded."""
    titles = page.locator("summary").filter(has=page.get_by_text(title, exact=True))
    titles.filter(visible=True).click()


def upload(page: Page, *pictures: bytes, number: int = 0) -> None:
    """Give pictures to the uploader of that number, under a name that nobody may see."""
    file = {"name": "anna-schmidt.jpg", "mimeType": "image/jpeg"}
    upload_files(page, [file | {"buffer": each} for each in pictures], number=number)


def upload_files(page: Page, files: Sequence[Mapping[str, object]], *, number: int = 0) -> None:
    """Give files to an uploader by its button and the browser's own window."""
    settle(page)
    uploader = page.get_by_test_id("stFileUploader").nth(number)
    with page.expect_file_chooser() as window:
        uploader.get_by_role("button", name="Upload", exact=True).click()
    window.value.set_files(files)  # type: ignore[arg-type]


def expect_change(page: Page, look: Callable[[], object], act: Callable[[], None]) -> None:
    """Do something, and wait until that which is looked at is another than before."""
    settle(page)
    before = look()
    act()
    deadline = time.monotonic() + LOADING_MS / 1000
    while look() == before:
        assert time.monotonic() < deadline, f"It is still the same: {str(before)[:300]}"
        page.wait_for_timeout(100)
