"""Kill -9 of a training at random moments: what is lost, and what the run comes to all the same.

python -m benchmarks.kills [--kills 20] [--seed 7] [--images 24] [--epochs 4]

A real training on drawn smears, the head first and then the whole network, runs as a job. First
twice to its end, which tells how long it takes from the start of its process and whether two runs
agree. Then it is killed at moments drawn evenly over that time, counted from each start or
resumption, and resumed after each; a job that gets to its end before its moment is followed by
another. After each kill:

- the record reads failed, or finished where the kill came too late, and never running;
- every epoch that was recorded still is;
- every JSON file of the job's folder parses;
- the MLflow store, where there is one, is whole, opens, and holds no fewer runs and figures.

Each job must end as finished, in a bundle that verifies and that MLflow has recorded, and answer
on its test images as the run that was never killed, to 1e-4. Prints a table and a verdict; the
exit status is 1 where anything of this does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import logging
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drawn.dataset import write_synthetic_dataset
from models.bundle.folder import verify_bundle
from models.errors import BlooduiError
from training.jobs import JobRecord, JobRequest, LocalJobs
from training.judge.predictions import read_predictions
from training.tracking.runs import recorded_run, sqlite_store

RECIPE = """
title = "Drawn subtypes"
task = "all-subtypes"
model = {{ architecture = "efficientnet-lite0", input_px = 48, weights = {{ kind = "package" }} }}
steps = [{{ name = "resize", parameters = {{ size_px = 48, fit = "stretch" }} }}]
augmentation = {{ flips = 1, brightness = 0.1 }}
fit = {{ head_epochs = 20, epochs = {epochs}, patience = 0, batch = 16, frozen_until = "block12_add" }}
split = [{{ kind = "grouped", test = 0.25, validation = 0.25 }}]
"""  # noqa: E501 - inline tables stand in one line
Place = tuple[str, int, str, int]  # see EpochDone.place
LABELS = ("Benign", "Early", "Pre", "Pro")
# Is it whole, how many runs have ended, how many figures of epochs and evaluations it holds.
QUESTIONS = (
    "PRAGMA integrity_check",
    "SELECT count(*) FROM runs WHERE status = 'FINISHED'",
    "SELECT count(*) FROM metrics",
)
SAME = 1e-4
LOOK_S = 0.1
DEATH_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Kill:
    """What a run did when it was killed, how its record read after it, and what was lost."""

    stage: str
    state: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How far two runs' answers are apart: in a probability, and in images named otherwise."""

    widest: float
    n_changed: int
    n: int

    def __str__(self) -> str:
        named = f"{self.n_changed} of {self.n} images named otherwise"
        return f"probabilities up to {self.widest:.2g} apart, {named}"


