"""What was judged is shown to admins alone: `judged` checks no role, what it asks does."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from bloodui.errors import AccessError, StudioError
from bloodui.people import LOCAL_READER, LOCAL_USER, Person
from bloodui.settings import settings_from
from bloodui.studio.finished_runs import FinishedRuns
from bloodui.studio.judged import images_of_card, images_of_run, judged_by_question
from bloodui.studio.studio import Studio
from models.errors import BundleError
from tests.bloodui.judged_place import CLASSES, ELSEWHERE, EPOCHS, RUN, JudgedPlace, judged_place
from training.errors import DatasetError
from training.jobs.folder import JobFolder
from training.progress import EpochDone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> JudgedPlace:
    with pytest.MonkeyPatch.context() as patched:
        return judged_place(tiny_bundle, tmp_path_factory.mktemp("judged"), patched)


def results_for(place: JudgedPlace, person: Person) -> FinishedRuns:
    return FinishedRuns(studio=Studio(settings=settings_from(place.settings), person=person))


def test_runs_and_the_images_behind_figures_are_shown_to_an_admin_and_to_no_reader(
    place: JudgedPlace,
) -> None:
    admin, reader = (results_for(place, person) for person in (LOCAL_USER, LOCAL_READER))
    questions, errors = judged_by_question([], admin)
    assert not errors
    ((judged, elsewhere),) = questions.values()
    assert judged.run is not None
    assert judged.run.name == RUN
    assert judged.run.kind == "run"
    assert elsewhere.run is not None
    assert elsewhere.run.name == ELSEWHERE
    assert elsewhere.run.kind == "elsewhere"
    assert (judged.name, elsewhere.name) == (f"{RUN} (run)", f"{ELSEWHERE} (command line)")
    predictions = admin.predictions(judged.run, "random")
    mistakes = place.card.mistakes
    rows = np.flatnonzero(~predictions.is_right)

    index = admin.index_of(judged.run)
    assert index is not None
    (image, *_) = images_of_run(admin.sets, index, predictions, rows, is_own_split=True)
    assert image.truth in CLASSES
    assert image.read().rgb.size
    assert len(images_of_card(mistakes, admin.sets)) == len(mistakes)

    with pytest.raises(AccessError, match="'admin'"):
        judged_by_question([], reader)
    (image, *_) = images_of_run(reader.sets, index, predictions, rows, is_own_split=True)
    with pytest.raises(AccessError, match="'admin'"):
        image.read()
    with pytest.raises(AccessError, match="'admin'"):
        images_of_card(mistakes, reader.sets)


def test_a_run_of_the_command_line_has_answers_images_and_epochs_where_its_very_data_are(
    place: JudgedPlace, tmp_path: Path
) -> None:
    admin = results_for(place, LOCAL_USER)
    (run,), problem = admin.finished_elsewhere()
    assert problem is None
    assert admin.card(run).evaluation(split="grouped") is not None
    assert len(admin.predictions(run, "grouped").paths) == len(place.records)
    assert [done.epoch for done in admin.epochs(run, "random")] == [*range(1, EPOCHS + 1)]
    assert admin.epochs(run, "leave_one_dataset_out") == ()
    assert admin.index_of(run) == place.folder / "data" / "index.csv"
    for ask in (admin.predictions, admin.epochs):
        with pytest.raises(StudioError, match="names a split that there is not"):
            ask(run, "../grouped")

    moved = results_for(dataclasses.replace(place, folder=tmp_path), LOCAL_USER)
    (tmp_path / "data").mkdir()
    index = (place.folder / "data" / "index.csv").read_bytes()
    (tmp_path / "data" / "index.csv").write_bytes(index.replace(b"Pre", b"Pro"))
    assert moved.index_of(run) is None
    (tmp_path / "data" / "as-it-was.csv").write_bytes(index)  # its very index, by another name
    assert moved.index_of(run) == tmp_path / "data" / "as-it-was.csv"


def test_of_runs_of_the_command_line_what_is_damaged_is_told_once_and_hides_no_other(
    place: JudgedPlace, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(place.folder / "runs" / ELSEWHERE, runs / "sound")
    for name in ("altered", "without-manifest", "damaged"):
        shutil.copytree(runs / "sound", runs / name)
    (runs / "altered" / "bundle" / "card.json").write_bytes(b"{}")
    (runs / "without-manifest" / "bundle" / "manifest.json").unlink()
    (runs / "damaged" / "bundle" / "manifest.json").write_bytes(b"no JSON")
    for answers in (b"", b"path\n", b'"', b"\xff\x00\n"):
        (runs / "altered" / "random" / "predictions.csv").write_bytes(answers)
        results = results_for(dataclasses.replace(place, folder=tmp_path), LOCAL_USER)
        questions, errors = judged_by_question([], results)
        assert [*errors] == ["Runs of the command line, damaged"]
        ((altered, sound),) = questions.values()
        assert (altered.name, sound.name) == ("altered (command line)", "sound (command line)")
        assert altered.run is not None
        with pytest.raises(DatasetError, match="cannot be read"):
            results.predictions(altered.run, "random")
        with pytest.raises(BundleError):
            results.card(altered.run)


def test_links_hidden_folders_and_images_are_not_entered_and_a_closed_folder_is_told(
    place: JudgedPlace, tmp_path: Path
) -> None:
    results = results_for(dataclasses.replace(place, folder=tmp_path), LOCAL_USER)
    found, problem = results.finished_elsewhere()
    assert not found
    assert "The folder of BLOODUI_RUNS cannot be looked at: No such file" in str(problem)
    assert [*judged_by_question([], results)[1]] == ["Runs of the command line"]
    runs, whole = tmp_path / "runs", place.folder / "runs" / ELSEWHERE
    (runs / "linked").mkdir(parents=True)
    assert "no run has left a model yet" in str(results.finished_elsewhere()[1])
    (runs / "link").symlink_to(place.folder / "runs")
    (runs / "linked" / "bundle").symlink_to(whole / "bundle")
    shutil.copytree(whole, runs / ".by-hand.12ab.part")
    shutil.copytree(whole, runs / "data" / "run")
    (runs / "data" / "index.csv").write_text("path\n")
    shutil.copytree(whole, runs.joinpath(*"abcdef"))
    shutil.copytree(whole, runs.joinpath(*"ABCDEFG"))
    found, problem = results.finished_elsewhere()
    assert ([run.name for run in found], problem) == (["a/b/c/d/e/f"], None)


@pytest.mark.skipif(os.geteuid() == 0, reason="Root opens every folder.")
def test_a_folder_that_may_not_be_opened_is_told_and_hides_no_other(
    place: JudgedPlace, tmp_path: Path
) -> None:
    for name in ("closed", "open"):
        shutil.copytree(place.folder / "runs" / ELSEWHERE, tmp_path / "runs" / name)
    (tmp_path / "runs" / "closed").chmod(0)
    try:
        results = results_for(dataclasses.replace(place, folder=tmp_path), LOCAL_USER)
        found, problem = results.finished_elsewhere()
    finally:
        (tmp_path / "runs" / "closed").chmod(0o755)
    assert [run.name for run in found] == ["open"]
    assert "1 of the folders cannot be looked at, first closed: Permission den" in str(problem)


def test_names_in_no_encoding_are_shown_and_two_of_one_name_are_told_apart(
    place: JudgedPlace, tmp_path: Path
) -> None:
    whole = place.folder / "runs" / ELSEWHERE
    for name in (b"\xff", b"\xfe"):
        shutil.copytree(whole, tmp_path / "runs" / os.fsdecode(name))
    results = results_for(dataclasses.replace(place, folder=tmp_path), LOCAL_USER)
    names = [run.name for run in results.finished_elsewhere()[0]]
    assert len({*names}) == 2
    assert all(name.encode().startswith("\ufffd (elsewhere-".encode()) for name in names)


def test_members_of_a_study_are_judged_beside_runs_each_with_its_own_epochs(
    place: JudgedPlace, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    shutil.copytree(place.folder / "state", state)
    (job,) = (path for path in (state / "jobs").iterdir() if (path / "request.json").is_file())
    request = json.loads((job / "request.json").read_text())
    (job / "request.json").write_text(json.dumps(request | {"kind": "study", "name": "two"}))
    (job / "run").rename(job / "its-run")
    (job / "run" / "members").mkdir(parents=True)
    for name in ("first", "second"):
        shutil.copytree(job / "its-run", job / "run" / "members" / name)
    folder = JobFolder(job)
    for name, loss in (("first", 1.0), ("second", 2.0)):
        folder.add_epoch(
            EpochDone(
                split=f"{name}, random",
                fold=0,
                phase="head",
                epoch=1,
                epochs=1,
                values={"loss": loss},
            )
        )
    results = results_for(dataclasses.replace(place, folder=tmp_path), LOCAL_USER)
    assert results.finished() == ()
    members = results.members()
    assert [member.name for member in members] == ["two: first", "two: second"]
    assert {member.kind for member in members} == {"member"}
    for member, loss in zip(members, (1.0, 2.0), strict=True):
        (done,) = results.epochs(member, "random")
        assert (done.values["loss"], done.split) == (loss, "random")
        assert results.index_of(member) == place.folder / "data" / "index.csv"
        assert len(results.predictions(member, "random").paths) == len(place.records)


def test_every_question_of_finished_runs_is_refused_to_a_reader(place: JudgedPlace) -> None:
    run = results_for(place, LOCAL_USER).finished()[0]
    job, reader = run.job, results_for(place, LOCAL_READER)
    assert job is not None
    asked = {
        "finished": reader.finished,
        "finished_elsewhere": reader.finished_elsewhere,
        "members": reader.members,
        "index_of": lambda: reader.index_of(run),
        "finished_studies": reader.finished_studies,
        "study": lambda: reader.study(job),
        "card": lambda: reader.card(run),
        "predictions": lambda: reader.predictions(run, "random"),
        "epochs": lambda: reader.epochs(run, "random"),
    }
    public = {name for name, each in vars(FinishedRuns).items() if callable(each)}
    assert set(asked) == {name for name in public if name[0] != "_"}
    for ask in asked.values():
        with pytest.raises(AccessError, match="'admin'"):
            ask()
