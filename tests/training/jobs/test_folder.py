"""The files of a job are read as they were written before, and written so again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.models.test_files import files_at_most
from training.errors import JobError
from training.jobs.folder import JobFolder
from training.jobs.record import Beat, JobLimits, JobRequest

# As version 0.1.0 wrote them before these files were pydantic models, byte for byte.
FILES = {
    "request.json": r"""{
 "recipe": "title = \"Drawn\"\n",
 "index": "/srv/drawn/index.csv",
 "name": "first-model",
 "kind": "run",
 "limits": {
  "memory_mb": 4096,
  "minutes": 90
 },
 "tracking": "http://127.0.0.1:5000",
 "by": "Dr. M\u00fcller"
}""",
    "state.json": """{
 "state": "running",
 "submitted": 1764000000.25,
 "queued": 1764000000.5,
 "started": 1764000001.75,
 "ended": null,
 "pid": 4711,
 "process_started": 1763999999.99,
 "token": "ab12",
 "message": ""
}""",
    "heartbeat.json": """{
 "time": 1764000060.125,
 "stage": "Training",
 "share": 0.25,
 "epoch": 3,
 "epochs": 20,
 "memory_mb": 812
}""",
    "epochs.jsonl": """\
{"split": "grouped", "fold": 0, "phase": "head", "epoch": 1, "epochs": 20, \
"values": {"loss": 0.5, "accuracy": 0.75}}
{"split": "grouped", "fold": 0, "phase": "whole", "epoch": 2, "epochs": 20, \
"values": {"loss": NaN, "accuracy": 0.75}}
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return JobFolder(tmp_path)


def test_a_job_from_before_is_read(folder: JobFolder) -> None:
    assert folder.request() == JobRequest(
        recipe='title = "Drawn"\n',
        index=Path("/srv/drawn/index.csv"),
        name="first-model",
        limits=JobLimits(memory_mb=4096, minutes=90),
        tracking="http://127.0.0.1:5000",
        by="Dr. Müller",
    )
    record = folder.record()
    assert (record.state, record.pid) == ("running", 4711)
    assert (record.stage, record.epoch) == ("Training", 3)
    first, second = folder.epochs()
    assert (first.phase, first.values["loss"]) == ("head", 0.5)
    assert second.values["loss"] != second.values["loss"]  # not a number, and told


def test_a_job_is_written_as_before(folder: JobFolder, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    again = JobFolder(tmp_path / "again")
    again.write_request(folder.request())
    again.write_state(folder.state())
    again.write_beat(folder.beat())
    for done in folder.epochs():
        again.add_epoch(done)
    written = {name: (again.path / name).read_text() for name in FILES}
    for name in ("request.json", "heartbeat.json"):  # what was added since stands behind
        new, old = written.pop(name), FILES[name].removesuffix("\n}")
        assert new.startswith(f"{old},\n")
    assert written == {name: text for name, text in FILES.items() if name in written}


def test_a_request_may_know_less_or_more_than_this_release(folder: JobFolder) -> None:
    request = {"recipe": "", "index": "/a/index.csv", "name": "old-model", "colour": "red"}
    (folder.path / "request.json").write_text(json.dumps(request))
    assert (folder.request().kind, folder.request().limits) == ("run", JobLimits())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "asleep"}, r"state of state\.json to be one of queued, running"),
        ({"submitted": "today"}, r"submitted of state\.json to be a number"),
        ({"colour": 1}, "Expected only the keys state"),
    ],
)
def test_a_damaged_state_is_refused_by_name(
    change: dict[str, object], said: str, folder: JobFolder
) -> None:
    state = json.loads(FILES["state.json"]) | change
    (folder.path / "state.json").write_text(json.dumps(state))
    with pytest.raises(JobError, match=said):
        folder.state()


def test_files_that_are_nested_without_end_are_damaged_like_others(folder: JobFolder) -> None:
    for name in ("state.json", "epochs.jsonl"):
        (folder.path / name).write_text("[" * 300_000)
    with pytest.raises(JobError, match=r"state\.json"):
        folder.state()
    assert folder.epochs() == ()


def test_a_damaged_sign_of_life_is_none(folder: JobFolder) -> None:
    (folder.path / "heartbeat.json").write_text('{"time": "now"}')
    assert folder.beat() == Beat()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "../etc"}, "name of the job to be 3 to 64 lower-case letters"),
        ({"kind": "party"}, "kind of the job to be one of run, study"),
        ({"index": Path("index.csv")}, "index of the job: Expected an absolute path"),
        ({"limits": {"minutes": 0}}, "limits.minutes of the job to be a number above 0"),
        ({"limits": {"minutes": float("nan")}}, "received nan"),
        ({"limits": {"memory_mb": 0}}, "limits.memory_mb of the job to be a whole number"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_by_name(
    change: dict[str, object], said: str, folder: JobFolder
) -> None:
    with pytest.raises(JobError, match=said):
        folder.request().changed(**change)


def test_a_full_disk_leaves_the_state_that_was_there_and_nothing_else(folder: JobFolder) -> None:
    with files_at_most(1000), pytest.raises(OSError, match="too large"):
        folder.change_state(message="x" * 5000)
    assert folder.state().message == ""
    assert sorted(os.listdir(folder.path)) == sorted(FILES)
    folder.change_state(message="Room again.")
    assert folder.state().message == "Room again."


def test_a_folder_that_was_taken_away_is_not_made_again(folder: JobFolder, tmp_path: Path) -> None:
    gone = JobFolder(tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        gone.write_state(folder.state())
    assert not gone.path.exists()
