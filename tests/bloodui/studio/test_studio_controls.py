"""Every control of the training studio, operated once in a real Chromium."""

from __future__ import annotations

import csv
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Locator, Page, expect

from bloodui.people import LOCAL_USER
from bloodui.settings import settings_from
from bloodui.studio.studio import RunOrder, Studio
from drawn.dataset import write_synthetic_dataset
from models.bundle.archive import export_bundle
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, serving
from tests.bloodui.operate import (
    choose,
    choose_only,
    expect_change,
    fill,
    go,
    open_dashboard,
    settle,
    switch,
    unfold,
    upload_files,
)
from tests.bloodui.tiny import CLASSES, SHY
from tests.test_house import sha256_of
from tests.training.drawn_recipe import drawn_recipe
from tests.training.jobs.counter import MODULE
from tests.training.jobs.counting import RECIPE, until
from training.jobs.folder import JobFolder

pytestmark = BROWSER_MARKS

STUDY = """
title = "Two sizes"
recipes = ["{recipe}"]
sizes_px = [64, 72]

[[split]]
kind = "random"

[[split]]
kind = "grouped"
validation = 0.25
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A dashboard with a finished study, whose two members are finished runs as well."""

    server: Server
    studio: Studio
    study_id: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("studio")
    settings = {"BLOODUI_STATE": str(folder / "state"), "BLOODUI_DATA": str(folder / "data")}
    studio = Studio(settings=settings_from(settings), person=LOCAL_USER)
    _write_a_set_with_a_copy(folder / "data")
    index = write_synthetic_dataset(
        folder / "state" / "drawn" / "lab", labels=CLASSES, n_per_label=12, seed=1
    )
    recipe = folder / "drawn.toml"
    recipe.write_text(drawn_recipe(), encoding="utf-8")
    order = RunOrder(
        recipe=STUDY.format(recipe=recipe), index=index, name="two-sizes", kind="study"
    )
    study = studio.submit_run(order)
    ended = until(studio._jobs(), study.id, "finished", "failed", patience_s=LOADING_MS / 1000)
    assert ended.state == "finished", studio.run_log(study.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTER_STEPS", "1")
        counting = replace(studio, worker=(sys.executable, "-m", MODULE))
        for name in ("drawn-one-split-64px", "drawn-one-split-72px"):
            run = counting.submit_run(RunOrder(recipe=RECIPE, index=index, name=f"{name}-run"))
            until(counting._jobs(), run.id, "finished")
            shutil.copytree(study.folder / "run" / "members" / name, run.folder / "run")
    with serving(settings, folder / "log.txt") as server:
        yield Place(server=server, studio=studio, study_id=study.id)
        for run in studio.list_runs():
            studio.cancel_run(run.id)


def _write_a_set_with_a_copy(folder: Path) -> None:
    """Drawn smears, one of them there twice with other bytes."""
    index = write_synthetic_dataset(folder, labels=CLASSES, n_per_label=2, seed=2)
    with index.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    copy = folder / "Benign" / "copy.png"
    bgr = cv2.imread(str(folder / rows[0]["path"]))
    bgr[0, 0] = 255 - bgr[0, 0]
    cv2.imwrite(str(copy), bgr)
    rows.append(rows[0] | {"path": "Benign/copy.png", "mask": "", "sha256": sha256_of(copy)})
    with index.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def seen(page: Page) -> list[str | None]:
    """The pictures on the page."""
    pictures = page.get_by_test_id("stImage").locator("img:visible")
    return [each.get_attribute("src") for each in pictures.all()]


def state_of(box: Locator) -> Locator:
    """Where a run says whether it goes on; a study says first that it is one."""
    return box.locator(".stMarkdownBadge").last


def run_box(page: Page, place: Place, name: str) -> tuple[Locator, str]:
    """The frame of a run under Runs, and the run's id."""
    run = next(each for each in place.studio.list_runs() if each.name == name)
    return page.locator(f".st-key-run-{run.id}"), run.id


def test_a_run_is_ordered_as_its_form_says_stopped_and_resumed(page: Page, place: Place) -> None:
    open_dashboard(page, place.server, "Training")
    choose(page, "Data", "Another index.csv on this machine")
    fill(page, "Path of the index.csv", "/no/such/index.csv")
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("No such file")
    choose(page, "Data", "lab (")
    expect(page.get_by_text("48 images: Benign 12")).to_be_visible()
    choose(page, "Recipe", "all-subtypes-efficientnet-lite0")
    expect(page.get_by_text("Network: efficientnet-lite0")).to_be_visible()

    unfold(page, "What the network is shown: the recipe's augmentations")
    show = page.get_by_role("button", name="Show augmented versions")
    expect(show).to_be_visible()
    show.click()
    expect(page.get_by_test_id("stImage")).to_have_count(8, timeout=LOADING_MS)
    first = seen(page)
    fill(page, "Seed of the preview", "2")
    expect(page.get_by_test_id("stImage")).to_have_count(0)
    show.click()
    expect(page.get_by_test_id("stImage")).to_have_count(8, timeout=LOADING_MS)
    assert not set(first) & set(seen(page))

    unfold(page, "Change the recipe")
    estimate = page.get_by_text(re.compile(r"^About .* on this machine, "))
    expect_change(
        page, estimate.inner_text, lambda: fill(page, "Epochs of the whole network", "200")
    )
    fill(page, "Input size (px)", "64")
    fill(page, "Epochs of the head", "900")
    fill(page, "Batch (images)", "9")
    fill(page, "Seed", "5")
    fill(page, "Learning rate of the whole network", "0.002")
    fill(page, "Stop after (hours; 0 for never)", "2")
    fill(page, "Name of the model", "long-run")
    switch(page, "Check shortcuts, domain and maps when it is finished")
    settle(page)
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("It is queued and goes on")).to_be_visible()
    box, run_id = run_box(page, place, "long-run")
    order = JobFolder(place.studio.run(run_id).folder).request()
    recipe = tomllib.loads(order.recipe)
    assert (recipe["seed"], recipe["model"]["input_px"]) == (5, 64)
    assert {
        "epochs": 200,
        "head_epochs": 900,
        "batch": 9,
        "learning_rate": 0.002,
    }.items() <= recipe["fit"].items()
    assert order.limits.minutes == 120
    assert not order.audits
    assert order.expected_s > 0

    page.get_by_role("tab", name="Runs").click()
    expect(state_of(box)).to_contain_text("running")
    log = box.get_by_test_id("stCode")
    expect(log).to_be_visible(timeout=LOADING_MS)
    show_or_hide(box)
    expect(log).to_have_count(0)
    box.get_by_role("button", name="Cancel").click()
    expect(state_of(box)).to_contain_text("cancelled")
    box.get_by_role("button", name="Resume").click()
    expect(state_of(box)).to_contain_text("running")
    box.get_by_role("button", name="Cancel").click()
    expect(state_of(box)).to_contain_text("cancelled")


