"""What can go wrong in a run ends it with a sentence, and leaves no model."""

from __future__ import annotations

import csv
import errno
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from drawn.dataset import write_synthetic_dataset
from tests.training.drawn_recipe import drawn_recipe
from training import stored
from training.jobs import JobRecord, JobRequest, LocalJobs
from training.jobs.folder import JobFolder
from training.jobs.host import Started
from training.jobs.record import State
from training.jobs.worker import run_or_study, work

pytestmark = pytest.mark.slow

RECIPE = drawn_recipe(split='kind = "grouped", folds = 3')


class ThisProcess:
    """Starts nothing: the test does the job itself."""

    words = ()

    def start(self, command: Sequence[str], folder: JobFolder, *, token: str) -> Started:
        return Started()

    def is_alive(self, state: State) -> bool:
        return True

    def kill(self, state: State) -> None:
        raise AssertionError("nothing runs")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Twelve drawn smears of each class, of several patients."""
    return write_synthetic_dataset(
        tmp_path / "drawn", labels=("Benign", "Early", "Pre", "Pro"), n_per_label=12, seed=1
    )


def keep_rows(index: Path, is_kept: Callable[[dict[str, str]], bool]) -> None:
    with index.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with index.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row for row in rows if is_kept(row))


def done(tmp_path: Path, index: Path) -> JobRecord:
    """The record of a job that this process did to its end."""
    jobs = LocalJobs(root=tmp_path / "jobs", host=ThisProcess())
    record = jobs.submit(JobRequest(recipe=RECIPE, index=index, name="a-new-model"))
    token = JobFolder(record.folder).state().token
    status = work(jobs, record.id, run_or_study, token=token)
    record = jobs.status(record.id)
    assert (status == 0) == (record.state == "finished")
    return record


def assert_failed(record: JobRecord, *words: str) -> None:
    assert record.state == "failed"
    assert all(word in record.message for word in words), record.message
    assert record.bundle is None
    assert record.can_be_resumed


def test_one_class_alone_names_the_class_that_is_missing(tmp_path: Path, index: Path) -> None:
    keep_rows(index, lambda row: row["label"] == "Benign")
    assert_failed(done(tmp_path, index), 'no images of class "Early"')


def test_too_few_patients_for_the_folds_are_told_before_training(
    tmp_path: Path, index: Path
) -> None:
    with index.open(newline="") as file:
        first = next(row["group"] for row in csv.DictReader(file) if row["label"] == "Pro")
    keep_rows(index, lambda row: row["label"] != "Pro" or row["group"] == first)
    record = done(tmp_path, index)
    assert_failed(record, "at least 3 groups of each class", "received 1")
    assert not list(record.folder.rglob("*.keras"))


def test_a_corrupt_image_is_named(tmp_path: Path, index: Path) -> None:
    with index.open(newline="") as file:
        name = list(csv.DictReader(file))[20]["path"]
    (index.parent / name).write_bytes(b"\xff\xd8\xff\xe0 no picture")
    assert_failed(done(tmp_path, index), name)


def test_a_disk_that_fills_while_it_runs_is_told_and_the_run_resumed(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, array: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("training.fit.network.write_array", full)
    record = done(tmp_path, index)
    assert_failed(record, "No space left on device", "resume")
    monkeypatch.setattr("training.fit.network.write_array", stored.write_array)
    jobs = LocalJobs(root=tmp_path / "jobs", host=ThisProcess())
    jobs.resume(record.id)
    token = JobFolder(record.folder).state().token
    assert work(jobs, record.id, run_or_study, token=token) == 0
    assert jobs.status(record.id).bundle is not None
