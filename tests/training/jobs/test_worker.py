"""What the process of a job makes of a training that has ended already."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import TrackingError
from tests.training.evaluated import evaluated_bundle
from tests.training.jobs.conftest import Named
from training.jobs.folder import JobFolder
from training.jobs.worker import train
from training.progress import Unheard


@pytest.fixture
def folder(tiny_bundle: Path, tmp_path: Path) -> JobFolder:
    """A job whose bundle was written before its process was killed."""
    bundle = evaluated_bundle(tiny_bundle, tmp_path / "made", "first-model")
    shutil.copytree(bundle, tmp_path / "job" / "run" / "bundle")
    return JobFolder(tmp_path / "job")


def test_a_finished_bundle_is_not_trained_again(folder: JobFolder, request_named: Named) -> None:
    folder.write_request(request_named("first-model"))
    before = (folder.run / "bundle" / "model.keras").stat().st_mtime_ns
    assert train(folder, Unheard()) == "Finished."
    assert (folder.run / "bundle" / "model.keras").stat().st_mtime_ns == before


def test_a_run_that_mlflow_does_not_take_says_that_the_model_is_there(
    folder: JobFolder, request_named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    folder.write_request(replace(request_named("first-model"), tracking="http://127.0.0.1:9"))
    with pytest.raises(TrackingError, match=r"model is finished.*BLOODUI_MLFLOW.*resume"):
        train(folder, Unheard())
    assert (folder.run / "bundle" / "manifest.json").is_file()
