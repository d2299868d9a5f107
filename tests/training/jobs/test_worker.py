"""What the process of a job makes of a training that has ended already."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.training.evaluated import evaluated_bundle
from tests.training.jobs.counting import Named
from tests.training.tracking.test_tracking import MLFLOW_WARNINGS
from training.errors import TrackingError
from training.jobs.folder import JobFolder
from training.jobs.worker import train
from training.progress import EpochDone, NoProgress
from training.tracking.runs import recorded_run
from training.tracking.store import open_store

pytestmark = [pytest.mark.slow, MLFLOW_WARNINGS]


@pytest.fixture
def folder(tiny_bundle: Path, tmp_path: Path) -> JobFolder:
    """A job whose bundle was written before its process was killed."""
    bundle = evaluated_bundle(tiny_bundle, tmp_path / "made", "first-model")
    shutil.copytree(bundle, tmp_path / "job" / "run" / "bundle")
    return JobFolder(tmp_path / "job")


def test_a_finished_bundle_is_not_trained_again(folder: JobFolder, request_named: Named) -> None:
    folder.write_request(request_named("first-model"))
    before = (folder.run / "bundle" / "model.keras").stat().st_mtime_ns
    assert train(folder, NoProgress()) == "Finished."
    assert (folder.run / "bundle" / "model.keras").stat().st_mtime_ns == before


def test_a_run_that_mlflow_does_not_take_says_that_the_model_is_there(
    folder: JobFolder, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    folder.write_request(request_named("first-model").changed(tracking="http://127.0.0.1:9"))
    with pytest.raises(TrackingError, match=r"model is finished.*BLOODUI_MLFLOW.*resume"):
        train(folder, NoProgress())
    assert (folder.run / "bundle" / "manifest.json").is_file()


def test_a_store_that_was_down_gets_every_epoch_when_the_job_is_resumed(
    folder: JobFolder, request_named: Named, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "tracking"
    in_the_way.touch()
    store = f"sqlite:///{in_the_way / 'mlflow.db'}"
    folder.write_request(request_named("first-model").changed(tracking=store))
    for number in (1, 2):
        values = {"loss": 1 / number}
        folder.add_epoch(
            EpochDone(split="random", fold=0, phase="whole", epoch=number, epochs=2, values=values)
        )
    with pytest.raises(TrackingError, match=r"model is finished.*resume"):
        train(folder, NoProgress())
    in_the_way.unlink()
    in_the_way.mkdir()
    assert train(folder, NoProgress()) == "Finished."
    run_id = recorded_run(store, folder.run / "bundle")
    assert run_id is not None
    with open_store(store) as client:
        losses = client.get_metric_history(run_id, "random/fold-0/whole/loss")
    assert [(metric.step, metric.value) for metric in losses] == [(1, 1.0), (2, 0.5)]
