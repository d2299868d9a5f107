"""The folder of one job: what stands in which file, and how it is written.

| file            | written by               | holds                                              |
|-----------------|--------------------------|----------------------------------------------------|
| request.json    | submit, once             | the request                                        |
| state.json      | whoever holds the lock   | state, times, process                              |
| heartbeat.json  | the worker, every second | sign of life, stage, epoch                         |
| epochs.jsonl    | the worker, appended     | figures of every epoch                             |
| log.txt         | the worker, appended     | what the run writes                                |
| run/            | training.run             | features, state after each epoch, bundle           |
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.errors import JobError
from training.jobs.record import JobLimits, JobRecord, JobRequest
from training.progress import EpochDone

_LOG_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class State:
    """What state.json holds. Times are seconds since 1970.

    Attributes:
        queued: When the job came, or came back, into the queue.
        process_started: When the process began, which tells it from a later one of the same pid.
        token: Names the last start: the process that was given it owns the job.
    """

    state: str
    submitted: float
    queued: float
    started: float | None = None
    ended: float | None = None
    pid: int | None = None
    process_started: float | None = None
    token: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Beat:
    """What heartbeat.json holds; see `JobRecord`. `time` is in seconds since 1970."""

    time: float = 0.0
    stage: str = ""
    share: float = 0.0
    epoch: int = 0
    epochs: int = 0
    memory_mb: int = 0


class JobFolder:
    """Reads and writes the files of one job; every file is replaced whole or appended to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = path / "run"
        self.log_path = path / "log.txt"

    @property
    def id(self) -> str:
        """The job's id, which is the folder's name."""
        return self.path.name

    def request(self) -> JobRequest:
        """What was asked for. Raises JobError where the folder does not tell."""
        data = self._read("request.json")
        values = {key.name: data[key.name] for key in fields(JobRequest)}
        values["index"] = Path(values["index"])
        values["limits"] = JobLimits(**values["limits"])
        return JobRequest(**values)

    def write_request(self, request: JobRequest) -> None:
        """Keep what was asked for."""
        self._write("request.json", asdict(request) | {"index": str(request.index)})

    def state(self) -> State:
        """How the job stands, as it was last written. Raises JobError where nothing tells."""
        return State(**self._read("state.json"))

    def write_state(self, state: State) -> None:
        """Keep how the job stands; it survives a power cut."""
        self._write("state.json", asdict(state), is_lasting=True)

    def beat(self) -> Beat:
        """The last sign of life; one of 1970 where there was none."""
        try:
            return Beat(**self._read("heartbeat.json"))
        except JobError:
            return Beat()

    def write_beat(self, beat: Beat) -> None:
        """Give a sign of life."""
        self._write("heartbeat.json", asdict(beat))

    def epochs(self) -> tuple[EpochDone, ...]:
        """The figures of every epoch, each once and in its latest form, in order of arrival."""
        found: dict[tuple[str, int, str, int], EpochDone] = {}
        try:
            lines = (self.path / "epochs.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return ()
        for line in lines:
            try:
                done = EpochDone.from_dict(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # a kill cut this line short; its epoch is run again
            found.pop(done.place, None)
            found[done.place] = done
        return tuple(found.values())

    def add_epoch(self, done: EpochDone) -> None:
        """Append the figures of an epoch."""
        with (self.path / "epochs.jsonl").open("ab+") as file:
            line = json.dumps(done.to_dict()).encode() + b"\n"
            if file.tell() and not _ends_a_line(file):
                line = b"\n" + line
            file.write(line)

    def log(self, *, lines: int) -> str:
        """The last lines of the log, at most 64 kB."""
        try:
            with self.log_path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
                text = file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def record(self) -> JobRecord:
        """What is known of the job, without asking whether its process still lives."""
        request, state, beat = self.request(), self.state(), self.beat()
        return JobRecord(
            id=self.id,
            name=request.name,
            kind=request.kind,
            by=request.by,
            state=state.state,
            submitted=_moment(state.submitted) or datetime.fromtimestamp(0, UTC),
            started=_moment(state.started),
            ended=_moment(state.ended),
            pid=state.pid,
            heartbeat=_moment(beat.time or None),
            stage=beat.stage,
            share=beat.share,
            epoch=beat.epoch,
            epochs=beat.epochs,
            memory_mb=beat.memory_mb,
            message=state.message,
            folder=self.path,
        )

    def change_state(self, **changes: Any) -> State:
        """Write the state with some of its values changed, and return it."""
        state = replace(self.state(), **changes)
        self.write_state(state)
        return state

    def _read(self, name: str) -> dict[str, Any]:
        try:
            data = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise JobError(
                f"Expected the file {name} of the job {self.id}, received "
                f"{type(error).__name__}. Restore the folder or remove it."
            ) from error
        if not isinstance(data, dict):
            raise JobError(f"Expected an object in {name} of the job {self.id}.")
        return data

    def _write(self, name: str, data: Mapping[str, Any], *, is_lasting: bool = False) -> None:
        temporary = self.path / f".{name}.{os.getpid()}.part"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
            if is_lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, self.path / name)


def _ends_a_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
