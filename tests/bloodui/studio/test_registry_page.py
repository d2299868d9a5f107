"""Registry with damaged files, without a browser: what an admin is told, and readers get."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from bloodui.inventory import read_inventory
from bloodui.settings import Settings, settings_from
from tests.bloodui.app_pages import APP, page_text
from tests.models.bundle.test_pins import HARM_TO_A_BUNDLE
from tests.training.evaluated import evaluated_bundle
from tests.training.registry.harm import HARM_TO_HISTORY, HARM_TO_PINS
from tests.training.registry.looks import SIGNED, files_of, models_of, offered
from training.registry.promotion import Registry

pytestmark = pytest.mark.slow

Reopen = Callable[[], AppTest]


@pytest.fixture
def registry(
    model_root: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Registry:
    """The registry of an installation: model-a is in use, model-b is kept."""
    monkeypatch.setattr("bloodui.settings.SHIPPED_ROOT", tmp_path / "none")
    monkeypatch.setitem(os.environ, "BLOODUI_STATE", str(tmp_path / "state"))
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(model_root))
    registry = Registry(root=tmp_path / "state" / "registry", others=())
    for name in ("model-a", "model-b"):
        evaluated_bundle(tiny_bundle, tmp_path / "runs", name, network=name.encode())
    registry.promote(tmp_path / "runs/model-a", **SIGNED)
    registry.import_bundle(tmp_path / "runs/model-b", **SIGNED)
    return registry


@pytest.fixture
def reopen() -> Reopen:
    """Opens the page Registry, as a new visit does."""
    return lambda: (
        AppTest.from_file(str(APP), default_timeout=300)
        .run()
        .switch_page("pages/registry.py")
        .run()
    )


def repair(page: AppTest, reason: str) -> AppTest:
    field = next(each for each in page.text_input if each.label.startswith("Why it is repaired"))
    field.set_value(reason)
    return next(button for button in page.button if button.label == "Repair").click().run()


def labels(page: AppTest) -> list[str]:
    return [button.label.replace("\\", "") for button in page.button]


def models_for_readers() -> tuple[list[str], str]:
    """What the first page offers, and its errors."""
    page = AppTest.from_file(str(APP), default_timeout=300).run()
    assert not page.exception
    options = next(box.options for box in page.selectbox if box.label == "Model")
    return [name for name in options if "model-a" in name], "\n".join(e.value for e in page.error)


def test_a_sound_registry_offers_no_repair(registry: Registry, reopen: Reopen) -> None:
    page = reopen()
    assert not page.exception
    assert not page.error
    assert "Repair" not in labels(page)
    assert {"Retire from all-subtypes", "Promote"} <= set(labels(page))


@pytest.mark.parametrize("root", ["in-use", "kept"])
@pytest.mark.parametrize("harm", HARM_TO_PINS)
def test_a_damaged_list_is_told_with_its_repair_and_nothing_is_deleted_by_opening_the_page(
    harm: str, root: str, registry: Registry, reopen: Reopen
) -> None:
    models = models_of(registry)
    do_harm, words = HARM_TO_PINS[harm]
    do_harm(registry.root / root / "SHA256SUMS")
    harmed = files_of(registry.root)
    page = reopen()
    assert not page.exception
    assert files_of(registry.root) == harmed
    error = page.error[0].value.replace("\\", "")
    assert f"{root}/SHA256SUMS" in error
    assert words in error
    assert "repair" in error
    assert "anna" not in page_text(page)
    assert not {"Retire from all-subtypes", "Promote"} & set(labels(page))

    repaired = repair(page, "The list was gone.")
    assert not repaired.exception
    assert not repaired.error
    assert repaired.success
    assert {"Retire from all-subtypes", "Promote"} <= set(labels(repaired))
    assert models_of(registry) == models
    assert offered(registry) == ["model-a"]
    assert registry.history()[-1].reason == "The list was gone."
    assert not repaired.run().success  # what was done is told once


@pytest.mark.parametrize("harm", ["deleted", "emptied", "not UTF-8"])
def test_a_lost_history_is_told_and_readers_go_on_with_what_is_in_use(
    harm: str, registry: Registry, reopen: Reopen
) -> None:
    path = registry.root / "history.jsonl"
    if harm == "not UTF-8":
        path.write_bytes(path.read_bytes().replace(b"Because.", b"\xff\xfe"))
    else:
        HARM_TO_HISTORY[harm][0](path)
    harmed = files_of(registry.root)
    page = reopen()
    assert not page.exception
    assert "Nothing was moved" in page.error[0].value
    assert "backup" in page.error[0].value
    assert "in use; for what is not known, since the history is damaged" in page_text(page)
    assert files_of(registry.root) == harmed
    assert models_for_readers() == (["Tiny: model-a"], "")
    repaired = repair(page, "No backup.")
    assert not repaired.error
    assert registry.aliases() == {"all-subtypes": "model-a"}
    assert offered(registry) == ["model-a"]


def test_a_repair_without_a_reason_is_refused_in_a_sentence(
    registry: Registry, reopen: Reopen
) -> None:
    (registry.in_use / "SHA256SUMS").unlink()
    page = repair(reopen(), " ")
    assert any("It is not said who does this" in error.value for error in page.error)
    assert not (registry.in_use / "SHA256SUMS").exists()


def test_readers_are_told_of_what_is_not_offered_and_go_on_with_the_rest(
    registry: Registry, reopen: Reopen
) -> None:
    assert models_for_readers() == (["Tiny: model-a"], "")
    # What a kill between a folder and its line leaves does not hide the model beside it.
    (registry.kept / "model-b").rename(registry.in_use / "model-b")
    names, errors = models_for_readers()
    assert names == ["Tiny: model-a"]
    assert "not vouched for" in errors
    (registry.in_use / "SHA256SUMS").write_bytes(b"")
    names, errors = models_for_readers()
    assert names == []
    assert "the page Registry" in errors
    assert not reopen().exception


@pytest.mark.parametrize("harm", HARM_TO_A_BUNDLE)
def test_a_model_in_use_that_is_not_as_it_was_pinned_hides_no_other_and_is_told_once(
    harm: str, registry: Registry, reopen: Reopen
) -> None:
    registry.promote(registry.bundle("model-b"), alias="teaching", **SIGNED)
    HARM_TO_A_BUNDLE[harm][0](registry.in_use / "model-a")
    page = AppTest.from_file(str(APP), default_timeout=300).run()
    assert not page.exception
    (box,) = (box for box in page.selectbox if box.label == "Model")
    assert any("model-b" in name or name == "Tiny" for name in box.options)
    assert not any("model-a" in name for name in box.options)
    (error,) = page.error
    assert error.value.replace("\\", "").count("'model-a'") == 1

    admin = reopen()
    assert not admin.exception
    assert not admin.error
    told_to_admin = [each.value.replace("\\", "") for each in admin.warning]
    faults = registry.check()
    assert len(faults) == len(told_to_admin)
    for fault, words in zip(faults, told_to_admin, strict=True):
        assert "'model-a'" in fault.what
        assert fault.what in words
    assert "in use for teaching" in page_text(admin)
    assert "Retire from teaching" in labels(admin)
    assert "Retire from all-subtypes" not in labels(admin)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user for a moment")
def test_promoted_models_that_may_not_be_looked_at_are_told_and_not_left_out_in_silence(
    registry: Registry,
) -> None:
    os.seteuid(65534)  # for whom the state folder is closed, as for a server of another user
    try:
        settings = settings_from({"BLOODUI_STATE": str(registry.root.parent)})
        roots = settings.bundle_roots
        found = read_inventory(cast(Settings, SimpleNamespace(bundle_roots=roots[1:])))
    finally:
        os.seteuid(0)
    assert roots[1:] == (registry.in_use,)
    (error,) = found.errors
    assert "Permission denied" in str(error)


def test_what_nothing_vouches_for_is_set_aside_told_and_taken_back_with_a_reason(
    registry: Registry, tiny_bundle: Path, reopen: Reopen
) -> None:
    evaluated_bundle(tiny_bundle, registry.in_use, "model-c", network=b"model-c")
    page = reopen()
    assert not page.error
    (name,) = registry.names_set_aside()
    assert "1 folder was set aside" in page.info[0].value
    assert "Set aside" in [header.value for header in page.subheader]
    assert name in page_text(page)
    back = next(button for button in page.button if button.key == f"back-{name}")
    assert back.disabled
    next(each for each in page.text_input if each.key == f"aside-reason-{name}").set_value(
        "I know it."
    )
    page.run()
    page = next(button for button in page.button if button.key == f"back-{name}").click().run()
    assert not page.exception
    assert not page.error
    assert not page.info
    assert registry.names_set_aside() == ()
    kept = [model.manifest.id for model in registry.models() if not model.is_in_use]
    assert kept == ["model-b", "model-c"]
    assert registry.history()[-1].reason == "I know it."
