"""What is asked of a job, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from models.errors import JobError
from models.manifest_values import is_bundle_id

QUEUED, RUNNING, FINISHED, FAILED, CANCELLED = (
    "queued",
    "running",
    "finished",
    "failed",
    "cancelled",
)
ENDED = (FINISHED, FAILED, CANCELLED)
RESUMABLE = (FAILED, CANCELLED)
KINDS = ("run", "study")


@dataclass(frozen=True, kw_only=True)
class JobLimits:
    """What a job may use before it is stopped; None for no limit.

    Attributes:
        memory_mb: Memory that its processes hold at once, in MB (2**20 bytes).
        minutes: Time since it was last started.
    """

    memory_mb: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("memory_mb", self.memory_mb), ("minutes", self.minutes)):
            if value is not None and value <= 0:
                raise JobError(
                    f"Expected the limit {name} to be above 0, received {value}. "
                    "Give a larger one, or none."
                )


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """A run or a study that is asked for.

    Attributes:
        recipe: The TOML of the recipe or of the study, with every change already in it.
        index: The index CSV of the images, as an absolute path.
        name: What the model will be called: its bundle's id, 3 to 64 lower-case letters,
            digits and hyphens. Of a study: what the study is called.
        kind: "run" or "study".
        limits: What the run may use.
        tracking: Address of the MLflow store that records it; "" for none.
        by: Who asked for it.
    """

    recipe: str
    index: Path
    name: str
    kind: str = "run"
    limits: JobLimits = field(default_factory=JobLimits)
    tracking: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise JobError(f"Expected a job of kind {' or '.join(KINDS)}, received {self.kind!r}.")
        if not is_bundle_id(self.name):
            raise JobError(
                "Expected a name of 3 to 64 lower-case letters, digits and hyphens, "
                f"received {self.name!r}. Name the model so."
            )
        if not self.index.is_absolute():
            raise JobError(
                f"Expected the absolute path of an index.csv, received {str(self.index)!r}."
            )


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """What is known of a job. Times are in UTC.

    Attributes:
        id: Names the job; later jobs have later ids.
        name, kind: See `JobRequest`.
        by: Who asked for it.
        state: "queued", "running", "finished", "failed" or "cancelled".
        submitted, started, ended: When; `started` is the last start.
        pid: Process that does it, or did.
        heartbeat: When the process last gave a sign of life.
        stage: What it does now, in words.
        share: Share of the run that is done, 0–1.
        epoch, epochs: Epoch of the present fold that has ended, and epochs planned; 0 before.
        memory_mb: Memory that its processes held at the last sign of life, in MB.
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
