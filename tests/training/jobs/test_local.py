"""The queue: what waits, runs, fails, is stopped and goes on, with processes of this machine."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from models.errors import DatasetError, JobError, RecipeError
from tests.training.jobs.conftest import Named, until
from training.jobs import JobLimits, JobRequest, LocalJobs
from training.jobs.folder import JobFolder

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
        "from tests.training.jobs.conftest import RECIPE\n"
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
        jobs.submit(replace(good, recipe=good.recipe.replace("\nepochs = ", "\nepochs = -")))
    with pytest.raises(RecipeError, match="TOML"):
        jobs.submit(replace(good, recipe="= ="))
    with pytest.raises(DatasetError, match="index"):
        jobs.submit(replace(good, index=tmp_path / "none.csv"))
    with pytest.raises(JobError, match="lower-case"):
        replace(good, name="../etc")
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
        with pytest.raises(JobError, match="id of a job"):
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
    folder.add_epoch(replace(jobs.epochs(job_id)[1], epoch=3))
    assert [epoch.epoch for epoch in jobs.epochs(job_id)] == [1, 2, 3]
