"""Runs as jobs: queued, started, watched, stopped and resumed through one interface."""

from training.jobs.local import LocalJobs
from training.jobs.record import JobKind, JobLimits, JobRecord, JobRequest

__all__ = ["JobKind", "JobLimits", "JobRecord", "JobRequest", "LocalJobs"]
