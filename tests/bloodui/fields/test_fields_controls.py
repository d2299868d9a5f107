"""Fields in a real Chromium: what was corrected is counted by the server, kept over reloads and
with consent, and in what is taken away; fields come and go."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import sqlite3
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, expect

from drawn.fields import draw_cells
from models.cells.count import KINDS, exact_limits
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, wait_until
from tests.bloodui.fields.place import (
    WHITE,
    counts,
    drawn_field,
    expect_counted,
    give,
    largest_column,
    numbers,
    tiles,
)
from tests.bloodui.operate import (
    choose,
    fill,
    go,
    settle,
    switch,
    unfold,
    upload,
    upload_files,
)
from tests.bloodui.tiny import jpeg_of

pytestmark = BROWSER_MARKS


def test_corrections_outlast_a_reload_and_other_pages(page: Page, field: bytes) -> None:
    give(page, field, drawn_field(12, seed=5))
    before = numbers(page)
    source = largest_column(page)
    target = next(kind for kind in WHITE if kind != source)
    tiles(page, source).nth(0).click()
    page.keyboard.press(str(WHITE.index(target) + 1))
    after = numbers(page)
    assert after != before
    expect_counted(page, after)
    page.reload()
    expect(tiles(page).first).to_be_visible(timeout=60_000)
    assert numbers(page) == after
    expect_counted(page, after)
    go(page, "About")
    go(page, "Fields")
    expect(tiles(page).first).to_be_visible(timeout=60_000)
    assert numbers(page) == after
    # A field that goes takes its cells along, and what was said of the others stays.
    unfold(page, "Fields and model")
    page.get_by_role("button", name="Remove Field 1").click()
    settle(page)
    expect(page.get_by_text("counted in 1 field.")).to_be_visible()
    assert sum(numbers(page).values()) < sum(after.values())
    page.get_by_role("button", name="Undo").wait_for()


def test_two_fields_count_together_and_are_leafed_through(page: Page, field: bytes) -> None:
    give(page, field)
    alone = counts(page)
    unfold(page, "Fields and model")
    give(page, drawn_field(12, seed=5))
    expect(page.get_by_text("counted in 2 fields.")).to_be_visible(timeout=60_000)
    together = counts(page)
    assert sum(together.values()) > sum(alone.values())
    name = page.locator(".field-name")
    expect(name).to_have_text("Field 1 of 2")
    page.get_by_role("button", name="Next field").click()
    expect(name).to_have_text("Field 2 of 2")
    page.get_by_role("button", name="Field before").click()
    page.get_by_role("button", name="Field before").click()
    expect(name).to_have_text("Field 2 of 2")
    tiles(page).filter(has_text="1·").first.click()
    expect(name).to_have_text("Field 1 of 2")
    # A key changes no cell of a field that was left.
    expect(page.locator(".tile.chosen")).to_have_count(1)
    held = numbers(page)
    page.keyboard.press("PageDown")
    expect(name).to_have_text("Field 2 of 2")
    expect(page.locator(".tile.chosen")).to_have_count(0)
    page.keyboard.press("1")
    page.keyboard.press("2")
    assert numbers(page) == held


def test_the_file_of_a_field_is_named_as_text(page: Page, field: bytes) -> None:
    words = "<i>smear</i> &amp; 7.jpg"
    files = [("patient-0.jpg", field), (words, drawn_field(12, seed=5))]
    upload_files(
        page, [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in files]
    )
    name = page.locator(".viewer .file-name")
    expect(name).to_have_text("patient-0.jpg", timeout=LOADING_MS)
    page.get_by_role("button", name="Next field").click()
    expect(name).to_have_text(words)


def test_how_many_more_to_count(page: Page, field: bytes) -> None:
    give(page, field)
    n_white = sum(counts(page).values())
    expect(page.get_by_text(f"{n_white} of 100, {100 - n_white} more.")).to_be_visible()
    page.get_by_role("radio", name="500").click()
    expect(page.get_by_text(f"{n_white} of 500, {500 - n_white} more.")).to_be_visible()
    kind = largest_column(page)
    choose(page, "How sure of", kind)
    expect(page.get_by_text(re.compile(f"{kind.capitalize()}: .* ± 5"))).to_be_visible()
    page.get_by_role("radio", name="± 2").click()
    narrow = page.get_by_text(re.compile(f"{kind.capitalize()}: Count .* ± 2"))
    expect(narrow).to_be_visible()
    expect(narrow).to_contain_text("In 500 white cells of the same share:")


def test_a_field_that_is_not_good_enough_is_read_where_the_reader_insists(page: Page) -> None:
    dark = (draw_cells(["blast"] * 6, seed=3).rgb * 0.15).astype(np.uint8)
    upload(page, jpeg_of(np.asarray(cv2.GaussianBlur(dark, (0, 0), 9))))
    expect(page.get_by_text("The field is not good enough")).to_be_visible(timeout=120_000)
    page.get_by_role("button", name="Read Field 1 all the same").click()
    settle(page)
    expect(page.get_by_text("in 1 field.")).to_be_visible(timeout=60_000)


def test_a_model_that_is_not_sure_leaves_the_cells_to_the_reader(page: Page, field: bytes) -> None:
    choose(page, "Model for cells", "Shy cells")
    give(page, field)
    before = numbers(page)
    assert before["not sure"] > 10
    assert not any(before[kind] for kind in KINDS)
    expect(page.get_by_text("0 white cells counted in 1 field.")).to_be_visible()
    expect(page.get_by_text(f"In no share: {before['not sure']} that")).to_be_visible()
    tiles(page, "not sure").first.click()
    expect(page.locator(".details .answer")).to_contain_text("not sure")
    page.keyboard.press("1")
    page.keyboard.press("3")
    expect_counted(page, before | {"blast": 1, "lymphocyte": 1})
    # Two of so many: no share, and no limits of one, are told.
    expect(page.get_by_text("so that no share can be told")).to_be_visible()
    for drawn in page.locator(".bloodui-differential :is(.limits, .drawn)").all():
        assert drawn.inner_html() == ""
    # Back by dragging: "not sure" is what the model says.
    tiles(page, "blast").first.drag_to(page.locator(".columns header", has_text="not sure"))
    expect_counted(page, before | {"lymphocyte": 1})


def test_fields_come_in_by_every_way_and_go(page: Page, field: bytes) -> None:
    words = page.locator("[data-testid=stMarkdown] strong").filter(has_text="counted")
    page.get_by_role("tab", name="Drawn demo image").click()
    fill(page, "Variation", "2")
    choose(page, "Picture to draw", re.compile("Pro"))
    page.get_by_role("button", name="Draw it").click()
    expect(words).to_contain_text("in 1 field.", timeout=LOADING_MS)
    expect(page.locator(".viewer .note")).to_contain_text("Drawn")
    unfold(page, "Fields and model")
    page.get_by_role("tab", name="Drawn demo image").click()
    switch(page, "Out of focus, to see an image declined")
    page.get_by_role("button", name="Draw it").click()
    expect(page.get_by_text("Field 2:")).to_be_visible(timeout=LOADING_MS)
    page.get_by_role("tab", name="Upload").click()
    upload(page, field, b"<html>")
    expect(words).to_contain_text("in 2 fields.", timeout=LOADING_MS)
    # The one that was declined keeps its number, in the cells' names, too.
    expect(page.locator(".field-name")).to_have_text("Field 1 of 3")
    expect(tiles(page).filter(has_text="3·").first).to_be_visible()
    expect(tiles(page).filter(has_text="2·")).to_have_count(0)
    expect(page.get_by_text("This file is not an image")).to_be_visible()
    page.get_by_role("button", name="Clear what was not read").click()
    expect(page.get_by_text("This file is not an image")).to_have_count(0)
    page.get_by_role("tab", name="Camera on the eyepiece").click()
    wait_until(page, "(document.querySelector('video')?.readyState ?? 0) >= 3")
    page.get_by_role("button", name="Take Photo").click()
    expect(page.get_by_text("4 fields")).to_be_visible(timeout=LOADING_MS)
    settle(page)
    choose(page, "Which to remove", "Field 3")
    page.get_by_role("button", name="Remove Field 3").click()
    expect(page.get_by_text("3 fields", exact=True)).to_be_visible()
    page.get_by_role("button", name="Remove all", exact=True).click()
    expect(page.get_by_role("button", name="Open the demo: real fields")).to_be_visible()


def test_corrections_are_kept_with_consent_undone_and_taken_back(page: Page, field: bytes) -> None:
    give(page, field)
    source = largest_column(page)
    target = next(kind for kind in WHITE if kind != source)
    expect(page.get_by_text("Nothing corrected yet.")).to_be_visible()
    tiles(page, source).nth(0).click()
    page.keyboard.press(str(WHITE.index(target) + 1))
    page.keyboard.press(str(WHITE.index(source) + 1))  # agrees on the next one
    keep = page.get_by_role("button", name="Keep 2 corrections")
    expect(keep).to_be_disabled()
    fill(page, "Case, if these fields are of one patient", "Anna Schmidt")
    settle(page)
    switch(page, "I agree, as local user")
    settle(page)
    keep.click()
    expect(page.get_by_text("Kept: 2 corrections.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="I agree, as local user")).not_to_be_checked()
    # The case stays, also over a reload, so that what is kept next belongs to it, too.
    settle(page)
    page.reload()
    box = page.get_by_label("Case, if these fields are of one patient", exact=True)
    expect(box).to_have_value("Anna Schmidt", timeout=LOADING_MS)
    settle(page)
    unfold(page, re.compile("Kept corrections: 2"))
    said = page.get_by_text(f"1 {source}, as the model said")
    expect(said).to_be_visible()
    expect(page.get_by_text(f"1 {target}, not {source}")).to_be_visible()
    expect(page.get_by_text("by local user (you)")).to_be_visible()
    pictures = page.locator("[data-testid=stExpanderDetails] [data-testid=stImage] img")
    expect(pictures).to_have_count(0)
    settle(page)
    switch(page, "Show their pictures")
    expect(pictures).to_have_count(2)
    settle(page)
    page.get_by_role("button", name="Undo these").click()
    expect(page.get_by_text("They no longer hold")).to_be_visible()
    expect(page.get_by_text(re.compile("by local user.*, undone"))).to_have_count(1)
    expect(page.get_by_role("button", name="Undo these")).to_have_count(0)
    settle(page)
    # The pictures are still there, until they are taken back.
    expect(pictures).to_have_count(2)
    # Kept anew, each cell is listed once; the line goes when something is corrected.
    settle(page)
    switch(page, "I agree, as local user")
    settle(page)
    keep.click()
    expect(page.get_by_text("Kept corrections: 2")).to_be_visible()
    expect(page.get_by_text("They no longer hold")).to_have_count(0)
    kept = page.get_by_text("Kept: 2 corrections.")
    expect(kept).to_be_visible()
    settle(page)
    page.get_by_role("button", name="↶ Undo", exact=True).click()
    expect(kept).to_have_count(0)
    back = page.get_by_role("button", name="Take back for good")
    settle(page)
    if not back.is_visible():
        unfold(page, re.compile("Kept corrections: 2"))
    expect(back).to_have_count(1)
    expect(back).to_be_disabled()
    switch(page, "Yes, delete these with their pictures")
    expect(back).to_be_enabled()
    settle(page)
    back.click()
    expect(page.get_by_text("Deleted, with their pictures")).to_be_visible()
    expect(said).to_have_count(0)


def test_the_cells_are_taken_away_as_a_table_with_what_the_reader_said(
    page: Page, field: bytes
) -> None:
    give(page, field)
    source = largest_column(page)
    target = next(kind for kind in WHITE if kind != source)
    tiles(page, source).nth(0).click()
    page.keyboard.press(str(WHITE.index(target) + 1))
    after = numbers(page)
    expect_counted(page, after)
    settle(page)
    with page.expect_download() as handed_out:
        page.get_by_role("button", name="Download the cells (CSV)").click()
    text = Path(handed_out.value.path()).read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    whole = [row for row in rows if row["is_cut_off"] == "False"]
    for kind in WHITE:
        assert sum(row["class"] == kind for row in whole) == after[kind]
    (corrected,) = [row for row in rows if row["named_by"] == "reader"]
    assert (corrected["class"], corrected["model_class"]) == (target, source)
    assert "patient" not in text
    fill(page, "Case, if these fields are of one patient", "Anna Schmidt")
    settle(page)
    switch(page, "With the files' names, the case and yours")
    settle(page)
    with page.expect_download() as handed_out:
        page.get_by_role("button", name="Download the cells (CSV)").click()
    named = list(csv.DictReader(io.StringIO(Path(handed_out.value.path()).read_text("utf-8"))))
    assert {row["file"] for row in named} == {"patient-0.jpg"}
    assert {(row["case"], row["reader"]) for row in named} == {("Anna Schmidt", "local user")}


def test_the_report_holds_the_differential_and_the_corrections(page: Page, field: bytes) -> None:
    give(page, field)
    source = largest_column(page)
    target = next(kind for kind in WHITE if kind != source)
    tiles(page, source).nth(0).click()
    page.keyboard.press(str(WHITE.index(target) + 1))
    after = numbers(page)
    expect_counted(page, after)

    def report() -> str:
        settle(page)
        with page.expect_download() as handed_out:
            page.get_by_role("button", name="Download the report (HTML)").click()
        return Path(handed_out.value.path()).read_text("utf-8")

    nameless = report()
    assert "patient-0" not in nameless
    page.get_by_role("radio", name="200").click()
    choose(page, "How sure of", target)
    page.get_by_role("radio", name="± 10").click()
    settle(page)
    switch(page, "With the files' names, the case and yours")
    settle(page)
    named = report()
    assert "patient-0" in named
    shown = page.context.new_page()
    shown.set_content(named)
    words = shown.locator("body").inner_text()
    n_white = sum(after[kind] for kind in WHITE)
    low, high = exact_limits(after[target], n_white)
    assert f"({100 * low:.1f} to {100 * high:.1f})" in words
    said = page.get_by_text(re.compile(f"{target.capitalize()}: .* ± 10")).inner_text()
    assert said in words
    assert f"{n_white} of 200, {200 - n_white} more." in words
    corrections = shown.locator("table, ul, section").filter(has_text=source).last
    assert target in corrections.inner_text()
    assert "not for diagnosis" in words.lower()
    shown.close()


def test_the_demo_opens_on_real_fields_with_their_credit(page: Page) -> None:
    page.get_by_role("button", name="Open the demo: real fields").click()
    expect(tiles(page).first).to_be_visible(timeout=300_000)
    expect(page.get_by_text("counted in 12 fields.")).to_be_visible()
    expect(page.locator(".viewer .note")).to_contain_text("BCCD data set, MIT licence")


def test_cells_that_were_named_become_a_quiz_and_a_set_to_compare_on(
    page: Page, field: bytes, server: Server
) -> None:
    for name in ("Compare", "Quiz"):
        go(page, name)
        if name == "Compare":
            page.get_by_role("radio", name="A set with labels").click()
        page.get_by_role("radio", name="Cells that I named on Fields").click()
        expect(page.get_by_text("None yet: open fields")).to_be_visible()
        expect(page.get_by_role("button", name="Compare on")).to_have_count(0)
        if name == "Quiz":
            expect(page.get_by_role("button", name="Make the quiz")).to_be_disabled()
        page.get_by_role("link", name="Name cells on Fields").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Fields")
        settle(page)
    give(page, field)
    source = largest_column(page)
    target = next(kind for kind in WHITE if kind != source)
    tiles(page, source).nth(0).click()
    page.keyboard.press(str(WHITE.index(target) + 1))
    page.keyboard.press(str(WHITE.index(source) + 1))  # agrees on the next one
    expect(page.get_by_role("button", name="Keep 2 corrections")).to_be_visible()

    go(page, "Compare")
    page.get_by_role("radio", name="A set with labels").click()
    page.get_by_role("radio", name="Cells that I named on Fields").click()
    page.get_by_role("button", name="Compare on 2 images").click()
    expect(page.get_by_text("Who is right")).to_be_visible(timeout=LOADING_MS)
    settle(page)
    for kind in (source, target):
        expect(page.get_by_role("main").get_by_text(kind).first).to_be_visible()

    go(page, "Quiz")
    page.get_by_role("radio", name="Cells that I named on Fields").click()
    expect(page.get_by_text(f"1 {source}")).to_be_visible()
    fill(page, "Title", "Cells of a morning")
    expect(page.get_by_text("2 images, at most 200.")).to_be_visible()
    page.get_by_role("button", name="Make the quiz").click()
    expect(page.locator("code")).to_have_count(2)
    link = page.locator("code").first.inner_text().strip().partition("?quiz=")[2]
    page.goto(f"{server.url}/?quiz={link}")
    fill(page, "Your alias", "kingfisher")
    page.get_by_role("button", name="Begin").click()
    for number in (1, 2):
        expect(page.get_by_text(f"Image {number} of 2")).to_be_visible()
        expect(page.locator(".st-key-viewer image")).to_have_count(1)
        settle(page)
        page.keyboard.press(str(KINDS.index(target) + 1))
        expect(page.locator("[class*=st-key-quiz-class-] [kind=primary]")).to_contain_text(target)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("stAlert").first).to_contain_text(
            re.compile(f"{source}|{target}")
        )
        settle(page)
        page.keyboard.press("Control+Enter")  # the next image, then the score
    expect(page.get_by_text("Your score, kingfisher")).to_be_visible()
    expect(page.get_by_test_id("stMetric").first).to_contain_text("50.0 %")


def test_damaged_corrections_are_told_and_can_be_taken_back(
    page: Page, field: bytes, server: Server
) -> None:
    give(page, field)
    tiles(page, largest_column(page)).nth(0).click()
    page.keyboard.press("1")
    settle(page)
    switch(page, "I agree, as local user")
    settle(page)
    page.get_by_role("button", name="Keep 1 correction").click()
    expect(page.get_by_text("Kept: 1 correction.")).to_be_visible()
    settle(page)
    store = sqlite3.connect(server.log.parent / "state" / "corrections.sqlite")
    with contextlib.closing(store), store:
        (last,) = store.execute("SELECT max(id) FROM corrections").fetchone()
        store.execute("UPDATE corrections SET record = ? WHERE id = ?", (b"{\xff", last))
    page.reload()
    told = page.get_by_text("1 kept correction cannot be read")
    expect(told).to_be_visible(timeout=LOADING_MS)
    settle(page)
    page.get_by_role("button", name="Take back what cannot be read").click()
    expect(page.get_by_text("Deleted, with their pictures.")).to_be_visible()
    expect(told).to_have_count(0)
    store = sqlite3.connect(server.log.parent / "state" / "corrections.sqlite")
    with contextlib.closing(store):
        n = store.execute("SELECT count(*) FROM corrections WHERE id = ?", (last,)).fetchone()
    assert n == (0,)
