"""Registry in a real Chromium, with files that people and programs have damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.bloodui.dashboard import BROWSER_MARKS, Server, browsing, serving
from tests.models.bundle.test_pins import needs_sha256sum
from tests.training.evaluated import evaluated_bundle
from tests.training.registry.harm import with_line_of_another_file, written_by_sha256sum
from tests.training.registry.looks import SIGNED, files_of, models_of, offered
from training.registry.promotion import Registry

pytestmark = BROWSER_MARKS
BUSY_MS = 120_000


@pytest.fixture
def registry(tiny_bundle: Path, tmp_path: Path) -> Registry:
    """The registry of an installation: model-a is in use, model-b is kept."""
    registry = Registry(root=tmp_path / "state" / "registry")
    for name in ("model-a", "model-b"):
        evaluated_bundle(tiny_bundle, tmp_path / "runs", name, network=name.encode())
    registry.promote(tmp_path / "runs/model-a", **SIGNED)
    registry.import_bundle(tmp_path / "runs/model-b", **SIGNED)
    return registry


@pytest.fixture
def server(registry: Registry, tmp_path: Path) -> Iterator[Server]:
    settings = {"BLOODUI_STATE": str(registry.root.parent), "BLOODUI_DATA": ""}
    with serving(settings, tmp_path / "log.txt") as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Page]:
    with browsing() as chromium:
        context = chromium.new_context(viewport={"width": 1280, "height": 1800})
        context.set_default_timeout(BUSY_MS)
        page = context.new_page()
        page.goto(server.url)
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=BUSY_MS)
        yield page
        context.close()


def open_registry(page: Page) -> None:
    """Open the page from another one, so that it is drawn anew."""
    page.get_by_role("link", name="About").click()
    expect(page.get_by_role("heading", name="Intended use")).to_be_visible(timeout=BUSY_MS)
    page.get_by_role("link", name="Registry").click()
    expect(page.get_by_role("heading", name="Registry")).to_be_visible(timeout=BUSY_MS)
    expect(page.get_by_role("tab", name="History")).to_be_visible(timeout=BUSY_MS)


def repair(page: Page, reason: str) -> None:
    field = page.get_by_label("Why it is repaired (for the history)")
    field.fill(reason)
    field.press("Tab")
    page.get_by_role("button", name="Repair").click()


@needs_sha256sum
def test_damaged_lists_are_told_repaired_and_readers_get_their_model_back(
    page: Page, registry: Registry
) -> None:
    models = models_of(registry)
    for root in (registry.in_use, registry.kept):
        written_by_sha256sum("--binary")(root / "SHA256SUMS")
    open_registry(page)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("button", name="Repair")).to_have_count(0)

    (registry.in_use / "SHA256SUMS").write_bytes(b"")
    with_line_of_another_file(registry.kept / "SHA256SUMS")
    harmed = files_of(registry.root)
    open_registry(page)
    alerts = page.get_by_role("alert")
    expect(alerts).to_have_count(2, timeout=BUSY_MS)
    expect(alerts.first).to_contain_text("vouch for 'model-a': it is empty.")
    expect(alerts.last).to_contain_text("kept/SHA256SUMS is not as it has to be.")
    expect(alerts.last).to_contain_text("line 1")
    expect(page.get_by_text("anna")).to_have_count(0)
    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_role("button", name="Promote", exact=True)).to_have_count(0)
    assert files_of(registry.root) == harmed
    page.get_by_role("link", name="Second opinion").click()
    expect(page.get_by_text("Some models are not used")).to_be_visible(timeout=BUSY_MS)

    open_registry(page)
    repair(page, "The lists were lost.")
    expect(page.get_by_text("'model-a' has its line in in-use/SHA256SUMS again.")).to_be_visible()
    expect(page.get_by_text("kept/SHA256SUMS as it was is kept as set-aside/")).to_be_visible()
    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_text("in use for all-subtypes")).to_be_visible()
    assert models_of(registry) == models
    assert offered(registry) == ["model-a"]
    page.get_by_role("tab", name="History").click()
    assert registry.history()[-1].reason == "The lists were lost."
    page.get_by_role("link", name="Second opinion").click()
    expect(page.get_by_role("combobox", name="Model", exact=True)).to_be_visible(timeout=BUSY_MS)
    expect(page.get_by_text("Some models are not used")).to_have_count(0)


def test_a_deleted_history_takes_no_model_out_of_use_and_is_begun_anew(
    page: Page, registry: Registry
) -> None:
    (registry.root / "history.jsonl").unlink()
    open_registry(page)
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text("lines, but it is missing.", timeout=BUSY_MS)
    expect(alert).to_contain_text("Nothing was moved, and no model was taken out of use.")
    expect(alert).to_contain_text("Restore history.jsonl and history-checkpoint.json")
    assert offered(registry) == ["model-a"]
    repair(page, "It was deleted.")
    expect(page.get_by_text("all-subtypes points at 'model-a'.")).to_be_visible(timeout=BUSY_MS)
    page.get_by_role("tab", name="Models").click()
    expect(page.get_by_text("in use for all-subtypes")).to_be_visible()
    assert offered(registry) == ["model-a"]


def test_names_of_strange_folders_are_words_and_not_elements(
    page: Page, registry: Registry
) -> None:
    (registry.kept / "<img src=x onerror=alert(1)> **bold** ![](x)").mkdir()
    open_registry(page)
    sentence = page.get_by_text("vouches for '<img src=x onerror=alert(1)> **bold** ![](x)'")
    expect(sentence).to_be_visible(timeout=BUSY_MS)
    expect(page.get_by_role("alert").locator("img, strong")).to_have_count(0)


def test_a_model_that_was_set_aside_is_taken_back(
    page: Page, registry: Registry, tiny_bundle: Path
) -> None:
    evaluated_bundle(tiny_bundle, registry.in_use, "model-c", network=b"model-c")
    open_registry(page)
    expect(page.get_by_text("1 folder was set aside: see Models.")).to_be_visible(timeout=BUSY_MS)
    page.get_by_role("tab", name="Models").click()
    (name,) = registry.names_set_aside()
    box = page.locator(f".st-key-aside-{name}")
    expect(box.get_by_role("button", name="Take back")).to_be_disabled()
    box.get_by_label("Reason").fill("I know it.")
    box.get_by_label("Reason").press("Tab")
    expect(box.get_by_role("button", name="Take back")).to_be_enabled(timeout=BUSY_MS)
    box.get_by_role("button", name="Take back").click()
    expect(page.locator(".st-key-model-model-c")).to_be_visible(timeout=BUSY_MS)
    expect(page.locator(".st-key-model-model-c")).to_contain_text("kept, not in use")
    assert registry.names_set_aside() == ()
    assert registry.history()[-1].reason == "I know it."
