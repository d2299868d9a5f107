"""The queue: what waits, runs, fails, is stopped and goes on, with processes of this machine."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.training.jobs.counting import Named, until
from training.errors import DatasetError, JobError, RecipeError
from training.jobs import JobLimits, JobRequest, LocalJobs
from training.jobs.folder import JobFolder

pytestmark = pytest.mark.slow

MOMENTS_S = [random.Random(7).uniform(0.0, 0.3) for _ in range(20)]  # noqa: S311


def test_a_job_runs_to_its_end_and_leaves_its_epochs(jobs: LocalJobs, request_named: Named) -> None:
    submitted = jobs.submit(request_named("first-model"))
    assert submitted.state == "running"
    done = until(jobs, submitted.id, "finished", "failed")
    assert (done.state, done.message, done.by) == ("finished", "Counted.", "ada")
    assert done.submitted <= done.started <= done.ended
    assert (done.stage, done.epoch, done.epochs) == ("Counting", 3, 3)
    assert done.memory_mb > 0
    assert [epoch.values["loss"] for epoch in jobs.epochs(done.id)] == [1, 1 / 2, 1 / 3]


def test_more_runs_than_allowed_at_once_wait_and_follow_in_order(
    jobs: LocalJobs, request_named: Named
) -> None:
    first, second, third = (jobs.submit(request_named(f"model-{n}")).id for n in range(3))
    assert [record.id for record in jobs.list()] == [third, second, first]
    seen = {record.state for record in jobs.list()}
    assert seen == {"queued", "running"}
    records = [until(jobs, job_id, "finished") for job_id in (first, second, third)]
    for before, after in itertools.pairwise(records):
        assert before.ended <= after.started


def test_the_next_run_starts_though_nobody_looks(jobs: LocalJobs, request_named: Named) -> None:
    jobs.submit(request_named("first-model"))
    second = JobFolder(jobs.root / jobs.submit(request_named("second-model")).id)
    deadline = time.monotonic() + 60
    while second.state().state != "finished" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert second.state().state == "finished"


def test_two_run_at_once_where_two_are_allowed(jobs: LocalJobs, request_named: Named) -> None:
    jobs = replace(jobs, at_once=2)
    states = [jobs.submit(request_named(f"model-{n}")).state for n in range(3)]
    assert states == ["running", "running", "queued"]


def test_a_run_outlives_the_process_that_submitted_it(
    jobs: LocalJobs, request_named: Named, index_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_STEPS", "40")
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.training.jobs.counting import RECIPE\n"
        "from training.jobs import JobRequest, LocalJobs\n"
        "jobs = LocalJobs(root=Path(sys.argv[1]), worker=(sys.executable, '-m', sys.argv[3]))\n"
        "request = JobRequest(recipe=RECIPE, index=Path(sys.argv[2]), name='orphan')\n"
        "print(jobs.submit(request).id)"
    )
    arguments = [str(jobs.root), str(index_path), jobs.worker[-1]]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    record = until(jobs, done.stdout.strip(), "finished", "failed")
    assert record.state == "finished"
    assert record.epoch == 40


def test_an_error_of_ours_is_told_in_its_own_words(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_END", "fail")
    record = until(jobs, jobs.submit(request_named("failing")).id, "failed")
    assert record.message == "Expected images, received none. Add some."


def test_an_unexpected_error_is_named_and_stands_in_the_log(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_END", "break")
    record = until(jobs, jobs.submit(request_named("failing")).id, "failed")
    assert "ZeroDivisionError" in record.message
    assert "raise ZeroDivisionError" in jobs.log(record.id)


def test_a_cancelled_run_stops_at_once_and_goes_on_when_resumed(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_STEPS", "100000")
    job_id = jobs.submit(request_named("long-model")).id
    while not jobs.epochs(job_id):
        time.sleep(0.02)
    pid = jobs.status(job_id).pid
    cancelled = jobs.cancel(job_id)
    assert cancelled.state == "cancelled"
    assert cancelled.can_be_resumed
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    assert not psutil.pid_exists(pid)
    reached = len(jobs.epochs(job_id))
    monkeypatch.setenv("COUNTER_STEPS", str(reached + 2))
    jobs.resume(job_id)
    until(jobs, job_id, "finished")
    numbers = [epoch.epoch for epoch in jobs.epochs(job_id)]
    assert numbers == list(range(1, reached + 3))


def test_a_queued_run_is_taken_out_of_the_queue(jobs: LocalJobs, request_named: Named) -> None:
    first = jobs.submit(request_named("first-model"))
    second = jobs.submit(request_named("second-model"))
    assert jobs.cancel(second.id).state == "cancelled"
    until(jobs, first.id, "finished")
    assert jobs.status(second.id).state == "cancelled"
    assert jobs.status(second.id).started is None


def test_a_killed_run_reads_as_failed_and_can_be_resumed(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_STEPS", "100000")
    job_id = jobs.submit(request_named("long-model")).id
    os.kill(jobs.status(job_id).pid, signal.SIGKILL)
    record = until(jobs, job_id, "failed")
    assert "can be resumed" in record.message
    assert record.can_be_resumed


def test_a_run_killed_at_twenty_moments_loses_nothing_that_was_recorded(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_STEPS", "100000")
    job_id = jobs.submit(request_named("long-model")).id
    recorded = 0
    for number, moment_s in enumerate(MOMENTS_S):
        # Every other time while it counts, else while it starts.
        while number % 2 and len(jobs.epochs(job_id)) == recorded:
            time.sleep(0.01)
        time.sleep(moment_s)
        os.kill(jobs.status(job_id).pid, signal.SIGKILL)
        record = until(jobs, job_id, "failed")
        numbers = [epoch.epoch for epoch in jobs.epochs(job_id)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= recorded
        recorded = len(numbers)
        assert "can be resumed" in record.message
        assert jobs.resume(job_id).state == "running"
    assert recorded > 0
    jobs.cancel(job_id)
    monkeypatch.setenv("COUNTER_STEPS", str(recorded + 500))
    jobs.resume(job_id)
    until(jobs, job_id, "finished")


def test_a_process_that_was_given_the_same_pid_is_neither_taken_for_the_run_nor_killed(
    jobs: LocalJobs, request_named: Named
) -> None:
    job_id = until(jobs, jobs.submit(request_named("first-model")).id, "finished").id
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        try:
            JobFolder(jobs.root / job_id).change_state(
                state="running", pid=stranger.pid, process_started=time.time() - 3600
            )
            assert jobs.status(job_id).state == "failed"
            JobFolder(jobs.root / job_id).change_state(state="running")
            jobs.cancel(job_id)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_run_of_another_machine_is_believed_as_long_as_its_heart_beats(
    jobs: LocalJobs, request_named: Named
) -> None:
    patient = replace(jobs, stale_after_s=3600.0)
    job_id = until(patient, patient.submit(request_named("first-model")).id, "finished").id
    JobFolder(jobs.root / job_id).change_state(state="running", pid=2**22 + 1)
    assert patient.status(job_id).state == "running"
    assert jobs.status(job_id).state == "failed"


def test_a_worker_that_lost_its_job_ends(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_STEPS", "100000")
    record = jobs.submit(request_named("long-model"))
    JobFolder(record.folder).change_state(state="cancelled")
    gone, alive = psutil.wait_procs([psutil.Process(record.pid)], timeout=60)
    assert gone
    assert not alive


def test_a_second_worker_leaves_a_running_job_alone(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_STEPS", "100000")
    record = jobs.submit(request_named("long-model"))
    command = [*jobs.worker, str(record.folder), "--token", "another"]
    second = subprocess.run(command, check=False)
    assert second.returncode == 3
    assert jobs.status(record.id).pid == record.pid


def test_a_run_over_its_memory_limit_is_stopped_and_says_so(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_END", "hog")
    record = until(jobs, jobs.submit(request_named("hungry", memory_mb=250)).id, "failed")
    assert "250 MB" in record.message


def test_a_run_over_its_time_limit_is_stopped_and_says_so(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_STEPS", "100000")
    record = until(jobs, jobs.submit(request_named("slow", minutes=0.01)).id, "failed")
    assert "0.01 minutes" in record.message


def test_what_cannot_be_run_is_refused_before_it_is_queued(
    jobs: LocalJobs, request_named: Named, tmp_path: Path
) -> None:
    good = request_named("first-model")
    with pytest.raises(RecipeError, match=r"fit\.epochs"):
        jobs.submit(good.changed(recipe=good.recipe.replace("\nepochs = ", "\nepochs = -")))
    with pytest.raises(RecipeError, match="TOML"):
        jobs.submit(good.changed(recipe="= ="))
    with pytest.raises(DatasetError, match="index"):
        jobs.submit(good.changed(index=tmp_path / "none.csv"))
    with pytest.raises(JobError, match="lower-case"):
        good.changed(name="../etc")
    with pytest.raises(JobError, match="minutes"):
        JobLimits(minutes=0)
    assert jobs.list() == ()


def test_a_name_is_given_once(jobs: LocalJobs, request_named: Named) -> None:
    jobs.submit(request_named("first-model"))
    with pytest.raises(JobError, match="first-model"):
        jobs.submit(request_named("first-model"))


@pytest.mark.parametrize("job_id", ["../../etc", "20260101-000000-000000-abcd", ""])
def test_an_unknown_job_is_an_error_that_says_so(job_id: str, jobs: LocalJobs) -> None:
    for ask in (jobs.status, jobs.log, jobs.epochs, jobs.cancel, jobs.resume):
        with pytest.raises(JobError, match="There is no run"):
            ask(job_id)


def test_a_running_job_is_not_resumed(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTER_STEPS", "100000")
    job_id = jobs.submit(request_named("long-model")).id
    with pytest.raises(JobError, match="running"):
        jobs.resume(job_id)


def test_a_full_disk_is_told_and_leaves_no_half_job(
    jobs: LocalJobs, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: JobFolder, request: JobRequest) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(JobFolder, "write_request", full)
        with pytest.raises(JobError, match="No space left"):
            jobs.submit(request_named("first-model"))
    assert {entry.name for entry in jobs.root.iterdir()} == {".lock"}


def test_an_epoch_that_a_kill_cut_short_is_left_out_and_the_next_one_is_whole(
    jobs: LocalJobs, request_named: Named
) -> None:
    job_id = until(jobs, jobs.submit(request_named("first-model")).id, "finished").id
    path = jobs.root / job_id / "epochs.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert [epoch.epoch for epoch in jobs.epochs(job_id)] == [1, 2]
    folder = JobFolder(jobs.root / job_id)
    folder.add_epoch(jobs.epochs(job_id)[1].changed(epoch=3))
    assert [epoch.epoch for epoch in jobs.epochs(job_id)] == [1, 2, 3]


def spoil(name: str, data: bytes | None) -> Callable[[Path], object]:
    """What leaves a file of a job with other bytes, or with none at all."""
    return lambda folder: (
        (folder / name).unlink() if data is None else ((folder / name).write_bytes(data))
    )


def state_with(**changes: object) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        path = folder / "state.json"
        path.write_text(json.dumps(json.loads(path.read_bytes()) | changes))

    return write


HARM_TO_A_JOB = {
    "state cut short": spoil("state.json", b'{"state": "fini'),
    "state empty": spoil("state.json", b""),
    "state gone": spoil("state.json", None),
    "state a list": spoil("state.json", b"[]"),
    "state not UTF-8": spoil("state.json", b"\xff\xfe"),
    "state of no kind": state_with(state="asleep"),
    "a time of no calendar": state_with(submitted=1e300),
    "a process of no number": state_with(state="running", pid=-1),
    "request cut short": spoil("request.json", b'{"recipe": "'),
    "request gone": spoil("request.json", None),
    "empty": lambda folder: [path.unlink() for path in folder.iterdir() if path.is_file()],
}


@pytest.mark.parametrize("harm", HARM_TO_A_JOB)
def test_a_damaged_job_is_one_damaged_run_and_the_others_go_on(
    harm: str, jobs: LocalJobs, request_named: Named
) -> None:
    first, damaged = (jobs.submit(request_named(f"model-{n}")).id for n in range(2))
    for job_id in (first, damaged):
        until(jobs, job_id, "finished")
    HARM_TO_A_JOB[harm](jobs.root / damaged)
    listed = {record.id: record for record in jobs.list()}
    assert listed[first].state == "finished"
    assert listed[damaged].state == "damaged"
    assert re.search(r"(request|state)\.json", listed[damaged].message)
    assert listed[damaged].message.endswith(".")
    assert abs((listed[damaged].submitted - listed[first].submitted).total_seconds()) < 600
    assert not listed[damaged].can_be_resumed
    third = jobs.submit(request_named("model-3")).id  # neither name nor queue is held up
    assert until(jobs, third, "finished").state == "finished"
    assert jobs.status(first).state == "finished"
    with pytest.raises(JobError, match=r"(request|state)\.json"):
        jobs.status(damaged)


def test_a_log_is_shown_without_what_tensorflow_says_of_itself(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    folder.log_path.write_text(
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        "I0000 00:00:1795913318.708288   26289 port.cc:153] oneDNN custom operations are on.\n"
        "E0000 00:00:1795913318.708288   26289 cuda_dnn.cc:8310] Unable to register cuDNN factory\n"
        "2026-11-29 00:01:02.345678: I tensorflow/core/platform/cpu_feature_guard.cc:210] This\n"
        "To enable the following instructions: AVX2 FMA, in other operations, rebuild\n"
        "12:00:01 Learning, grouped split\n"
        "E0000 00:00:1795913318.708288   26289 disk.cc:1] No space left\n"
    )
    assert folder.log(lines=2).splitlines() == [
        "12:00:01 Learning, grouped split",
        "E0000 00:00:1795913318.708288   26289 disk.cc:1] No space left",
    ]


def test_damaged_epochs_and_logs_are_told_and_what_is_readable_is_shown(
    jobs: LocalJobs, request_named: Named
) -> None:
    done = until(jobs, jobs.submit(request_named("first-model")).id, "finished")
    path = done.folder / "epochs.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\xff\xfe\n" + lines[-1])
    assert [each.epoch for each in jobs.epochs(done.id)] == [1, 3]
    (done.folder / "heartbeat.json").write_text('{"time": 1e300}')
    assert jobs.status(done.id).heartbeat is None
    for name, ask in (("epochs.jsonl", jobs.epochs), ("log.txt", jobs.log)):
        (done.folder / name).unlink()
        (done.folder / name).mkdir()
        with pytest.raises(JobError, match=f"{name} of the job"):
            ask(done.id)
