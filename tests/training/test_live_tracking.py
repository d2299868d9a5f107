"""What MLflow hears of a run while it goes on, and that the run does not wait for it."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from models.card import read_card, write_card
from models.manifest import CARD_FILE, MANIFEST_FILE
from tests.test_house import sha256_of
from tests.training.evaluated import evaluated_bundle
from tests.training.test_tracking import EPOCHS, MLFLOW_WARNINGS
from training.live_tracking import LiveRun
from training.progress import EpochDone
from training.recipe import RECIPES, Recipe, read_recipe
from training.tracking import JOB, record_run, recorded_run, sqlite_store
from training.tracking_store import experiment_of, open_store, runs_with

pytestmark = MLFLOW_WARNINGS

PATIENCE_S = 60
INDEX_SHA256 = "0" * 64  # that of the tiny bundle
LOSS = "random/fold-0/whole/loss"
PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Notebook:
    """A `Progress` that keeps the epochs, as a job's folder does."""

    stages: list[str] = field(default_factory=list)
    epochs: list[EpochDone] = field(default_factory=list)

    def stage(self, text: str, share: float) -> None:
        self.stages.append(text)

    def epoch(self, done: EpochDone) -> None:
        self.epochs.append(done)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return sqlite_store(tmp_path_factory.mktemp("tracking"))


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return replace(
        read_recipe(str(RECIPES / "all-subtypes-efficientnet-lite0.toml")), name="live-model"
    )


def live_run(
    store: str, recipe: Recipe, notebook: Notebook, *, job: str, index_sha256: str = INDEX_SHA256
) -> LiveRun:
    return LiveRun(
        store,
        recipe,
        job=job,
        index_sha256=index_sha256,
        epochs=lambda: tuple(notebook.epochs),
        progress=notebook,
    )


def stop_after(done: EpochDone, live: LiveRun, error: type[BaseException]) -> None:
    with live:
        live.epoch(done)
        raise error("stopped by the test")


def runs_of(store: str, recipe: Recipe, job: str) -> Sequence[Any]:
    with open_store(store) as client:
        experiment = experiment_of(client, store, recipe.task.name)
        return runs_with(client, experiment, JOB, job)


def steps(store: str, run_id: str, name: str = LOSS) -> list[tuple[int, float]]:
    with open_store(store) as client:
        return [(point.step, point.value) for point in client.get_metric_history(run_id, name)]


def bundle_of(recipe: Recipe, tiny_bundle: Path, folder: Path) -> Path:
    """The tiny bundle as a run of this recipe would have left it."""
    bundle = evaluated_bundle(tiny_bundle, folder, recipe.name)
    card = read_card(bundle / CARD_FILE)
    write_card(replace(card, recipe=dict(recipe.source)), bundle / CARD_FILE)
    manifest = json.loads((bundle / MANIFEST_FILE).read_text())
    manifest["files"][CARD_FILE] = sha256_of(bundle / CARD_FILE)
    (bundle / MANIFEST_FILE).write_text(json.dumps(manifest))
    return bundle


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "MLflow did not hear of it"
        time.sleep(0.05)


