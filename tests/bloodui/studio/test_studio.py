"""What an admin does with runs and models, and that nobody else can."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bloodui.errors import AccessError, StudioError
from bloodui.people import (
    LOCAL_READER,
    LOCAL_USER,
    NOBODY,
    Person,
)
from bloodui.settings import settings_from
from bloodui.studio.finished_runs import FinishedRuns
from bloodui.studio.studio import RunOrder, Studio
from drawn.dataset import write_synthetic_dataset
from models.bundle.archive import export_bundle
from models.errors import BundleError
from tests.bloodui.app_pages import APP, page_text
from tests.bloodui.tiny import SHY, TINY
from tests.training.jobs.counter import MODULE
from tests.training.jobs.counting import RECIPE, until
from training.runs.ensemble_bundle import EnsembleOrder

CLASSES = ("Benign", "Early", "Pre", "Pro")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "set"
    return write_synthetic_dataset(folder, labels=CLASSES, n_per_label=1, seed=1)


def studio_of(state: Path, person: Person = LOCAL_USER) -> Studio:
    """The studio of an installation whose runs count instead of training."""
    settings = settings_from({"BLOODUI_STATE": str(state)})
    return Studio(settings=settings, person=person, worker=(sys.executable, "-m", MODULE))


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setenv("COUNTER_STEPS", "2")
    return studio_of(tmp_path / "state")


def finished_run(studio: Studio, index: Path, name: str, bundle: Path | None = None) -> str:
    """The id of a run that has ended, with a bundle where one is given."""
    run_id = studio.submit_run(RunOrder(recipe=RECIPE, index=index, name=name)).id
    deadline = time.monotonic() + 60
    while studio.run(run_id).state != "finished" and time.monotonic() < deadline:
        time.sleep(0.05)
    if bundle is not None:
        shutil.copytree(bundle, studio.run(run_id).folder / "run" / "bundle")
    return run_id


def test_a_run_gets_a_title_of_its_own_as_it_is_promoted(
    studio: Studio, index: Path, model_root: Path
) -> None:
    first = finished_run(studio, index, "a-new-model", model_root / TINY)
    studio.promote_run(first, reason="Good.", title="Ours")
    second = finished_run(studio, index, "another-model", model_root / SHY)
    with pytest.raises(StudioError, match=f"'OURS' already: {TINY}"):
        studio.promote_run(second, reason="Good.", title="OURS")
    studio.promote_run(second, reason="Good.")
    promoted = {each.manifest.id: each for each in studio.models()}
    assert [promoted[each].manifest.title for each in (TINY, SHY)] == ["Ours", "Shy"]
    before, after = (
        {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".sha256"}
        for folder in (model_root / TINY, promoted[TINY].directory)
    )
    assert {name for name in before if before[name] != after[name]} == {"manifest.json"}
    studio.promote_run(first, reason="Again.", title="Ours")


def test_a_finished_run_is_promoted_and_then_offered_to_clinicians(
    studio: Studio, index: Path, model_root: Path
) -> None:
    run_id = finished_run(studio, index, "a-new-model", model_root / TINY)
    assert studio.run(run_id).by == "local user"
    assert [done.epoch for done in studio.run_epochs(run_id)] == [1, 2]
    results = FinishedRuns(studio=studio)
    (run,) = results.finished()
    assert [done.epoch for done in results.epochs(run, "random")] == [1, 2]
    assert results.epochs(run, "grouped") == ()
    event = studio.promote_run(run_id, reason="Best on the grouped split.")
    assert (event.by, event.bundle_id, event.alias) == ("local user", TINY, "all-subtypes")
    after = settings_from({"BLOODUI_STATE": str(studio.settings.state)})
    assert after.bundle_roots[1:] == (studio.settings.registry / "in-use",)
    from bloodui.inventory import read_inventory

    assert TINY in {model.manifest.id for model in read_inventory(after).models}
    (model,) = studio.models()
    assert (model.manifest.id, model.aliases) == (TINY, ("all-subtypes",))
    studio.retire("all-subtypes", reason="Done.")
    assert TINY not in {model.manifest.id for model in read_inventory(after).models}
    studio.rollback("all-subtypes", reason="Not done.")
    assert [event.kind for event in studio.history()] == ["promote", "retire", "rollback"]


def test_a_model_goes_out_and_comes_in_as_one_file(
    studio: Studio, model_root: Path, tmp_path: Path
) -> None:
    archive = export_bundle(model_root / SHY)
    studio.import_model(archive, reason="From the university.")
    (model,) = studio.models()
    assert model.aliases == ()
    assert studio.export_model(SHY) == archive
    studio.promote_model(SHY, reason="Checked here.", alias="teaching")
    assert studio.models()[0].aliases == ("teaching",)
    elsewhere = studio_of(tmp_path / "elsewhere")
    assert elsewhere.import_model(studio.export_model(SHY), reason="And back.").id == SHY
    with pytest.raises(BundleError, match="cannot be read"):
        studio.import_model(archive[:100], reason="Cut short.")


def test_a_run_is_stopped_and_goes_on(
    studio: Studio, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_STEPS", "100000")
    run_id = studio.submit_run(RunOrder(recipe=RECIPE, index=index, name="long-model")).id
    assert studio.cancel_run(run_id).state == "cancelled"
    monkeypatch.setenv("COUNTER_STEPS", "2")
    assert studio.resume_run(run_id).state == "running"
    until(studio._jobs(), run_id, "finished")
    assert [run.id for run in studio.list_runs()] == [run_id]


def test_a_new_run_takes_no_name_of_a_model(studio: Studio, index: Path, model_root: Path) -> None:
    studio.import_model(export_bundle(model_root / SHY), reason="From the university.")
    shipped = studio.export_model  # the shipped models' names are taken as well
    with pytest.raises(StudioError, match="Known models") as known:
        shipped("no-such-model")
    taken = str(known.value).partition("Known models: ")[2].rstrip(".").split(", ")
    assert SHY in taken
    assert len(taken) > 1
    for name in taken:
        with pytest.raises(StudioError, match="A model has the name"):
            studio.submit_run(RunOrder(recipe=RECIPE, index=index, name=name))


def test_a_run_without_a_model_is_not_promoted(studio: Studio, index: Path) -> None:
    run_id = finished_run(studio, index, "empty-model")
    with pytest.raises(StudioError, match="is finished and has left no model"):
        studio.promote_run(run_id, reason="Too early.")
    assert FinishedRuns(studio=studio).finished() == ()


@pytest.mark.parametrize("person", [LOCAL_READER, NOBODY])
def test_every_action_needs_the_admin_role(person: Person, tmp_path: Path, index: Path) -> None:
    studio = studio_of(tmp_path / "state", person)
    order = RunOrder(recipe=RECIPE, index=index, name="a-model")
    actions = {
        "submit_run": lambda: studio.submit_run(order),
        "list_runs": studio.list_runs,
        "run": lambda: studio.run("x"),
        "run_log": lambda: studio.run_log("x"),
        "run_epochs": lambda: studio.run_epochs("x"),
        "cancel_run": lambda: studio.cancel_run("x"),
        "resume_run": lambda: studio.resume_run("x"),
        "titles": lambda: studio.titles("x"),
        "expected_seconds": lambda: studio.expected_seconds(1.0),
        "promote_run": lambda: studio.promote_run("x", reason="y"),
        "promote_model": lambda: studio.promote_model("x", reason="y"),
        "retire": lambda: studio.retire("x", reason="y"),
        "rollback": lambda: studio.rollback("x", reason="y"),
        "models": studio.models,
        "check_registry": studio.check_registry,
        "repair_registry": lambda: studio.repair_registry(reason="y"),
        "names_set_aside": studio.names_set_aside,
        "take_back": lambda: studio.take_back("x", reason="y"),
        "history": studio.history,
        "export_model": lambda: studio.export_model("x"),
        "import_model": lambda: studio.import_model(b"", reason="y"),
        "make_ensemble": lambda: studio.make_ensemble(
            EnsembleOrder(id="an-ensemble", title="x", runs=(tmp_path, tmp_path / "b")), reason="y"
        ),
    }
    public = {name for name, value in vars(Studio).items() if callable(value) and name[0] != "_"}
    assert set(actions) == public
    for action in actions.values():
        with pytest.raises(AccessError, match="'admin'"):
            action()
    assert not (tmp_path / "state").exists()


def test_a_damaged_run_is_shown_as_one_and_hides_no_other(
    studio: Studio, index: Path, model_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = finished_run(studio, index, "a-sound-model", model_root / TINY)
    damaged = finished_run(studio, index, "a-damaged-model", model_root / TINY)
    (studio.run(damaged).folder / "state.json").write_text('{"state": "fini')
    results = FinishedRuns(studio=studio)
    assert [run.id for run in results.finished()] == [sound]
    assert results.finished_studies() == ()
    monkeypatch.setitem(os.environ, "BLOODUI_STATE", str(studio.settings.state))
    page = AppTest.from_file(str(APP), default_timeout=300).run()
    page.session_state["training"] = "Runs"
    page = page.switch_page("pages/training.py").run()
    assert not page.exception
    words = page_text(page)
    assert "a-sound-model" in words
    assert "a-damaged-model" in words
    assert words.count("The file state.json of the job") == 1
    assert "it is no JSON" in words
    for name in ("evaluation", "registry"):
        opened = page.switch_page(f"pages/{name}.py").run()
        assert not opened.exception
        assert not opened.error