def show_or_hide(box: Locator) -> None:
    """Show or hide what a run wrote."""
    box.get_by_test_id("stCheckbox").get_by_text("Curves and log").click()


def test_a_study_is_ordered_and_one_that_ended_shows_its_curves(page: Page, place: Place) -> None:
    open_dashboard(page, place.server, "Training")
    page.get_by_role("radio", name="A study").click()
    choose(page, "Data", "lab (")
    members = page.get_by_text(re.compile("runs?: "))
    expect_change(
        page, members.inner_text, lambda: choose(page, "Study", "efficientnet-lite1-sizes")
    )
    fill(page, "Name of the study", "long-study")
    settle(page)
    page.get_by_role("button", name="Start the study").click()
    expect(page.get_by_text("It is queued and goes on")).to_be_visible()
    page.get_by_role("tab", name="Runs").click()
    box, run_id = run_box(page, place, "long-study")
    assert "sizes_px" in JobFolder(place.studio.run(run_id).folder).request().recipe
    box.get_by_role("button", name="Cancel").click()
    expect(state_of(box)).to_contain_text("cancelled")
    ended = page.locator(f".st-key-run-{place.study_id}")
    ended.get_by_role("link", name="How it did").click()
    expect(page.get_by_role("tab", name="Studies")).to_have_attribute("aria-selected", "true")
    study = page.get_by_role("combobox", name="Study", exact=True)
    expect(study).to_have_value("two-sizes", timeout=LOADING_MS)
    go(page, "Training").get_by_role("tab", name="Runs").click()
    show_or_hide(ended)
    curve = ended.locator(".js-plotly-plot .scatterlayer").first
    expect(curve).to_be_visible()
    shown = ended.get_by_role("combobox", name="Curve")
    assert "grouped" in shown.input_value()
    expect_change(page, curve.inner_html, lambda: choose(page, "Curve", "64px, random split"))


