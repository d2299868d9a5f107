"""Runs as jobs: queued, started, watched, stopped and resumed through one interface."""

from training.jobs.local import LocalJobs
from training.jobs.record import JobLimits, JobRecord, JobRequest

__all__ = ["JobLimits", "JobRecord", "JobRequest", "LocalJobs"]
