"""The tray in a real Chromium: kept on every page, seen by one browser alone, read as a table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from drawn.smears import draw
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server
from tests.bloodui.operate import (
    choose,
    choose_only,
    go,
    open_dashboard,
    settle,
    switch,
    upload,
    upload_files,
)
from tests.bloodui.tiny import jpeg_of

pytestmark = BROWSER_MARKS

FORMULA = "=1+1 <b>[Anna](http://a.b)</b> :smile:.jpg"


def file(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def thumbnails(page: Page) -> Locator:
    return page.locator(".st-key-thumbnails").get_by_test_id("stButton")


def opened(page: Page, label: str) -> Locator:
    """The button of a thumbnail, if that image is the open one."""
    button = page.get_by_test_id("stButton").filter(has=page.get_by_text(label, exact=True))
    return button.locator("[kind=primary]")


def downloaded(page: Page, button: str | re.Pattern[str]) -> str:
    with page.expect_download(timeout=120_000) as handed_out:
        page.get_by_role("button", name=button).click()
    return Path(handed_out.value.path()).read_text("utf-8")


def rows(text: str) -> list[Mapping[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def expect_two_images(page: Page) -> None:
    """Both are at hand, and the second is open."""
    expect(thumbnails(page)).to_have_count(2, timeout=LOADING_MS)
    expect(opened(page, "Image 2")).to_be_visible(timeout=LOADING_MS)
    settle(page)


def test_images_and_models_stay_on_every_page_back_and_again_until_they_are_removed(
    page: Page, dashboard: Server, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    open_dashboard(page, dashboard)
    choose(page, "Model", "Shy")
    upload(page, smear_jpeg, other_jpeg)
    expect(thumbnails(page)).to_have_count(2, timeout=LOADING_MS)
    page.get_by_role("button", name="Image 2", exact=True).click()
    expect(page.get_by_text("Abstained: the model is not sure enough")).to_be_visible()
    go(page, "Compare")
    choose_only(page, "Models, two to six", "Tiny", "Shy")
    expect_two_images(page)
    go(page, "What if")
    expect_two_images(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Compare models")).to_be_visible()
    expect_two_images(page)
    page.reload()
    expect(page.get_by_role("heading", name="Compare models")).to_be_visible()
    expect_two_images(page)
    chosen = page.get_by_test_id("stMultiSelect").get_by_role("button", name="Remove ")
    expect(chosen).to_have_count(2)
    go(page, "Second opinion")
    expect_two_images(page)
    expect(page.get_by_role("combobox", name="Model", exact=True)).to_have_value("Shy")
    expect(page.get_by_text("anna-schmidt.jpg").first).to_be_visible()
    page.get_by_role("button", name="Remove Image 2", exact=True).click()
    expect(page.get_by_role("button", name="Remove Image 1", exact=True)).to_be_visible()
    page.get_by_role("button", name="Remove all", exact=True).click()
    demo = page.get_by_role("button", name="Try a drawn demo image")
    expect(demo).to_be_visible()
    page.reload()
    expect(demo).to_be_visible()


def test_no_other_browser_sees_the_images_or_their_names_though_it_opened_the_same_link(
    page: Page, dashboard: Server, smear_jpeg: bytes
) -> None:
    open_dashboard(page, dashboard)
    upload(page, smear_jpeg)
    expect(page.get_by_text("anna-schmidt.jpg").first).to_be_visible(timeout=LOADING_MS)
    mine = {each["name"]: each for each in page.context.cookies()}
    (tray,) = (each for name, each in mine.items() if name.startswith("bloodui-browser-"))
    assert (tray["httpOnly"], tray["sameSite"], tray["expires"]) == (True, "Lax", -1)
    assert page.context.browser is not None
    other = page.context.browser.new_context()
    theirs = open_dashboard(other.new_page(), dashboard)
    for link in ("Second opinion", "Compare", "What if"):
        go(theirs, link)
        expect(theirs.get_by_role("button", name="Try a drawn demo image")).to_be_visible()
        assert "anna-schmidt" not in theirs.content()
    assert tray["value"] not in {each["value"] for each in other.cookies()}
    other.close()
    assert "anna" not in dashboard.log.read_text()


def test_what_was_refused_is_found_by_its_files_name_and_can_be_cleared(
    page: Page, dashboard: Server, smear_jpeg: bytes
) -> None:
    open_dashboard(page, dashboard)
    upload_files(page, [file("good.jpg", smear_jpeg), file(FORMULA, b"<html>")])
    told = page.get_by_test_id("stAlertContentError")
    expect(told).to_contain_text(f"Image 2, {FORMULA}: This file is not an image")
    assert page.locator("b:has-text('Anna'), a[href*='a.b']").count() == 0
    upload_files(page, [file(f"note-{n}.txt", b"hello") for n in range(3)])
    for number in range(3):
        expect(told).to_contain_text(f"Image {number + 3}, note-{number}.txt: This file is not")
    expect(told).to_have_count(1)
    expect(page.get_by_role("heading", name="Image 1").first).to_be_visible(timeout=LOADING_MS)
    page.get_by_role("button", name="Clear what was not read").click()
    expect(told).to_have_count(0)
    settle(page)
    expect(page.get_by_role("heading", name="Image 1")).to_be_visible()


def test_a_batch_is_read_as_a_table_filtered_sorted_opened_and_taken_away(
    page: Page, dashboard: Server
) -> None:
    open_dashboard(page, dashboard)
    pictures = [
        file(f"{name}.jpg", jpeg_of(draw("Pre", seed=n, size_px=96).rgb))
        for n, name in enumerate("cab")
    ]
    upload_files(page, [*pictures, file(FORMULA, b"<html>")])
    expect(thumbnails(page)).to_have_count(3, timeout=LOADING_MS)
    told = page.locator(".st-key-thumbnails").get_by_text("Answered: ")
    expect(told).to_have_count(3, timeout=LOADING_MS)
    page.get_by_role("radio", name="Table").click()
    table = page.locator("[class*=st-key-rows-verdicts]")
    expect(column(table, 3)).to_have_text(["Answered"] * 3 + ["Not read"])
    expect(column(table, 6)).to_have_text(["c.jpg", "a.jpg", "b.jpg", f"'{FORMULA}"])

    # Sorted the other way round, the second row is the third image.
    click_row(page, table, 0)  # as they came, which is their order already
    click_row(page, table, 0)
    expect(column(table, 2)).to_have_text([f"Image {n}" for n in (4, 3, 2, 1)])
    click_row(page, table, 2)
    expect(page.get_by_role("heading", name="Image 3")).to_be_visible()
    click_row(page, table, 3)
    expect(page.get_by_role("heading", name="Image 2")).to_be_visible()

    table.hover()
    expect(table.get_by_role("button", name="Search")).to_be_visible()
    expect(table.get_by_role("button", name="Download as CSV")).to_be_hidden()
    given = rows(downloaded(page, "Download the table (CSV)"))
    assert [row["verdict"] for row in given] == ["Answered"] * 3 + ["Not read"]
    assert "file" not in given[0]
    report = downloaded(page, "Download one report of 4 (HTML)")
    assert "Second opinion: 4 images" in report
    assert "Anna" not in report
    switch(page, "With the files' names")
    settle(page)
    named = rows(downloaded(page, "Download the table (CSV)"))
    assert [row["file"] for row in named] == ["c.jpg", "a.jpg", "b.jpg", f"'{FORMULA}"]
    report = downloaded(page, "Download one report of 4 (HTML)")
    assert "b.jpg" in report
    assert "&lt;b&gt;[Anna]" in report

    page.get_by_test_id("stButtonGroup").get_by_text("Not read 1").click()
    expect(column(table, 3)).to_have_text(["Not read"])
    settle(page)
    (row,) = rows(downloaded(page, "Download the table (CSV)"))
    assert row["image"] == "Image 4"
    expect(page.get_by_role("button", name=re.compile("Download one report"))).to_have_count(0)


def column(table: Locator, number: int) -> Locator:
    """The cells of a column of a table, as a screen reader hears them; counted from 1."""
    return table.locator(f"td[role=gridcell][aria-colindex='{number}']")


def click_row(page: Page, table: Locator, row: int) -> None:
    """Click on a row of a table, which is one canvas, in its second column; 0 is the heading."""
    settle(page)
    down = 36 + 48 * row - 24 if row else 18
    table.get_by_test_id("stDataFrameResizable").click(position={"x": 92, "y": down})
    settle(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_of_a_batch_is_wider_than_a_phone(
    page: Page, dashboard: Server, scheme: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_dashboard(page, dashboard)
    name = "ward-7-bed-12-" * 12 + ".jpg"
    upload_files(page, [file(name, jpeg_of(draw("Pre", seed=n, size_px=96).rgb)) for n in (1, 2)])
    expect(thumbnails(page)).to_have_count(2, timeout=LOADING_MS)
    for view in ("Table", "Pictures"):
        page.get_by_role("radio", name=view).click()
        settle(page)
        main = page.get_by_test_id("stMain")
        wide, window = main.evaluate("found => [found.scrollWidth, found.clientWidth]")
        assert wide <= window, view
