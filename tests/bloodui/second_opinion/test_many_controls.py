"""Many images at once in a real Chromium: a ZIP, files and a folder; progress, cancel, tables."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pyarrow import parquet

from tests.bloodui.batch.zips import awkward_zip, picture, zip_of
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server
from tests.bloodui.operate import choose, go, open_dashboard, settle, switch, upload_files

pytestmark = BROWSER_MARKS

MANY = "Folder, ZIP or many"


@pytest.fixture
def many(page: Page, dashboard: Server) -> Page:
    """The page, where many images are asked for."""
    open_dashboard(page, dashboard)
    page.get_by_role("radio", name=MANY).click()
    expect(page.get_by_text("No image is kept here")).to_be_visible(timeout=LOADING_MS)
    choose(page, "Model", "Tiny")
    settle(page)
    return page


def give(page: Page, name: str, data: bytes) -> None:
    upload_files(page, [{"name": name, "mimeType": "application/zip", "buffer": data}])


def read(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click(timeout=LOADING_MS)


def table(page: Page) -> list[dict[str, str]]:
    with page.expect_download(timeout=120_000) as handed_out:
        page.get_by_role("button", name="Download the table (CSV)").click()
    text = Path(handed_out.value.path()).read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_zip_is_read_and_its_verdicts_are_filtered_taken_away_and_removed(many: Page) -> None:
    give(many, "anna-schmidt.zip", awkward_zip())
    read(many, "Read 17 images")
    expect(many.get_by_text("17 images given: 3 read, 14 not read")).to_be_visible(
        timeout=LOADING_MS
    )
    expect(many.get_by_text("Not read: ")).to_contain_text(
        "archive (12), empty file (1), not an image (1)"
    )
    rows = table(many)
    assert [row["path"] for row in rows] == [f"Image {n}" for n in range(1, 18)]
    assert [row["decision"] for row in rows].count("answered") == 3
    many.get_by_test_id("stButtonGroup").get_by_text("Answered 3").click()
    switch(many, "With the files' names")
    settle(many)
    named = table(many)
    assert [row["path"] for row in named] == [
        "anna-schmidt.zip/a folder/Blut-Ä.png",
        "anna-schmidt.zip/b.png",
        "anna-schmidt.zip/b.png [2]",
    ]
    assert all(row["p_Pro"] for row in named)
    with many.expect_download(timeout=120_000) as handed_out:
        many.get_by_role("button", name="Download the table (Parquet)").click()
    typed = parquet.read_table(handed_out.value.path()).to_pylist()
    assert [row["path"] for row in typed] == [row["path"] for row in named]
    assert typed[0]["p_Pro"] == float(named[0]["p_Pro"])
    go(many, "Compare")
    go(many, "Second opinion")
    many.get_by_role("radio", name=MANY).click()
    expect(many.get_by_text("17 images given: 3 read, 14 not read")).to_be_visible(
        timeout=LOADING_MS
    )
    many.get_by_role("button", name="Remove the results").click()
    expect(many.get_by_text("No image is kept here")).to_be_visible()
    expect(many.get_by_text("17 images given: 3 read, 14 not read")).to_have_count(0)


def test_a_folder_and_files_are_read_together_and_look_alikes_are_told(
    many: Page, tmp_path: Path
) -> None:
    folder = tmp_path / "slides" / "first"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(picture(1))
    (folder / ".DS_Store").write_bytes(b"of a Mac")
    (folder.parent / "2.png").write_bytes(picture(2))
    give(many, "copy.png", picture(1))
    expect(many.get_by_role("button", name="Read 1 image", exact=True)).to_be_visible()
    uploader = many.get_by_test_id("stFileUploader").nth(1)
    with many.expect_file_chooser() as window:
        uploader.get_by_role("button", name="Upload directories").click()
    window.value.set_files(folder.parent)
    read(many, "Read 3 images")
    expect(many.get_by_text("3 images given: 3 read, 0 not read")).to_be_visible(timeout=LOADING_MS)
    expect(many.get_by_text("2 images in a group look alike")).to_be_visible()
    assert sorted(row["duplicate_group"] for row in table(many)) == ["", "1", "1"]


def test_a_reading_shows_how_far_it_is_and_what_is_done_stays_when_it_is_cancelled(
    many: Page,
) -> None:
    give(many, "set.zip", zip_of({f"{n:04}.png": picture(n) for n in range(3000)}))
    read(many, "Read 3,000 images")
    expect(many.get_by_test_id("stProgress")).to_contain_text(
        "of 3,000 images, ", timeout=LOADING_MS
    )
    many.get_by_role("button", name="Cancel").click()
    stopped = re.compile("3,000 images given: .*, then it was stopped")
    expect(many.get_by_text(stopped)).to_be_visible(timeout=LOADING_MS)
    rows = table(many)
    assert 0 < len(rows) < 3000
    assert all(row["decision"] == "answered" for row in rows)
    many.get_by_role("button", name="Remove the results").click()
    expect(many.get_by_text("No image is kept here")).to_be_visible()
