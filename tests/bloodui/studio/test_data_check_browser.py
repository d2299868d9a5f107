"""The check of a data set in a real Chromium: for its labels, for a recipe, and before a run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, serving
from tests.bloodui.operate import choose, fill, open_dashboard, settle, unfold
from tests.training.audits.planted import ImageFile, one_laboratory_a_class, write_images
from tests.training.data.releases import draw_all

pytestmark = BROWSER_MARKS

CASES = Path(__file__).resolve().parents[2] / "cases" / "data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checked")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    write_images(folder / "two-laboratories", one_laboratory_a_class())
    settings = {
        "BLOODUI_STATE": str(folder / "state"),
        "BLOODUI_DATA": str(folder / "two-laboratories"),
    }
    with serving(settings, folder / "log.txt") as running:
        yield running


@pytest.fixture(scope="module")
def faulty(folder: Path) -> Path:
    """The index of images of four classes: no patient is known, one has a copy, one is no image,
    and four have no label.
    """
    index = write_images(folder / "faulty", _images())
    shutil.copy(folder / "faulty" / "Pre-1.jpg", folder / "faulty" / "copy.jpg")
    (folder / "faulty" / "bad.jpg").write_bytes(b"no image")
    rows = index.read_text("utf-8") + "copy.jpg,synthetic,Pre,\nbad.jpg,synthetic,Pro,\n"
    index.write_text(rows.replace(",", ";"), encoding="utf-16")
    return index


def _images() -> Iterator[ImageFile]:
    for label in ("Benign", "Early", "Pre", "Pro", ""):
        for number in range(4):
            yield ImageFile(name=f"{label}-{number}.jpg", dataset="synthetic", label=label)


def alert(page: Page, kind: str, words: str) -> Locator:
    """The message of a kind (Error, Warning, Info, Success) that says so."""
    shown = page.get_by_test_id(f"stAlertContent{kind}").filter(visible=True)
    return shown.filter(has_text=words)


def press(page: Page, name: str) -> None:
    """Press a button that can be seen, once the page is drawn."""
    settle(page)
    page.get_by_role("button", name=name, exact=True).filter(visible=True).click()


def test_a_check_for_a_recipe_says_what_its_run_would_refuse(page: Page, server: Server) -> None:
    open_dashboard(page, server, "Training")
    page.get_by_role("tab", name="Data sets").click()
    press(page, "Check the data set")
    alone = page.get_by_text("Labels were audited as they are, data set by data set.")
    expect(alone).to_be_visible(timeout=LOADING_MS)
    refused = alert(page, "Error", "A run would refuse to start:")
    expect(refused).to_have_count(0)

    choose(page, "Audit it for a recipe, too", "blast-or-normal-efficientnet-lite0")
    press(page, "Check the data set")
    expect(refused).to_be_visible(timeout=LOADING_MS)
    expect(refused).to_contain_text(
        "blast-or-normal-efficientnet-lite0, label-from-source (a run would refuse): The data "
        "set alone parts 2 of 2 classes"
    )
    expect(alone).to_have_count(0)


def test_any_index_is_checked_before_the_start_and_repaired_on_the_same_tab(
    page: Page, server: Server, faulty: Path
) -> None:
    open_dashboard(page, server, "Training")
    choose(page, "Data", "Another index.csv on this machine")
    path = page.get_by_label("Path of the index.csv", exact=True).filter(visible=True)
    fill(page, "Path of the index.csv", str(faulty))
    left_over = "4 of 22 rows of the index fit no class and are left out: synthetic, no label 4."
    expect(page.get_by_text(left_over)).to_be_visible(timeout=LOADING_MS)
    press(page, "Check these images first")
    refused = alert(page, "Error", "A run would refuse to start:")
    expect(refused).to_contain_text("bad.jpg", timeout=LOADING_MS)
    doubtful = alert(page, "Warning", "Figures may come out too good, or images be missed:")
    expect(doubtful).to_contain_text("Copies of other images, to the byte: 1.")
    expect(doubtful).to_contain_text(left_over)
    to_know = alert(page, "Info", "To know:")
    expect(to_know).to_contain_text("of 21 images nobody knows the patient")

    for repair, done, name in (
        (
            "Drop the unreadable files",
            "Dropped: 1 of 22 rows, files that cannot be read.",
            "readable",
        ),
        ("Drop the copies", "Dropped: 1 of 21 rows, copies of others.", "readable-without-copies"),
        (
            "Group blocks of 20 file numbers",
            "20 images without a group are in 5 groups of neighbours.",
            "readable-without-copies-with-blocks",
        ),
    ):
        press(page, repair)
        expect(alert(page, "Success", done)).to_be_visible(timeout=LOADING_MS)
        expect(path).to_have_value(str(faulty.with_name(f"index-{name}.csv")))
        press(page, "Check these images first")
        expect(page.get_by_role("button", name=repair)).to_have_count(0, timeout=LOADING_MS)
        expect(to_know).to_be_visible(timeout=LOADING_MS)
    expect(refused).not_to_contain_text("bad.jpg")
    expect(to_know).not_to_contain_text("nobody knows the patient")
    assert faulty.read_text("utf-16").count("\n") == 23


def test_an_index_that_no_run_can_take_is_checked_all_the_same(page: Page, server: Server) -> None:
    open_dashboard(page, server, "Training")
    choose(page, "Data", "Another index.csv on this machine")
    fill(page, "Path of the index.csv", str(CASES / "index" / "label_case.csv"))
    told = "48 of 96 rows of the index fit a class but for capitals, blanks or accents"
    expect(alert(page, "Error", told)).to_be_visible(timeout=LOADING_MS)
    expect(page.get_by_role("button", name="Start the run")).to_have_count(0)
    press(page, "Check these images first")
    refused = alert(page, "Error", "A run would refuse to start:")
    expect(refused).to_contain_text("Benign (rows: 12), benign (rows: 12)", timeout=LOADING_MS)


def test_the_images_of_a_study_are_checked_before_it(
    page: Page, server: Server, faulty: Path
) -> None:
    open_dashboard(page, server, "Training")
    page.get_by_role("radio", name="A study").click()
    choose(page, "Data", "Another index.csv on this machine")
    fill(page, "Path of the index.csv", str(faulty))
    press(page, "Check these images for the first run")
    refused = alert(page, "Error", "A run would refuse to start:")
    expect(refused).to_contain_text("bad.jpg", timeout=LOADING_MS)


def test_a_folder_is_indexed_and_whatever_is_left_out_is_listed(
    page: Page, server: Server, folder: Path
) -> None:
    images = shutil.copytree(CASES / "linked", folder / "linked")
    draw_all(images, ["Pro/patient_1/1.png", "Benign/patient_2/2.png"])
    open_dashboard(page, server, "Training")
    page.get_by_role("tab", name="Data sets").click()
    unfold(page, "Index a folder of images")
    fill(page, "Folder of images on this machine", str(images))
    press(page, "Index it")
    done = alert(page, "Success", "8 images, read as class-folders.")
    expect(done).to_contain_text(str(images / "index.csv"), timeout=LOADING_MS)
    expect(alert(page, "Info", "taken for patients: 2 groups with 2 images")).to_be_visible()
    told = re.compile("2 of the folder's files, folders or links are not in the index")
    expect(alert(page, "Warning", "").filter(has_text=told)).to_be_visible()
    assert len((images / "index.csv").read_text("utf-8").splitlines()) == 9
    press(page, "Index it")
    expect(alert(page, "Error", "The folder has an index.csv already")).to_be_visible(
        timeout=LOADING_MS
    )