class Killing:
    """A folder of jobs that are killed, and what is seen of them."""

    def __init__(self, root: Path, *, n_images: int, epochs: int) -> None:
        self.jobs = LocalJobs(root=root / "jobs", stale_after_s=0.0)
        self.store = sqlite_store(root / "tracking")
        # So that a kill may fall into the moment in which the store is made.
        self._other_store = sqlite_store(root / "tracking-undisturbed")
        self.epochs = epochs
        self.reference = Path()
        self._index = write_synthetic_dataset(
            root / "drawn", labels=LABELS, n_per_label=n_images, seed=1
        )
        self._n_ended = self._n_figures = 0

    def submit(self, name: str, store: str = "") -> str:
        """Start a job and answer its id."""
        recipe, store = RECIPE.format(epochs=self.epochs), store or self.store
        request = JobRequest(recipe=recipe, index=self._index, name=name, tracking=store)
        return self.jobs.submit(request).id

    def until(self, job_id: str, moment: float) -> JobRecord:
        """The record when the job ends, or else at this moment of the monotonic clock."""
        while True:
            record = self.jobs.status(job_id)
            left_s = moment - time.monotonic()
            if record.state not in ("queued", "running") or left_s <= 0:
                return record
            time.sleep(min(LOOK_S, left_s))

    def undisturbed(self, name: str, *, patience_s: float) -> tuple[float, Path]:
        """Seconds and folder of a job that nobody kills. Raises RuntimeError if it does not end."""
        began = time.monotonic()
        record = self.until(self.submit(name, self._other_store), began + patience_s)
        if record.state != "finished":
            raise RuntimeError(
                f"Expected {name} to finish, received: {record.state}, {record.message}"
            )
        return time.monotonic() - began, record.folder

    def kill(self, job_id: str, places: set[Place]) -> Kill:
        """Kill a job now, and look at what is left; ``places`` are the epochs seen before."""
        before = self.jobs.status(job_id)
        if before.state == "running" and before.pid is not None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(before.pid, signal.SIGKILL)
        record = self.until(job_id, time.monotonic() + DEATH_S)
        wrong = [*self._lost(job_id, places), *_broken_json(record.folder), *self._store_broken()]
        if record.state not in ("failed", "finished"):
            wrong.append(f"the record reads {record.state}")
        has_begun = before.heartbeat and before.started and before.heartbeat >= before.started
        stage = before.stage if has_begun else "(before its first sign of life)"
        return Kill(stage=stage, state=record.state, wrong=tuple(wrong))

    def end_of(self, job_id: str, places: set[Place]) -> tuple[Gap, list[str]]:
        """What a job came to, and what is wrong with it; ``places`` are the epochs seen before."""
        record = self.jobs.status(job_id)
        wrong = [*self._lost(job_id, places), *_broken_json(record.folder), *self._store_broken()]
        if record.state != "finished" or record.bundle is None:
            wrong.append(f"the job ended as {record.state}: {record.message}")
            return Gap(widest=float("inf"), n_changed=0, n=0), wrong
        try:
            verify_bundle(record.bundle)
            if recorded_run(self.store, record.bundle) is None:
                wrong.append("MLflow has no finished run of the bundle")
        except BlooduiError as error:
            wrong.append(str(error))
        whole = [done.epoch for done in self.jobs.epochs(job_id) if done.phase == "whole"]
        if whole != list(range(1, self.epochs + 1)):
            wrong.append(f"epochs {whole} instead of 1 to {self.epochs}")
        return gap_between(self.reference, record.folder), wrong

    def _lost(self, job_id: str, places: set[Place]) -> Iterator[str]:
        lost = places - {done.place for done in self.jobs.epochs(job_id)}
        if lost:
            yield f"{len(lost)} recorded epochs are gone"

    def _store_broken(self) -> Iterator[str]:
        """What is wrong with a copy of the store: opening the store itself might repair it."""
        from mlflow.tracking import MlflowClient

        source = Path(self.store.removeprefix("sqlite:///"))
        if not source.is_file():
            return
        with tempfile.TemporaryDirectory() as folder:
            for path in source.parent.glob(f"{source.name}*"):  # with its journal
                shutil.copy(path, folder)
            copy = Path(folder) / source.name
            try:
                with contextlib.closing(sqlite3.connect(copy)) as database:
                    told, n_ended, n_figures = (
                        database.execute(question).fetchone()[0] for question in QUESTIONS
                    )
                MlflowClient(tracking_uri=f"sqlite:///{copy}").search_experiments()
            except Exception as error:  # noqa: BLE001 - whatever it is, the store does not open
                yield f"the store does not open: {type(error).__name__}: {error}"
                return
        if told != "ok":
            yield f"SQLite says of the store: {told}"
        if n_ended < self._n_ended or n_figures < self._n_figures:
            yield (
                f"MLflow has {n_ended} finished runs of {self._n_ended} and {n_figures} figures "
                f"of {self._n_figures}"
            )
        self._n_ended, self._n_figures = n_ended, n_figures


