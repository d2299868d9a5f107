"""A place for jobs that count instead of training, and a request that it takes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.training.jobs.counter import MODULE
from training.datasets.synthetic_dataset import write_synthetic_dataset
from training.jobs import JobLimits, JobRecord, JobRequest, LocalJobs
from training.recipe import RECIPES

PATIENCE_S = 120
Named = Callable[..., JobRequest]
RECIPE = (RECIPES / "all-subtypes-efficientnet-lite0.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_dataset(
        tmp_path_factory.mktemp("drawn") / "set",
        labels=("Benign", "Early", "Pre", "Pro"),
        n_per_label=1,
        seed=1,
    )


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalJobs]:
    """One run at once; what still runs when the test ends is stopped."""
    monkeypatch.setenv("COUNTER_STEPS", "3")
    place = LocalJobs(
        root=tmp_path / "jobs", stale_after_s=0.0, worker=(sys.executable, "-m", MODULE)
    )
    yield place
    for record in place.list():
        place.cancel(record.id)


@pytest.fixture
def request_named(index_path: Path) -> Named:
    def make(name: str, **limits: float) -> JobRequest:
        return JobRequest(
            recipe=RECIPE, index=index_path, name=name, limits=JobLimits(**limits), by="ada"
        )

    return make


def until(jobs: LocalJobs, job_id: str, *states: str, patience_s: float = PATIENCE_S) -> JobRecord:
    """The record of a job once it is in one of these states."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        record = jobs.status(job_id)
        if record.state in states:
            return record
        time.sleep(0.02)
    pytest.fail(f"The job is {record.state}: {record.message}\n{jobs.log(job_id)}")