def test_a_data_set_is_drawn_looked_at_and_checked(page: Page, place: Place) -> None:
    open_dashboard(page, place.server, "Training")
    page.get_by_role("tab", name="Data sets").click()
    unfold(page, "Draw smears to try a training on")
    choose_only(page, "Classes", "Lymphoblast", "Normal white cell")
    fill(page, "Images of each class", "5")
    fill(page, "Seed", "3")
    fill(page, "Name of the data set", "two-kinds")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Draw").click()
    expect(page.get_by_text("Drawn: two-kinds")).to_be_visible()
    folder = place.studio.settings.state / "drawn" / "two-kinds"
    rows = (folder / "index.csv").read_text("utf-8").splitlines()
    assert len(rows) == 1 + 2 * 5

    choose(page, "Data set", "two-kinds")
    sample = page.get_by_role("combobox", name="Samples of")
    expect(sample).to_have_value("blast (synthetic)")
    settle(page)
    expect_change(page, lambda: seen(page), lambda: choose(page, "Samples of", "normal"))
    choose(page, "Data set", place.studio.settings.data.name)
    expect(sample).to_have_value("Benign (synthetic)")
    page.get_by_role("button", name="Check the data set").click()
    expect(page.get_by_text("Pairs of images that look the same: 1.")).to_be_visible(
        timeout=LOADING_MS
    )
    table = page.get_by_test_id("stExpander").filter(has_text="1 pairs that look the same")
    expect(table.get_by_test_id("stDataFrame")).not_to_be_visible()
    unfold(page, "1 pairs that look the same")
    expect(table.get_by_test_id("stDataFrame")).to_be_visible()


def test_a_model_is_promoted_rolled_back_retired_and_promoted_again(
    page: Page, place: Place
) -> None:
    open_dashboard(page, place.server, "Registry")
    card = page.get_by_test_id("stExpander").filter(has_text="Its card: read it")
    for tab in card.get_by_role("tab").all():
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
    unfold(page, "Its card: read it before you promote")
    expect(card.get_by_role("tab").first).not_to_be_visible()
    for kind in ("HTML", "JSON"):
        with page.expect_download() as handed_out:
            page.get_by_role("button", name=f"Card ({kind})").click()
        assert "drawn-one-split-72px" in Path(handed_out.value.path()).read_text("utf-8")
    promote = page.get_by_role("button", name="Promote", exact=False).first
    expect(promote).to_be_disabled()
    for name in ("drawn-one-split-72px", "drawn-one-split-64px"):
        choose(page, "Finished run", f"{name}-run")
        fill(page, "Why it is promoted (for the history)", f"A trial of {name}.")
        expect(promote).to_be_enabled()
        settle(page)
        promote.click()
        expect(page.get_by_text(f"Clinicians can now choose {name}")).to_be_visible()

    page.get_by_role("tab", name="Models").click()
    small, large = (page.locator(f".st-key-model-drawn-one-split-{px}px") for px in (64, 72))
    expect(small.get_by_text("in use for all-subtypes")).to_be_visible()
    expect(large.get_by_text("kept, not in use")).to_be_visible()

    def reason(box: Locator, words: str) -> None:
        settle(page)
        field = box.get_by_label("Reason", exact=True)
        field.fill(words)
        field.press("Tab")

    back = small.get_by_role("button", name="Roll all-subtypes back")
    expect(back).to_be_disabled()
    reason(small, "It was better before.")
    back.click()
    expect(large.get_by_text("in use for all-subtypes")).to_be_visible()
    expect(small.get_by_text("kept, not in use")).to_be_visible()
    reason(large, "Neither is good.")
    large.get_by_role("button", name="Retire from all-subtypes").click()
    expect(large.get_by_text("kept, not in use")).to_be_visible()
    reason(small, "Good after all.")
    small.get_by_role("button", name="Promote").click()
    expect(small.get_by_text("in use for all-subtypes")).to_be_visible()
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_test_id("stDataFrame").filter(visible=True)).to_have_count(1)
    assert [each.reason for each in place.studio.history()][-1] == "Good after all."