def gap_between(one: Path, other: Path) -> Gap:
    """How far the answers of two jobs are apart; the folders are the jobs'."""
    first, second = (read_predictions(folder / "run" / "grouped") for folder in (one, other))
    n = len(first.paths)
    if first.paths != second.paths:
        return Gap(widest=float("inf"), n_changed=n, n=n)
    widest = float(np.abs(first.probabilities - second.probabilities).max())
    n_changed = int((first.answers != second.answers).sum())
    return Gap(widest=widest, n_changed=n_changed, n=n)


def _broken_json(folder: Path) -> Iterator[str]:
    """Whole files alone: what is being written has a name that begins with a dot."""
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder)
        if not any(part.startswith(".") for part in name.parts):
            try:
                json.loads(path.read_bytes())
            except ValueError:
                yield f"{name} does not parse"


def kill_many(
    killing: Killing, moments: Iterator[float], n_kills: int, *, patience_s: float
) -> tuple[Gap, int]:
    """Kill so often, of as many jobs as that takes, and print it.

    Returns:
        The widest gap of a job to the run that was never killed, and the number of violations.
    """
    gaps: list[Gap] = []
    n_killed = n_wrong = 0
    while n_killed < n_kills:
        places: set[Place] = set()
        job_id = killing.submit(f"killed-{len(gaps) + 1}")
        while True:
            began = time.monotonic()
            moment_s = next(moments) if n_killed < n_kills else patience_s
            record = killing.until(job_id, began + moment_s)
            places |= {done.place for done in killing.jobs.epochs(job_id)}
            if record.state != "running" or n_killed == n_kills:
                break  # at its end, or out of patience
            kill = killing.kill(job_id, places)
            n_killed += 1
            n_wrong += len(kill.wrong)
            print(
                f"{n_killed:4}  {len(gaps) + 1:3}  {moment_s:7.1f}  {len(places):6}  "
                f"{kill.state:8}  {kill.stage:32}  {'; '.join(kill.wrong) or '–'}",
                flush=True,
            )
            if kill.state != "failed":
                break
            killing.jobs.resume(job_id)
        gap, wrong = killing.end_of(job_id, places)
        killing.jobs.cancel(job_id)
        gaps.append(gap)
        n_wrong += len(wrong)
        told = "; ".join([*wrong, str(gap)])
        print(f"job {len(gaps)} at its end: {told}", flush=True)
    return max(gaps, key=lambda gap: gap.widest), n_wrong


def main() -> int:
    """Kill, look, and print; the exit status is 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7, help="of the moments")
    parser.add_argument("--images", type=int, default=24, help="drawn images of each class")
    parser.add_argument("--epochs", type=int, default=4, help="of the whole network")
    arguments = parser.parse_args()
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that its job is stopped too
    rng = random.Random(arguments.seed)  # noqa: S311 - moments, not secrets
    with tempfile.TemporaryDirectory() as folder:
        killing = Killing(Path(folder), n_images=arguments.images, epochs=arguments.epochs)
        try:
            whole_s, killing.reference = killing.undisturbed("never-killed", patience_s=1800)
            patience_s = 120 + 10 * whole_s
            _, again = killing.undisturbed("never-killed-again", patience_s=patience_s)
            noise = gap_between(killing.reference, again)
            print(f"one run takes {whole_s:.1f} s; two that are never killed: {noise}")
            print(f"kill  job  after s  epochs  record    {'stage':32}  wrong", flush=True)
            moments = (rng.uniform(0, whole_s) for _ in itertools.count())
            gap, n_wrong = kill_many(killing, moments, arguments.kills, patience_s=patience_s)
        finally:
            for record in killing.jobs.list():
                killing.jobs.cancel(record.id)
    is_same = gap.widest <= SAME
    answers = "the same answers as without" if is_same else f"not the same answers: {gap}"
    print(f"verdict: {arguments.kills} kills, {n_wrong} violations, {answers}")
    return 1 if n_wrong or not is_same else 0


if __name__ == "__main__":
    sys.exit(main())
