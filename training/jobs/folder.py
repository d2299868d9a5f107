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
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.files import disk_reason, file_beside
from training.errors import JobError
from training.jobs.record import DAMAGED, Beat, JobRecord, JobRequest, State
from training.progress import EpochDone

ID_MOMENT = "%Y%m%d-%H%M%S-%f"
"""How the moment when a job was asked for begins its id."""
_LOG_BYTES = 65_536
# Hints and warnings of its start, which it writes past Python; its errors stay, but for those of a
# CUDA that is not there.
_OF_TENSORFLOW = re.compile(
    r"WARNING: All log messages before absl|[IW]\d{4} \d\d:\d\d:|E\d{4} \d\d:\d\d:.*cuda"
    r"|\d{4}-\d\d-\d\d [\d:.]+: [IW] |To enable the following instructions:"
)


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
        return JobRequest.from_dict(self._read("request.json"))

    def write_request(self, request: JobRequest) -> None:
        """Keep what was asked for."""
        self._write("request.json", request.to_dict())

    def state(self) -> State:
        """How the job stands, as it was last written. Raises JobError where nothing tells."""
        return State.from_dict(self._read("state.json"))

    def write_state(self, state: State) -> None:
        """Keep how the job stands; it survives a power cut."""
        self._write("state.json", state.to_dict(), is_lasting=True)

    def beat(self) -> Beat:
        """The last sign of life; one of 1970 where there was none."""
        try:
            beat = Beat.from_dict(self._read("heartbeat.json"))
            self._moment(beat.time)
            return beat
        except JobError:
            return Beat()

    def write_beat(self, beat: Beat) -> None:
        """Give a sign of life."""
        self._write("heartbeat.json", beat.to_dict())

    def epochs(self) -> tuple[EpochDone, ...]:
        """The figures of every epoch, each once and in its latest form, in order of arrival.

        Raises JobError where the file cannot be read.
        """
        found: dict[tuple[str, int, str, int], EpochDone] = {}
        for line in self._bytes_of("epochs.jsonl").splitlines():
            try:
                done = EpochDone.from_dict(json.loads(line))
            except (ValueError, RecursionError, JobError):
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
        """The last lines of the log, of at most 64 kB, without what TensorFlow says of itself.

        Raises JobError where it cannot be read.
        """
        text = self._bytes_of("log.txt", last=_LOG_BYTES).decode("utf-8", errors="replace")
        ours = [line for line in text.splitlines() if not _OF_TENSORFLOW.match(line)]
        return "\n".join(ours[-lines:])

    def record(self) -> JobRecord:
        """What is known of the job, without asking whether its process still lives.

        Raises JobError where the folder does not tell.
        """
        request, state, beat = self.request(), self.state(), self.beat()
        return JobRecord(
            id=self.id,
            name=request.name,
            kind=request.kind,
            by=request.by,
            state=state.state,
            submitted=self._moment(state.submitted),
            started=None if state.started is None else self._moment(state.started),
            ended=None if state.ended is None else self._moment(state.ended),
            pid=state.pid,
            heartbeat=self._moment(beat.time) if beat.time else None,
            stage=beat.stage,
            share=beat.share,
            epoch=beat.epoch,
            epochs=beat.epochs,
            memory_mb=beat.memory_mb,
            left_s=beat.left_s,
            estimated_s=request.estimated_s,
            message=state.message,
            folder=self.path,
        )

    def damaged_record(self, error: JobError) -> JobRecord:
        """What is still known of a job whose `record` raises this error: no action is offered."""
        try:
            request = self.request()
        except JobError:
            request = None
        return JobRecord(
            id=self.id,
            name=request.name if request else self.id,
            kind=request.kind if request else "run",
            by=request.by if request else "",
            state=DAMAGED,
            submitted=_moment_of(self.id),
            started=None,
            ended=None,
            pid=None,
            heartbeat=None,
            stage="",
            share=0.0,
            epoch=0,
            epochs=0,
            memory_mb=0,
            left_s=0.0,
            estimated_s=0.0,
            message=str(error),
            folder=self.path,
        )

    def change_state(self, **changes: Any) -> State:
        """Write the state with some of its values changed, and return it."""
        state = self.state().changed(**changes)
        self.write_state(state)
        return state

    def _read(self, name: str) -> dict[str, Any]:
        try:
            data = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            reason = disk_reason(error) if isinstance(error, OSError) else "it is no JSON"
            raise self._refusal(name, reason) from error
        if not isinstance(data, dict):
            raise self._refusal(name, "it holds no object")
        return data

    def _bytes_of(self, name: str, *, last: int | None = None) -> bytes:
        """The bytes of a file, or its last ones; none where it is not there. Raises JobError."""
        try:
            with (self.path / name).open("rb") as file:
                if last is not None:
                    file.seek(max(0, file.seek(0, os.SEEK_END) - last))
                return file.read()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise self._refusal(name, disk_reason(error)) from error

    def _moment(self, seconds: float) -> datetime:
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError, ValueError) as error:
            raise self._refusal("state.json", f"{seconds:.3g} s is no time") from error

    def _refusal(self, name: str, reason: str) -> JobError:
        return JobError(
            f"The file {name} of the job {self.id} cannot be read: {reason}. "
            "Restore the job's folder from a backup, or take it away."
        )

    def _write(self, name: str, data: Mapping[str, Any], *, is_lasting: bool = False) -> None:
        with file_beside(self.path / name, is_lasting=is_lasting) as temporary:
            temporary.write_text(json.dumps(data, indent=1), encoding="utf-8")


def _moment_of(job_id: str) -> datetime:
    """When a job was asked for, by its id; 1970 where that tells none."""
    try:
        return datetime.strptime(job_id[:22], ID_MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def _ends_a_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")
