"""What is asked of a job, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import field_validator

from models.stored import Count, Id, Location, Positive, Stored
from training.errors import JobError

JobKind = Literal["run", "study"]
StateName = Literal["queued", "running", "finished", "failed", "cancelled"]
QUEUED: StateName = "queued"
RUNNING: StateName = "running"
FINISHED: StateName = "finished"
FAILED: StateName = "failed"
CANCELLED: StateName = "cancelled"
DAMAGED = "damaged"
"""Of a record alone: the job's folder does not tell how it stands. Nothing stores it."""
ENDED: tuple[StateName, ...] = (FINISHED, FAILED, CANCELLED)
RESUMABLE: tuple[StateName, ...] = (FAILED, CANCELLED)


class JobLimits(Stored):
    """What a job may use before it is stopped; None for no limit."""

    refused_as = JobError
    called = "the limits"
    advice = "Give a larger one, or none."

    memory_mb: Count | None = None
    """Memory that its processes hold at once, in MB (2**20 bytes)."""
    minutes: Positive | None = None
    """Time since it was last started."""


class JobRequest(Stored, extra="ignore"):
    """A run or a study that is asked for: what request.json holds."""

    refused_as = JobError
    called = "the job"

    recipe: str
    """The TOML of the recipe or of the study, with every change already in it."""
    index: Location
    """The index CSV of the images, as an absolute path."""
    name: Id
    """What the model will be called: its bundle's id. Of a study: what the study is called."""
    kind: JobKind = "run"
    """What is asked for."""
    limits: JobLimits = JobLimits()
    """What the run may use."""
    tracking: str = ""
    """Address of the MLflow store that records it; "" for none."""
    by: str = ""
    """Who asked for it."""
    audits: bool = False
    """Whether a run's model is audited when it is finished."""
    estimated_s: float = 0.0
    """Seconds that it was thought to take by its recipe alone; 0 where nobody asked."""
    expected_s: float = 0.0
    """The same, by what earlier runs of this machine took."""

    @field_validator("index")
    @classmethod
    def _is_absolute(cls, index: Path) -> Path:
        if not index.is_absolute():
            raise ValueError(f"Expected an absolute path, received {str(index)!r}.")
        return index


class State(Stored):
    """How a job stands: what state.json holds. Times are seconds since 1970."""

    refused_as = JobError
    called = "state.json"

    state: StateName
    """Where it is between asked for and ended."""
    submitted: float
    """When it was asked for."""
    queued: float
    """When it came, or came back, into the queue."""
    started: float | None = None
    """When it was last started."""
    ended: float | None = None
    """When it ended."""
    pid: Count | None = None
    """Process that does it, or did."""
    process_started: float | None = None
    """When the process began, which tells it from a later one of the same pid."""
    token: str = ""
    """Names the last start: the process that was given it owns the job."""
    message: str = ""
    """How it ended, or why it waits, in a sentence."""


class Beat(Stored):
    """A job's last sign of life: what heartbeat.json holds."""

    refused_as = JobError
    called = "heartbeat.json"

    time: float = 0.0
    """When, in seconds since 1970."""
    stage: str = ""
    """What the job does now, in words."""
    share: float = 0.0
    """Share of it that is done, 0–1."""
    epoch: int = 0
    """Epoch of the present fold that has ended; 0 before."""
    epochs: int = 0
    """Epochs planned; 0 before."""
    memory_mb: int = 0
    """Memory that its processes held, in MB."""
    left_s: float = 0.0
    """Seconds until it is done; 0 where that is not known."""


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """What is known of a job. Times are in UTC.

    Attributes:
        id: Names the job; later jobs have later ids.
        name, kind: See `JobRequest`.
        by: Who asked for it.
        state: "queued", "running", "finished", "failed" or "cancelled"; "damaged" where its folder
            does not tell, and the message says why.
        submitted, started, ended: When; `started` is the last start.
        pid: Process that does it, or did.
        heartbeat: When the process last gave a sign of life.
        stage: What it does now, in words.
        share: Share of the run that is done, 0–1.
        epoch, epochs: Epoch of the present fold that has ended, and epochs planned; 0 before.
        memory_mb: Memory that its processes held at the last sign of life, in MB.
        left_s: Seconds until it is done; 0 where that is not known.
        estimated_s: See `JobRequest`.
        message: How it ended, or why it waits, in a sentence.
        folder: Everything of the job; the bundle of a finished run is in run/bundle, and the
            tables of a finished study in run.
    """

    id: str
    name: str
    kind: str
    by: str
    state: str
    submitted: datetime
    started: datetime | None
    ended: datetime | None
    pid: int | None
    heartbeat: datetime | None
    stage: str
    share: float
    epoch: int
    epochs: int
    memory_mb: int
    left_s: float
    estimated_s: float
    message: str
    folder: Path

    @property
    def bundle(self) -> Path | None:
        """The folder of the bundle, or None before the run has written it."""
        bundle = self.folder / "run" / "bundle"
        return bundle if bundle.is_dir() else None

    @property
    def can_be_resumed(self) -> bool:
        """Whether `resume` lets it go on."""
        return self.state in RESUMABLE
