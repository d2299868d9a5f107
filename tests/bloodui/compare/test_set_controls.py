"""Every control that makes a set of images, or compares models on one, in a real Chromium."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from drawn.dataset import write_synthetic_dataset
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server
from tests.bloodui.operate import (
    choose,
    choose_only,
    expect_change,
    fill,
    open_dashboard,
    settle,
    unfold,
    upload,
)

pytestmark = BROWSER_MARKS


def count(page: Page, link: str, n_images: int) -> Locator:
    """Where the page says how many images the set has."""
    if link == "Quiz":
        images = "1 image" if n_images == 1 else f"{n_images} images"
        return page.get_by_text(f"{images}, at most 200.")
    return page.get_by_role("button", name=f"Compare on {n_images} images")


def images(page: Page) -> list[str | None]:
    """The images of the set that models were compared on."""
    settle(page)
    return [each.get_attribute("src") for each in page.get_by_role("img", name="Image ").all()]


def give_truth(page: Page, key: str, name: str, *, of: int) -> None:
    """Choose a class for the first image of a table, of so many options."""
    table = page.locator(f".st-key-truths-{key}").get_by_test_id("stDataFrameResizable")
    # The first line lies under the heading; the truth stands at the right.
    table.dblclick(position={"x": 1000, "y": 59})
    options = page.locator("#portal").get_by_role("option")
    expect(options).to_have_count(of)
    page.keyboard.type(name)
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("link", ["Compare", "Quiz"])
def test_a_set_is_drawn_uploaded_or_taken_from_a_data_set(
    page: Page, dashboard: Server, link: str, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    open_dashboard(page, dashboard, link)
    if link == "Compare":
        page.get_by_role("radio", name="A set with labels").click()
    expect(count(page, link, 20)).to_be_visible()
    choose_only(page, "Pictures to draw", "Benign", "Pro-B")
    expect(count(page, link, 10)).to_be_visible()
    fill(page, "Images of each", "3")
    expect(count(page, link, 6)).to_be_visible()

    page.get_by_role("radio", name="My own images").click()
    names = page.get_by_role("combobox", name="Classes, yours or known ones")
    for name in ("Mine", "Yours"):
        names.press_sequentially(name)
        names.press("Enter")
        expect(page.get_by_text(f"Images of {name}")).to_be_visible()
    names.press("Escape")
    upload(page, smear_jpeg, other_jpeg)
    expect(count(page, link, 2)).to_be_visible()
    upload(page, smear_jpeg, number=1)
    expect(count(page, link, 3)).to_be_visible()
    settle(page)
    give_truth(page, "quiz", "Yours", of=3)
    page.wait_for_timeout(1500)  # a table tells of what was typed a moment later
    settle(page)
    choose_only(page, "Classes, yours or known ones", "Yours")
    expect(count(page, link, 2)).to_be_visible()
    expect(page.get_by_text("1 of your 3 images have none of these classes")).to_be_visible()
    page.get_by_role("button", name="Remove Image 3").click()
    expect(count(page, link, 1)).to_be_visible()
    page.get_by_role("button", name="Remove all", exact=True).click()
    expect(page.get_by_text("have none of these classes")).to_have_count(0)
    expect(count(page, link, 1)).to_have_count(0)

    page.get_by_role("radio", name="A data set of this installation").click()
    choose(page, "Classes", "Early")
    choose(page, "Classes", "Pre")
    expect(count(page, link, 4)).to_be_visible()
    choose(page, "Data", "Another index.csv on this machine")
    fill(page, "Path of the index.csv", "/no/such/index.csv")
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("No such file")
    index = dashboard.log.parent / "data" / "index.csv"
    fill(page, "Path of the index.csv", str(index))
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    choose(page, "Classes", "Pro")
    fill(page, "Images of each", "1")
    expect(count(page, link, 1)).to_be_visible()


def test_models_are_compared_on_a_set_page_by_page(page: Page, dashboard: Server) -> None:
    open_dashboard(page, dashboard, "Compare")
    choose_only(page, "Models, two to six", "Tiny", "Shy")
    page.get_by_role("radio", name="A set with labels").click()
    fill(page, "Images of each", "4")
    compare = count(page, "Compare", 16)
    expect(compare).to_be_visible()
    compare.click()
    expect(page.get_by_role("heading", name="Who is right")).to_be_visible(timeout=LOADING_MS)
    expect(page.get_by_role("img", name="Image ")).to_have_count(12)
    before = set(images(page))
    fill(page, "Page of 2", "2")
    expect(page.get_by_role("img", name="Image ")).to_have_count(4)
    assert not before & set(images(page))
    fill(page, "Seed", "2")
    expect_change(page, lambda: images(page), compare.click)
    with page.expect_download() as handed_out:
        page.get_by_role("button", name="Download as CSV").click()
    table = list(csv.DictReader(io.StringIO(Path(handed_out.value.path()).read_text("utf-8"))))
    assert len(table) == 16


def test_a_truth_given_in_the_table_tells_which_model_is_right(
    page: Page, dashboard: Server, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    open_dashboard(page, dashboard, "Compare")
    choose_only(page, "Models, two to six", "Tiny", "Shy")
    upload(page, smear_jpeg, other_jpeg)
    lacking = page.get_by_text("No labels: nobody can say who is right.")
    expect(lacking).to_be_visible(timeout=LOADING_MS)
    unfold(page, "Give the images' true classes, where you know them")
    settle(page)
    give_truth(page, "compared", "Pre", of=5)
    expect(lacking).to_have_count(0)
    expect(page.get_by_role("cell", name="Tiny").first).to_be_visible()
    expect(page.get_by_text("truth Pre")).to_have_count(1)


def test_a_set_that_a_model_learned_from_is_told_and_foreign_classes_are_counted(
    page: Page, dashboard: Server, tmp_path: Path
) -> None:
    index = write_synthetic_dataset(tmp_path / "data", labels=("Pre", "AML"), n_per_label=2, seed=1)
    # The small models learned from a data set of the name "none".
    index.write_text(index.read_text("utf-8").replace(",synthetic,", ",none,"), "utf-8")
    open_dashboard(page, dashboard, "Compare")
    choose_only(page, "Models, two to six", "Tiny", "Strict")
    page.get_by_role("radio", name="A set with labels").click()
    warning = page.get_by_text("learned from none: it may have seen these very images")
    settle(page)
    expect(warning).to_have_count(0)
    page.get_by_role("radio", name="A data set of this installation").click()
    choose(page, "Data", "Another index.csv on this machine")
    fill(page, "Path of the index.csv", str(index))
    choose(page, "Classes", "AML")
    choose(page, "Classes", "Pre")
    expect(warning).to_have_count(2)
    compare = count(page, "Compare", 4)
    compare.click()
    expect(page.get_by_role("heading", name="Who is right")).to_be_visible(timeout=LOADING_MS)
    settle(page)
    expect(warning).to_have_count(2)  # said once, whether the set is chosen or compared on
    expect(page.get_by_role("cell", name="2: no answer 2")).to_be_visible()
    expect(page.get_by_role("cell", name=re.compile("^2: (Benign|Early|Pre|Pro) "))).to_be_visible()
    expect(page.get_by_role("cell", name="2 of 2")).to_be_visible()
