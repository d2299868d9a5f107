"""What an admin does with runs and models, and that nobody else can."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import pytest

from bloodui.access import LOCAL_READER, LOCAL_USER, NOBODY, Person
from bloodui.run_results import RunResults
from bloodui.settings import settings_from
from bloodui.studio import RunOrder, Studio
from models.errors import AccessError, BundleError, JobError, RegistryError
from tests.bloodui.conftest import SHY, TINY
from tests.training.jobs.conftest import RECIPE, until
from tests.training.jobs.counter import MODULE
from training.bundle_archive import export_bundle
from training.datasets.synthetic_dataset import write_synthetic_dataset
from training.ensemble_bundle import EnsembleOrder

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


def test_a_finished_run_is_promoted_and_then_offered_to_clinicians(
    studio: Studio, index: Path, model_root: Path
) -> None:
    run_id = finished_run(studio, index, "a-new-model", model_root / TINY)
    assert studio.run(run_id).by == "local user"
    assert [done.epoch for done in studio.run_epochs(run_id)] == [1, 2]
    results, run = RunResults(studio=studio), studio.run(run_id)
    assert [done.epoch for done in results.epochs(run, "random")] == [1, 2]
    assert results.epochs(run, "grouped") == ()
    deed = studio.promote_run(run_id, reason="Best on the grouped split.")
    assert (deed.by, deed.bundle_id, deed.alias) == ("local user", TINY, "all-subtypes")
    after = settings_from({"BLOODUI_STATE": str(studio.settings.state)})
    assert after.bundle_roots[1:] == (studio.settings.registry / "in-use",)
    from bloodui.session import inventory

    assert TINY in {model.manifest.id for model in inventory(after).models}
    (model,) = studio.models()
    assert (model.manifest.id, model.aliases) == (TINY, ("all-subtypes",))
    studio.retire("all-subtypes", reason="Done.")
    assert TINY not in {model.manifest.id for model in inventory(after).models}
    studio.rollback("all-subtypes", reason="Not done.")
    assert [deed.deed for deed in studio.history()] == ["promote", "retire", "rollback"]


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
    with pytest.raises(RegistryError):
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
    with pytest.raises(BundleError, match="Known models") as known:
        shipped("no-such-model")
    taken = str(known.value).partition("Known models: ")[2].rstrip(".").split(", ")
    assert SHY in taken
    assert len(taken) > 1
    for name in taken:
        with pytest.raises(JobError, match="no model has"):
            studio.submit_run(RunOrder(recipe=RECIPE, index=index, name=name))


def test_a_run_without_a_model_is_not_promoted(studio: Studio, index: Path) -> None:
    run_id = finished_run(studio, index, "empty-model")
    with pytest.raises(JobError, match="finished"):
        studio.promote_run(run_id, reason="Too early.")


@pytest.mark.parametrize("person", [LOCAL_READER, NOBODY])
def test_every_deed_needs_the_admin_role(person: Person, tmp_path: Path, index: Path) -> None:
    studio = studio_of(tmp_path / "state", person)
    order = RunOrder(recipe=RECIPE, index=index, name="a-model")
    deeds = {
        "submit_run": lambda: studio.submit_run(order),
        "list_runs": studio.list_runs,
        "run": lambda: studio.run("x"),
        "run_log": lambda: studio.run_log("x"),
        "run_epochs": lambda: studio.run_epochs("x"),
        "cancel_run": lambda: studio.cancel_run("x"),
        "resume_run": lambda: studio.resume_run("x"),
        "promote_run": lambda: studio.promote_run("x", reason="y"),
        "promote_model": lambda: studio.promote_model("x", reason="y"),
        "retire": lambda: studio.retire("x", reason="y"),
        "rollback": lambda: studio.rollback("x", reason="y"),
        "models": studio.models,
        "history": studio.history,
        "export_model": lambda: studio.export_model("x"),
        "import_model": lambda: studio.import_model(b"", reason="y"),
        "make_ensemble": lambda: studio.make_ensemble(
            EnsembleOrder(id="an-ensemble", title="x", runs=(tmp_path, tmp_path / "b")), reason="y"
        ),
    }
    public = {name for name, value in vars(Studio).items() if callable(value) and name[0] != "_"}
    assert set(deeds) == public
    for deed in deeds.values():
        with pytest.raises(AccessError, match="'admin'"):
            deed()
    assert not (tmp_path / "state").exists()
