"""The process that does one job: `python -m training.jobs.worker FOLDER`.

It gives a sign of life every second, keeps to its limits, and ends where it no longer owns the
job: after a cancel, or after another worker took over.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from models.errors import BlooduiError
from models.files import disk_reason
from models.tensorflow_environment import LEARNING, tell_tensorflow
from training.errors import JobError, TrackingError
from training.jobs.folder import JobFolder
from training.jobs.local import LocalJobs
from training.jobs.process import kill, memory_mb_of, started_at
from training.jobs.ray_host import host_at
from training.jobs.record import FAILED, FINISHED, Beat
from training.progress import EpochDone, Progress, ShareProgress, epochs_within

_log = logging.getLogger(__name__)
_BEAT_S = 1.0
_ENOUGH_DONE = 0.03
_SHARE_OF_RUN = 0.7  # where its model is audited as well
_JUMP, _AT_ONCE_S = 0.02, 0.2
_NOT_MINE = 3
# Of -20 to 19: the dashboard on the same processors is to answer while a run uses them all.
_NICENESS = 5

# Does the job in a folder and says in a sentence what came of it.
Task = Callable[[JobFolder, Progress], str]


class Heart(threading.Thread):
    """Gives signs of life, and ends the process where its limits or its right to run end.

    It is the run's `Progress` too: what it hears goes into the job's folder.
    """

    def __init__(self, jobs: LocalJobs, folder: JobFolder, *, token: str) -> None:
        super().__init__(name="heart", daemon=True)
        self._jobs = jobs
        self._folder = folder
        self._token = token
        request = folder.request()
        self._limits = request.limits
        self._expected_s = request.expected_s
        self._began = time.monotonic()
        self._told = self._began
        self._skipped = 0.0
        self._beat = Beat(stage="Starting")
        self._is_over = threading.Event()

    def stage(self, text: str, share: float) -> None:
        """Tell what goes on now, and how far the whole is."""
        now, before = time.monotonic(), self._beat
        if share - before.share > _JUMP and now - self._told < _AT_ONCE_S:
            self._skipped += share - before.share  # what an earlier start has done
        self._told = now
        is_same = text == before.stage
        self._beat = before.changed(
            stage=text,
            share=share,
            epoch=before.epoch if is_same else 0,
            epochs=before.epochs if is_same else 0,
            left_s=self._left_s(share, now),
        )

    def epoch(self, done: EpochDone) -> None:
        """Keep the figures of an epoch."""
        self._folder.add_epoch(done)
        self._beat = self._beat.changed(epoch=done.epoch, epochs=done.epochs)

    def _left_s(self, share: float, now: float) -> float:
        """Seconds left, at the pace of this start; as it was expected while too little is done."""
        done = share - self._skipped
        if done < _ENOUGH_DONE:
            return self._expected_s * (1 - share)
        return (now - self._began) * (1 - share) / done

    def run(self) -> None:
        """Beat until the job is over."""
        while True:
            memory_mb = self._give_sign()
            if self._is_over.wait(_BEAT_S):
                return
            self._check(memory_mb)

    def stop(self) -> None:
        """Stop beating, after a last sign of life."""
        self._is_over.set()
        self.join()
        self._give_sign()

    def _give_sign(self) -> int:
        memory_mb = memory_mb_of(os.getpid())
        with contextlib.suppress(OSError):  # a full disk stops the run itself, in words
            self._folder.write_beat(self._beat.changed(time=time.time(), memory_mb=memory_mb))
        return memory_mb

    def _check(self, memory_mb: int) -> None:
        minutes = (time.monotonic() - self._began) / 60
        limits = self._limits
        with contextlib.suppress(JobError, OSError):
            if limits.memory_mb is not None and memory_mb > limits.memory_mb:
                self._give_up(
                    f"The run took {memory_mb} MB of memory; its limit is {limits.memory_mb} MB. "
                    "Use smaller images or batches, or raise the limit."
                )
            elif limits.minutes is not None and minutes > limits.minutes:
                self._give_up(
                    f"The run took longer than its limit of {limits.minutes:g} minutes. "
                    "Resume it to go on from its last epoch."
                )
            elif not self._jobs.owns(self._folder.id, token=self._token):
                self._end()

    def _give_up(self, message: str) -> None:
        try:
            self._jobs.close(self._folder.id, token=self._token, state=FAILED, message=message)
        finally:
            self._end()

    @staticmethod
    def _end() -> None:
        """End this process and its children now; its threads may be deep in native code."""
        if os.getpgrp() == os.getpid():
            kill(os.getpid(), started_at(os.getpid()))
        os._exit(1)


def work(jobs: LocalJobs, job_id: str, task: Task, *, token: str) -> int:
    """Do a job, write down how it ended, and start the next; the exit status is 0 if it went well.

    Args:
        jobs: Where the job is.
        job_id: Which one.
        task: Does it.
        token: What this process was given when it was started.
    """
    if not jobs.claim(job_id, token=token):
        return _NOT_MINE
    folder = JobFolder(jobs.root / job_id)
    heart = Heart(jobs, folder, token=token)
    heart.start()
    state = FAILED
    try:
        message = task(folder, heart)
        state = FINISHED
    except BlooduiError as error:
        message = str(error)
    except MemoryError:
        message = "The memory was used up. Use smaller images or batches, then resume."
    except OSError as error:
        _log.exception("The run could not go on")
        message = f"{disk_reason(error)}. Mend that, then resume."
    except Exception as error:  # noqa: BLE001 - it is told in the job's record
        _log.exception("The run could not go on")
        message = f"Unexpected {type(error).__name__}. The log of the run says where."
    heart.stop()
    jobs.close(job_id, token=token, state=state, message=message)
    return 0 if state == FINISHED else 1


def train(folder: JobFolder, progress: Progress) -> str:
    """Train, judge, bundle and audit a model, and record it in MLflow where a store is named.

    Raises:
        BlooduiError: The recipe or the images cannot be used.
        TrackingError: The bundle is there, but MLflow did not take it.
    """
    from training.data.index import read_index
    from training.recipes.recipe import parse_recipe
    from training.runs.audited import audit_run
    from training.runs.run import run
    from training.tracking.runs import record_run

    request = folder.request()
    recipe = parse_recipe(tomllib.loads(request.recipe), name=request.name)
    index = read_index(request.index)
    ended = "Finished."
    if request.audits:
        run(recipe, index, folder.run, progress=ShareProgress(progress, 0, _SHARE_OF_RUN))
        try:
            audit_run(folder.run, index, progress=ShareProgress(progress, _SHARE_OF_RUN, 1))
        except BlooduiError as error:  # the model is there, and its card says what it lacks
            ended = f"Finished, but not audited. {error}"
    else:
        run(recipe, index, folder.run, progress=progress)
    if not request.tracking:
        return ended
    progress.stage("Recording in MLflow", 1.0)
    try:
        record_run(request.tracking, folder.run / "bundle", epochs=folder.epochs())
    except TrackingError as error:
        raise TrackingError(
            f"The model is finished, but its run is not recorded. {error} Then resume."
        ) from error
    return ended


def compare(folder: JobFolder, progress: Progress) -> str:
    """Run a study, its folds as Ray tasks where this process is a Ray job.

    Raises:
        BlooduiError: No member of the study could be run.
        TrackingError: The tables are there, but MLflow did not take a run.
    """
    from training.data.index import read_index
    from training.studies.plan import parse_study
    from training.studies.study import member_folder, run_study
    from training.tracking.runs import record_run

    request = folder.request()
    study = parse_study(tomllib.loads(request.recipe), name=request.name)
    not_run = run_study(
        study,
        read_index(request.index),
        folder.run,
        progress=progress,
        ray_address=os.environ.get("RAY_ADDRESS", ""),
    )
    if request.tracking:
        progress.stage("Recording in MLflow", 1.0)
        for member in study.members:
            if member.name not in not_run:
                record_run(
                    request.tracking,
                    member_folder(folder.run, member) / "bundle",
                    epochs=epochs_within(folder.epochs(), member.name),
                )
    if not not_run:
        return "Finished."
    reasons = " ".join(f"{name}: {why}" for name, why in not_run.items())
    return f"Finished, but for {len(not_run)} that could not be run. {reasons}"


def run_or_study(folder: JobFolder, progress: Progress) -> str:
    """Do what a job asks for."""
    return (compare if folder.request().kind == "study" else train)(folder, progress)


def main(
    words: Sequence[str] | None = None,
    *,
    task: Task = run_or_study,
    module: str = "training.jobs.worker",
) -> int:
    """Do the job of a folder.

    Args:
        words: The command line; that of this process where it is None.
        task: Does the job.
        module: What is started for the next job in the queue.
    """
    tell_tensorflow(LEARNING)
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, max(mine, _NICENESS))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--token", required=True)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--ray", default="")
    request = parser.parse_args(words)
    jobs = LocalJobs(
        root=request.folder.parent,
        at_once=request.at_once,
        worker=(sys.executable, "-m", module),
        host=host_at(request.ray),
    )
    return work(jobs, request.folder.name, task, token=request.token)


if __name__ == "__main__":
    os.umask(0o077)  # on a cluster no server of ours has said so
    sys.exit(main())
