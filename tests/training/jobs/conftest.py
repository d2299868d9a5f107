"""A place for jobs that count instead of training, and a request that it takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawn.dataset import write_synthetic_dataset
from tests.training.jobs.counter import MODULE
from tests.training.jobs.counting import RECIPE, Named
from training.jobs import JobLimits, JobRequest, LocalJobs


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
        if record.state in ("queued", "running"):
            place.cancel(record.id)


@pytest.fixture
def request_named(index_path: Path) -> Named:
    def make(name: str, **limits: float) -> JobRequest:
        return JobRequest(
            recipe=RECIPE, index=index_path, name=name, limits=JobLimits(**limits), by="ada"
        )

    return make
