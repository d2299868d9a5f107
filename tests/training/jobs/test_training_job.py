"""A real training as a job: killed in the middle, resumed, finished, and recorded in MLflow."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from drawn.dataset import write_synthetic_dataset
from models.bundle.card import read_card
from models.bundle.folder import verify_bundle
from tests.training.jobs.counting import until
from tests.training.tracking.test_tracking import MLFLOW_WARNINGS
from training.jobs import JobRequest, LocalJobs
from training.tracking.runs import recorded_run, sqlite_store
from training.tracking.store import open_store

pytestmark = pytest.mark.slow

RECIPE = """
title = "Drawn subtypes"
task = "all-subtypes"
model = { architecture = "alexnet", input_px = 64, weights = { kind = "none" } }
steps = [{ name = "resize", parameters = { size_px = 64, fit = "stretch" } }]
fit = { head_epochs = 2, epochs = 2, batch = 16 }
split = [{ kind = "grouped", test = 0.25, validation = 0.25 }]
"""


@MLFLOW_WARNINGS
def test_a_training_that_is_killed_goes_on_to_a_bundle_that_is_recorded(tmp_path: Path) -> None:
    index = write_synthetic_dataset(
        tmp_path / "drawn", labels=("Benign", "Early", "Pre", "Pro"), n_per_label=12, seed=1
    )
    jobs = LocalJobs(root=tmp_path / "jobs", stale_after_s=0.0)
    store = sqlite_store(tmp_path / "tracking")
    job_id = jobs.submit(
        JobRequest(recipe=RECIPE, index=index, name="drawn-subtypes", tracking=store, expected_s=60)
    ).id
    shares, stages, left = [0.0], set(), set()
    deadline = time.monotonic() + 600
    while not any(done.phase == "whole" for done in jobs.epochs(job_id)):
        record = jobs.status(job_id)
        assert record.state == "running", f"{record.message}\n{jobs.log(job_id)}"
        assert time.monotonic() < deadline, jobs.log(job_id)
        shares.append(record.share)
        stages.add(record.stage)
        left.add(record.left_s)
        time.sleep(0.02)
    assert shares == sorted(shares)
    assert len(set(shares)) >= 4
    assert {"Features of the images", "Learning, grouped split"} <= stages
    assert max(left) > 0
    os.kill(jobs.status(job_id).pid, signal.SIGKILL)
    assert until(jobs, job_id, "failed").bundle is None
    before = jobs.epochs(job_id)
    jobs.resume(job_id)
    try:
        record = until(jobs, job_id, "finished", "failed", patience_s=600)
    finally:
        jobs.cancel(job_id)
    assert (record.state, record.message) == ("finished", "Finished."), jobs.log(job_id)
    epochs = jobs.epochs(job_id)
    assert {done.place for done in before} <= {done.place for done in epochs}
    assert [done.epoch for done in epochs if done.phase == "whole"] == [1, 2]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(epochs[-1].values)
    assert verify_bundle(record.bundle).id == "drawn-subtypes"
    assert read_card(record.bundle / "card.json").evaluation(split="grouped") is not None
    run_id = recorded_run(store, record.bundle)
    assert run_id is not None
    with open_store(store) as client:
        for phase in ("head", "whole"):
            history = client.get_metric_history(run_id, f"grouped/fold-0/{phase}/val_loss")
            assert [metric.step for metric in history] == [1, 2]
