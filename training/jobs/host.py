"""Where the process of a job runs: what every such place can do, and this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from training.jobs.folder import JobFolder
from training.jobs.process import is_alive, kill, start_process
from training.jobs.record import State

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Started:
    """A process that was started; pid and time in seconds since 1970 where they are known."""

    pid: int | None = None
    began: float | None = None


class Host(Protocol):
    """A place that runs the processes of jobs."""

    @property
    def words(self) -> tuple[str, ...]:
        """What the command line of a worker needs so that it starts the next job there too."""

    def start(self, command: Sequence[str], folder: JobFolder, *, token: str) -> Started:
        """Start a process, which outlives this one; what it writes goes to the job's log.

        Raises:
            JobError: The place takes no job now.
        """

    def is_alive(self, state: State) -> bool:
        """Whether the process of a running job still runs, or waits for its turn there."""

    def kill(self, state: State) -> None:
        """End the process of a job at once."""


@dataclass(frozen=True)
class ThisMachine:
    """Processes of this machine, each in a session of its own."""

    words: tuple[str, ...] = ()

    def start(self, command: Sequence[str], folder: JobFolder, *, token: str) -> Started:
        """Start a process; see `Host`."""
        pid, began = start_process(command, folder=PROJECT, log=folder.log_path)
        return Started(pid=pid, began=began)

    def is_alive(self, state: State) -> bool:
        """Whether this very process still runs."""
        return is_alive(state.pid, state.process_started)

    def kill(self, state: State) -> None:
        """End the process and all of its session."""
        kill(state.pid, state.process_started)