def test_an_ensemble_is_made_of_two_runs(page: Page, place: Place) -> None:
    open_dashboard(page, place.server, "Registry")
    page.get_by_role("tab", name="Ensemble").click()
    choose_only(
        page,
        "Finished runs of one task, split and seed",
        "drawn-one-split-64px-run",
        "drawn-one-split-72px-run",
    )
    page.get_by_test_id("stRadioOption").filter(has_text="What makes the validation").click()
    fill(page, "Its id (lower case, digits, hyphens)", "both-together")
    fill(page, "Its title", "Both")
    fill(page, "Why it is made (for the history)", "Two see more.")
    page.get_by_role("button", name="Make the ensemble").click()
    expect(page.get_by_text("Kept, not in use: both-together.")).to_be_visible(timeout=LOADING_MS)
    (made,) = [each for each in place.studio.models() if each.manifest.id == "both-together"]
    assert made.manifest.title == "Both"
    assert [member.id for member in made.manifest.members] == [
        "drawn-one-split-64px",
        "drawn-one-split-72px",
    ]


def test_a_model_goes_out_and_another_comes_in_as_a_file(
    page: Page, place: Place, model_root: Path
) -> None:
    open_dashboard(page, place.server, "Registry")
    page.get_by_role("tab", name="Import, export").click()
    choose(page, "Model", "all-subtypes-colour-numbers")
    page.get_by_role("button", name="Prepare the file").click()
    with page.expect_download() as handed_out:
        page.get_by_role("button", name="Download", exact=True).click()
    assert handed_out.value.suggested_filename == "all-subtypes-colour-numbers.zip"
    exported = place.studio.export_model("all-subtypes-colour-numbers")
    assert Path(handed_out.value.path()).read_bytes() == exported

    import_bundle = page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Import")
    import_bundle.click()
    expect(page.get_by_text("Choose a file, and say why.")).to_be_visible()
    archive = export_bundle(model_root / SHY)
    upload_files(page, [{"name": "shy.zip", "mimeType": "application/zip", "buffer": archive}])
    fill(page, "Why it is imported (for the history)", "From the university.")
    import_bundle.click()
    expect(page.get_by_text(f"Kept, not in use: {SHY}.")).to_be_visible()


def test_a_study_is_looked_at_split_by_split(page: Page, place: Place) -> None:
    open_dashboard(page, place.server, "Evaluation")
    page.get_by_role("tab", name="Studies").click()
    chart = page.locator(".js-plotly-plot").filter(visible=True).first
    expect(chart).to_be_visible()
    choose(page, "Study", "two-sizes")
    expect_change(page, chart.inner_html, page.get_by_role("radio", name="Random").click)
    for title in ("The same as numbers", "Each two models on the same images"):
        fold = page.get_by_test_id("stExpander").filter(has_text=title).filter(visible=True)
        inside = fold.get_by_test_id("stExpanderDetails").locator("table, canvas").first
        expect(inside).not_to_be_visible()
        unfold(page, title)
        expect(inside).to_be_visible()
