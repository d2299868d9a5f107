"""The queue of jobs. No daemon: whoever looks at the queue moves it on.

Every change of a job's state is made under one lock of the jobs folder, which the kernel gives
back when its holder is killed.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from models.files import disk_reason, move_into_place
from training.errors import JobError
from training.jobs.folder import ID_MOMENT, JobFolder
from training.jobs.host import Host, Started, ThisMachine
from training.jobs.process import started_at
from training.jobs.record import (
    CANCELLED,
    ENDED,
    FAILED,
    QUEUED,
    RESUMABLE,
    RUNNING,
    JobRecord,
    JobRequest,
    State,
)
from training.progress import EpochDone
from training.recipes.toml_file import parse_toml
from training.stored import locked


@contextlib.contextmanager
def _disk_told() -> Iterator[None]:
    """What the disk refuses while this lasts is told in a sentence."""
    try:
        yield
    except OSError as error:
        raise JobError(
            f"The folder of the runs cannot be read or written: {disk_reason(error)}. Free some "
            "space, or let the user that runs bloodui write there; no run is lost."
        ) from error


_ID = re.compile(r"\d{8}-\d{6}-\d{6}-[0-9a-f]{4}")


@dataclass(frozen=True, kw_only=True)
class LocalJobs:
    """Runs jobs, a number of them at once, on this machine or on another host.

    Attributes:
        root: Folder that holds a folder for each job.
        at_once: Runs at once; others wait in the queue.
        stale_after_s: A run without a sign of life for so long, whose process is gone, failed.
        worker: Program and first arguments of the process that does a job.
        host: Where the processes run.
    """

    root: Path
    at_once: int = 1
    stale_after_s: float = 10.0
    worker: tuple[str, ...] = (sys.executable, "-m", "training.jobs.worker")
    host: Host = field(default_factory=ThisMachine)

    @_disk_told()
    def submit(self, request: JobRequest) -> JobRecord:
        """Check a request, queue it, and start it where there is room.

        Raises:
            RecipeError: The recipe or the study is not valid.
            DatasetError: The index cannot be read.
            JobError: Another job has this name, or the disk is full.
        """
        from training.data.index import read_index
        from training.recipes.recipe import parse_recipe
        from training.studies.plan import parse_study

        parse = parse_study if request.kind == "study" else parse_recipe
        parse(parse_toml(request.recipe, name=f"the {request.name}"), name=request.name)
        read_index(request.index)
        now = time.time()
        moment = datetime.fromtimestamp(now, UTC).strftime(ID_MOMENT)
        job_id = f"{moment}-{secrets.token_hex(2)}"
        with locked(self.root):
            self._check_name(request.name)
            part = self.root / f".{job_id}"
            try:
                part.mkdir()
                JobFolder(part).write_request(request)
                JobFolder(part).write_state(State(state=QUEUED, submitted=now, queued=now))
                move_into_place(part, self.root / job_id)
            except OSError as error:
                shutil.rmtree(part, ignore_errors=True)
                raise JobError(
                    f"The state folder cannot take a run: {disk_reason(error)}. "
                    "Free some space, or give another folder."
                ) from error
            self._advance()
        return self._folder(job_id).record()

    @_disk_told()
    def status(self, job_id: str) -> JobRecord:
        """What is known of a job now; the queue moves on where it can."""
        with locked(self.root):
            self._advance()
        return self._folder(job_id).record()

    @_disk_told()
    def list(self) -> tuple[JobRecord, ...]:
        """Every job, the latest first, also one whose folder is damaged; the queue moves on.

        Where the disk is full or may not be written, nothing moves on, and all can be looked at.
        """
        with contextlib.suppress(OSError), locked(self.root):
            self._advance()
        return tuple(_record_of(folder) for folder in reversed(self._folders()))

    @_disk_told()
    def log(self, job_id: str, *, lines: int = 200) -> str:
        """The last lines that the job wrote, at most 64 kB."""
        return self._folder(job_id).log(lines=lines)

    @_disk_told()
    def epochs(self, job_id: str) -> tuple[EpochDone, ...]:
        """The figures of every epoch so far."""
        return self._folder(job_id).epochs()

    @_disk_told()
    def cancel(self, job_id: str) -> JobRecord:
        """Stop a job, or take it out of the queue; one that has ended stays as it is."""
        folder = self._folder(job_id)
        with locked(self.root):
            state = folder.state()
            if state.state not in ENDED:
                folder.change_state(
                    state=CANCELLED, ended=time.time(), message="Cancelled. It can be resumed."
                )
                self.host.kill(state)
            self._advance()
        return folder.record()

    @_disk_told()
    def resume(self, job_id: str) -> JobRecord:
        """Queue a job again that failed or was cancelled; it goes on where it stopped.

        Raises:
            JobError: It waits, runs or has finished.
        """
        folder = self._folder(job_id)
        with locked(self.root):
            self._advance()
            state = folder.state()
            if state.state not in RESUMABLE:
                raise JobError(
                    f"Only a job that failed or was cancelled is resumed; this one is "
                    f"{state.state}. Cancel it first where it runs."
                )
            folder.change_state(state=QUEUED, queued=time.time(), ended=None, pid=None, message="")
            self._advance()
        return folder.record()

    @_disk_told()
    def claim(self, job_id: str, *, token: str) -> bool:
        """Whether the process that was given this token is to do the job; it then owns it."""
        folder = self._folder(job_id)
        with locked(self.root):
            state = folder.state()
            # Queued: whoever started this process was killed before it could write so down.
            if state.state != QUEUED and not self.owns(job_id, token=token):
                return False
            me = Started(pid=os.getpid(), began=started_at(os.getpid()))
            self._note_start(folder, me, token=token)
            return True

    def owns(self, job_id: str, *, token: str) -> bool:
        """Whether the process that was given this token is still the one that does the job."""
        state = self._folder(job_id).state()
        return state.state == RUNNING and state.token == token

    @_disk_told()
    def close(self, job_id: str, *, token: str, state: str, message: str) -> None:
        """Write down how the job of the process with this token ended, and start the next."""
        with locked(self.root):
            if self.owns(job_id, token=token):
                self._folder(job_id).change_state(state=state, ended=time.time(), message=message)
            self._advance()

    def _advance(self) -> None:
        """Note which runs have died, and start what waits where there is room; needs the lock.

        A job whose state cannot be read neither runs nor waits.
        """
        states: dict[str, State] = {}
        for folder in self._folders():
            with contextlib.suppress(JobError):
                states[folder.id] = self._settled(folder)
        waiting = [self._folder(each) for each, state in states.items() if state.state == QUEUED]
        waiting.sort(key=lambda folder: (states[folder.id].queued, folder.id))
        n_running = sum(state.state == RUNNING for state in states.values())
        for folder in waiting[: max(0, self.at_once - n_running)]:
            self._start(folder)

    def _start(self, folder: JobFolder) -> None:
        token = secrets.token_hex(8)
        command = (
            *self.worker,
            str(folder.path),
            "--token",
            token,
            "--at-once",
            str(self.at_once),
            *self.host.words,
        )
        try:
            started = self.host.start(command, folder, token=token)
        except JobError as error:
            folder.change_state(state=FAILED, ended=time.time(), message=str(error))
        else:
            self._note_start(folder, started, token=token)

    def _settled(self, folder: JobFolder) -> State:
        state = folder.state()
        if state.state != RUNNING or self.host.is_alive(state):
            return state
        # On another machine that shares this folder the process may live: its heart beats.
        last_sign = max(folder.beat().time, state.started or 0.0)
        if time.time() - last_sign < self.stale_after_s:
            return state
        message = "The run stopped without a word, as after a kill. It can be resumed."
        failed = state.changed(state=FAILED, ended=last_sign, message=message)
        with contextlib.suppress(OSError):  # a full disk; whoever looks later writes it down
            folder.write_state(failed)
        return failed

    @staticmethod
    def _note_start(folder: JobFolder, started: Started, *, token: str) -> None:
        folder.change_state(
            state=RUNNING,
            started=time.time(),
            ended=None,
            pid=started.pid,
            process_started=started.began,
            token=token,
        )

    def _check_name(self, name: str) -> None:
        for folder in self._folders():
            if _record_of(folder).name == name:
                raise JobError(
                    f"Run {folder.id} has the name {name!r} already. Resume that run, or give "
                    "another name."
                )

    def _folder(self, job_id: str) -> JobFolder:
        if not _ID.fullmatch(job_id) or not (self.root / job_id).is_dir():
            raise JobError(f"There is no run {job_id!r}. Take one from the list of runs.")
        return JobFolder(self.root / job_id)

    def _folders(self) -> builtins.list[JobFolder]:
        names = sorted(name for name in os.listdir(self.root) if _ID.fullmatch(name))
        return [JobFolder(self.root / name) for name in names]


def _record_of(folder: JobFolder) -> JobRecord:
    """What is known of a job, or that its folder is damaged."""
    try:
        return folder.record()
    except JobError as error:
        return folder.damaged_record(error)
