"""Two windows of one reader: what each shows, counts, keeps and hands out is what holds."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server
from tests.bloodui.fields.place import (
    WHITE,
    expect_counted,
    give,
    numbers,
    tiles,
)
from tests.bloodui.operate import settle, switch

pytestmark = BROWSER_MARKS


@pytest.fixture
def other(page: Page, server: Server, field: bytes) -> Page:
    """A second window of the same reader, on the field that the first one opened."""
    give(page, field)
    window = page.context.new_page()
    window.set_default_timeout(60_000)
    window.goto(f"{server.url}/fields")
    expect(tiles(window).first).to_be_visible(timeout=LOADING_MS)
    settle(window)
    return window


def correct(page: Page) -> None:
    """Give the first cell of the largest column another class, by its key."""
    held = numbers(page)
    source = max(WHITE, key=lambda kind: held[kind])
    target = next(kind for kind in WHITE if kind != source)
    tiles(page, source).first.click()
    page.keyboard.press(str(WHITE.index(target) + 1))
    settle(page)


def test_a_window_follows_what_was_corrected_in_the_other(page: Page, other: Page) -> None:
    correct(other)
    corrected = numbers(other)
    assert numbers(page) != corrected
    page.bring_to_front()
    page.get_by_role("radio", name="200", exact=True).click()  # anything that draws it anew
    expect(page.get_by_text("of 200")).to_be_visible()
    settle(page)
    expect_counted(page, corrected)
    assert numbers(page) == corrected
    correct(page)  # and goes on from there
    expect(page.get_by_text("Another window changed this")).to_have_count(0)
    expect_counted(page, numbers(page))


def test_fields_that_the_other_window_removed_are_gone_and_cannot_be_kept(
    page: Page, other: Page
) -> None:
    correct(page)
    other.get_by_text("Fields and model").click()
    other.get_by_role("button", name="Remove all", exact=True).click()
    question = other.get_by_text("Cells that you named go with the images")
    expect(question).to_be_visible()
    other.get_by_role("button", name="Leave them").click()
    expect(question).to_have_count(0)
    other.get_by_role("button", name="Remove all", exact=True).click()
    other.get_by_role("button", name="Remove all the same").click()
    expect(other.get_by_role("button", name="Open the demo: real fields")).to_be_visible()
    page.bring_to_front()
    with page.expect_download() as handed_out:
        page.get_by_role("button", name="Download the cells (CSV)").click()
    text = Path(handed_out.value.path()).read_text("utf-8")
    assert list(csv.DictReader(io.StringIO(text))) == []
    with page.expect_download() as handed_out:
        page.get_by_role("button", name="Download the report (HTML)").click()
    report = Path(handed_out.value.path()).read_text("utf-8")
    assert "Differential: 0 white cells" in report
    assert "Field 1" not in report
    switch(page, "I agree, as local user")  # the first thing that asks the server again
    expect(page.get_by_role("button", name="Open the demo: real fields")).to_be_visible(
        timeout=LOADING_MS
    )
    expect(tiles(page)).to_have_count(0)


def test_a_table_that_is_taken_right_after_a_correction_has_it(page: Page, field: bytes) -> None:
    give(page, field)
    held = numbers(page)
    source = max(WHITE, key=lambda kind: held[kind])
    tiles(page, source).first.click()
    page.keyboard.press("Control+a")
    page.keyboard.press(str(WHITE.index("basophil") + 1))
    page.wait_for_timeout(300)  # as fast as a hand gets from the key to the button
    with page.expect_download() as handed_out:
        page.get_by_role("button", name="Download the cells (CSV)").click()
    text = Path(handed_out.value.path()).read_text("utf-8")
    classes = [row["class"] for row in csv.DictReader(io.StringIO(text))]
    assert classes.count("basophil") == held["basophil"] + held[source]