def test_epochs_arrive_while_the_run_goes_on_and_it_ends_as_one_recorded_run(
    store: str, recipe: Recipe, tiny_bundle: Path, tmp_path: Path
) -> None:
    notebook = Notebook()
    with live_run(store, recipe, notebook, job="job-1") as live:
        live.stage("First fold", 0.1)
        until(lambda: bool(runs_of(store, recipe, "job-1")))
        (run,) = runs_of(store, recipe, "job-1")
        for number, done in enumerate(EPOCHS, start=1):
            live.epoch(done)
            until(lambda number=number: len(steps(store, run.info.run_id)) == number)
        (run,) = runs_of(store, recipe, "job-1")
        assert (run.info.run_name, run.info.status) == ("live-model", "RUNNING")
        assert run.data.params["recipe.fit.epochs"] == str(recipe.fit.epochs)
        assert run.data.params["data.index_sha256"] == INDEX_SHA256
    assert notebook.stages == ["First fold"]
    bundle = bundle_of(recipe, tiny_bundle, tmp_path)
    run_id = record_run(store, bundle, epochs=EPOCHS, job="job-1")
    assert run_id == run.info.run_id == recorded_run(store, bundle)
    (run,) = runs_of(store, recipe, "job-1")
    assert run.info.status == "FINISHED"
    assert run.data.params["temperature"] == "1.5"
    assert run.data.metrics["model/grouped/accuracy"] == 0.75
    assert steps(store, run_id) == [(1, 1.0), (2, 0.5)]
    kept = Path(run.info.artifact_uri.removeprefix("file://")) / "bundle"
    assert (kept / MANIFEST_FILE).read_bytes() == (bundle / MANIFEST_FILE).read_bytes()


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")]
)
def test_a_run_that_ends_early_says_so_and_goes_on_when_its_job_is_resumed(
    store: str, recipe: Recipe, error: type[BaseException], status: str
) -> None:
    job = f"job-{status}"
    notebook = Notebook()
    with pytest.raises(error):
        stop_after(EPOCHS[0], live_run(store, recipe, notebook, job=job), error)
    (before,) = runs_of(store, recipe, job)
    assert before.info.status == status
    assert steps(store, before.info.run_id) == [(1, 1.0)]
    notebook.epochs = [replace(EPOCHS[0], values={"loss": 0.9})]  # run again after a kill
    with live_run(store, recipe, notebook, job=job) as live:
        live.epoch(EPOCHS[1])
        until(lambda: len(steps(store, before.info.run_id)) == 2)
        (after,) = runs_of(store, recipe, job)
        assert (after.info.run_id, after.info.status) == (before.info.run_id, "RUNNING")
    assert steps(store, before.info.run_id) == [(1, 1.0), (2, 0.5)]


def test_a_job_resumed_with_other_images_does_not_pass_for_the_first(
    store: str, recipe: Recipe
) -> None:
    notebook = Notebook()
    for done, index_sha256 in zip(EPOCHS, ("1" * 64, "2" * 64), strict=True):
        live = live_run(store, recipe, notebook, job="job-other", index_sha256=index_sha256)
        with pytest.raises(ValueError, match="stopped by the test"):
            stop_after(done, live, ValueError)
    (run,) = runs_of(store, recipe, "job-other")
    assert run.data.params["data.index_sha256"] == "2" * 64
    assert steps(store, run.info.run_id) == [(1, 1.0), (2, 0.5)]


def test_a_store_that_is_down_gets_every_epoch_once_it_is_up(
    store: str, recipe: Recipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "tracking"
    in_the_way.touch()
    away = f"sqlite:///{in_the_way / 'mlflow.db'}"
    notebook = Notebook()
    with live_run(away, recipe, notebook, job="job-away") as live:
        live.epoch(EPOCHS[0])
        until(lambda: bool(caplog.records))
        in_the_way.unlink()
        shutil.copytree(Path(store.removeprefix("sqlite:///")).parent, in_the_way)
        live.epoch(EPOCHS[1])
        until(lambda: bool(runs_of(away, recipe, "job-away")))
        (run,) = runs_of(away, recipe, "job-away")
        until(lambda: len(steps(away, run.info.run_id)) == 2)
    assert steps(away, run.info.run_id) == [(1, 1.0), (2, 0.5)]


def test_a_server_that_is_not_there_neither_stops_nor_slows_a_run(
    recipe: Recipe, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr("training.live_tracking._GAP_S", 0.0)
    notebook = Notebook()
    with live_run("http://127.0.0.1:9", recipe, notebook, job="job-alone") as live:
        until(lambda: bool(caplog.records))
        for _ in range(3):
            began = time.monotonic()
            live.epoch(EPOCHS[0])
            assert time.monotonic() - began < 0.1
            time.sleep(0.2)
    assert len(notebook.epochs) == 3
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.name for record in warnings] == ["training.live_tracking"]
    assert "BLOODUI_MLFLOW" in warnings[0].getMessage()


def test_a_kill_while_a_sqlite_store_is_made_does_not_break_it(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    script = (
        "import sys; from training.tracking_store import open_store\n"
        "with open_store(sys.argv[1]): pass\n"
    )
    maker = subprocess.Popen([sys.executable, "-c", script, store], cwd=PROJECT)
    part = tmp_path / ".mlflow.db.part"
    until(lambda: part.is_file() and part.stat().st_size > 0)
    os.kill(maker.pid, signal.SIGKILL)
    maker.wait()
    assert not (tmp_path / "mlflow.db").exists()
    with open_store(store) as client:
        assert client.get_experiment_by_name("all-subtypes") is None
    assert not part.exists()
