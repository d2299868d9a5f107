"""What tests of jobs share: a recipe, a request by name, and waiting for a job's state."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from training.jobs import JobRecord, JobRequest, LocalJobs
from training.recipes.recipe import RECIPES

PATIENCE_S = 120
Named = Callable[..., JobRequest]
RECIPE = (RECIPES / "all-subtypes-efficientnet-lite0.toml").read_text(encoding="utf-8")


def until(jobs: LocalJobs, job_id: str, *states: str, patience_s: float = PATIENCE_S) -> JobRecord:
    """The record of a job once it is in one of these states."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        record = jobs.status(job_id)
        if record.state in states:
            return record
        time.sleep(0.02)
    pytest.fail(f"The job is {record.state}: {record.message}\n{jobs.log(job_id)}")
