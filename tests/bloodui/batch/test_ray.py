"""A reading on a real Ray cluster of two processors gives the records that this machine gives."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ray.job_submission import JobSubmissionClient

from bloodui.batch import ray_tasks
from bloodui.cli.main import main
from tests.bloodui.batch.zips import picture, zip_of
from tests.bloodui.cli.test_read_many import line, wait_for_records
from tests.training.ray_cluster import Cluster, cluster

pytestmark = pytest.mark.ray

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def ray_here() -> Iterator[Cluster]:
    with cluster(cpus=2) as found:
        yield found


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of pictures, of an archive of some, and of a file that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:03}.png").write_bytes(picture(number))
    (folder / "020.zip").write_bytes(zip_of({f"{n}.png": picture(100 + n) for n in range(5)}))
    (folder / "030.txt").write_text("no picture")
    return folder


def records_in(out: Path) -> list[dict[str, Any]]:
    text = (out / "records.jsonl").read_text("utf-8")
    return [json.loads(each) for each in text.splitlines()]


def test_records_of_a_cluster_are_those_of_this_machine_in_the_same_order(
    ray_here: Cluster,
    tiny_bundle: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(pictures.parent)  # paths that begin here are found there
    here, there = tmp_path / "here", tmp_path / "there"
    assert main(line(tiny_bundle, "--out", here, "pictures")) == 1
    monkeypatch.setattr(
        "bloodui.cli.read.records_of", lambda *_, **__: pytest.fail("read in this process")
    )
    assert main(line(tiny_bundle, "--ray", ray_here.tasks, "--out", there, "pictures")) == 1
    for ours, theirs in zip(records_in(here), records_in(there), strict=True):
        mine, other = ours.pop("probabilities"), theirs.pop("probabilities")
        assert (mine is None) == (other is None)
        if mine is not None:
            np.testing.assert_allclose(mine, other, atol=1e-5)
        for each in (ours, theirs):
            each.pop("reason")  # says the probability, rounded
        assert ours == theirs
    ours, theirs = (json.loads((out / "records.summary.json").read_text()) for out in (here, there))
    assert ours == theirs
    assert theirs["is_complete"] is True


def test_by_its_setting_a_reading_is_a_job_of_the_cluster_and_its_status_is_the_jobs(
    ray_here: Cluster, tiny_bundle: Path, pictures: Path, tmp_path: Path
) -> None:
    out, state = tmp_path / "out", tmp_path / "state"
    pictures.rename(tmp_path / "anna-schmidt")
    (tmp_path / "anna-schmidt" / ".hidden").touch()
    own = {"BLOODUI_STATE": str(state), "BLOODUI_MLFLOW": "http://me:secret@localhost:5000"}
    done = subprocess.run(
        [sys.executable, "-m", "bloodui", *line(tiny_bundle, "--out", "out", "anna-schmidt")],
        cwd=tmp_path,
        env=os.environ | {"BLOODUI_RAY_ADDRESS": ray_here.jobs, "PYTHONPATH": str(ROOT)} | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr  # of the file that is none
    assert "Given: 66 files. Read: 65. Not read: 1." in done.stderr
    assert len(records_in(out)) == 66
    assert "left out: anna-schmidt/.hidden" in done.stderr
    assert not list((state / "reads").iterdir())
    client = JobSubmissionClient(ray_here.jobs)
    (job,) = [each for each in client.list_jobs() if "state" in each.entrypoint]
    kept = f"{job} {client.get_job_logs(job.submission_id)}"
    assert str(state) in kept
    assert "anna-schmidt" not in kept
    assert "secret" not in kept


def test_a_job_that_is_stopped_keeps_what_it_has(
    ray_here: Cluster, tiny_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "set.zip").write_bytes(zip_of({f"{n}.png": picture(n) for n in range(3000)}))
    with subprocess.Popen(
        [sys.executable, "-m", "bloodui", *line(tiny_bundle, "--out", "out", "set.zip")],
        cwd=tmp_path,
        env=os.environ | {"BLOODUI_RAY_ADDRESS": ray_here.jobs, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as stopped:
        wait_for_records(tmp_path / "out" / "records.jsonl", 5, stopped)
        stopped.send_signal(signal.SIGINT)
        _, told = stopped.communicate(timeout=300)
    assert stopped.returncode not in (0, None), told
    summary = json.loads((tmp_path / "out" / "records.summary.json").read_text())
    assert summary["is_complete"] is False
    assert 5 <= len(records_in(tmp_path / "out")) < 3000


def test_a_model_that_cannot_be_loaded_is_told_in_words_here_and_of_a_node(
    ray_here: Cluster,
    tiny_bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    altered = tmp_path / "models" / tiny_bundle.name
    shutil.copytree(tiny_bundle.parent, altered.parent)
    (altered / "card.json").write_text("{}")
    (tmp_path / "a.png").write_bytes(picture(1))
    asked = line(altered, "--ray", ray_here.tasks, "--out", tmp_path / "out", tmp_path / "a.png")
    assert main(asked) == 2
    assert "card.json" in capsys.readouterr().err
    monkeypatch.setattr("models.answer.loading.load_answerer", lambda *_, **__: None)
    assert main(asked) == 2
    told = capsys.readouterr().err
    assert "A process of the Ray cluster cannot begin to read (BundleTamperedError)." in told
    assert "Traceback" not in told
    drivers = {
        job.entrypoint
        for job in JobSubmissionClient(ray_here.jobs).list_jobs()
        if job.type == "DRIVER"
    }
    assert drivers == {ray_tasks.CALLED}  # and no name of a file


def test_a_task_answers_with_one_thread(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(
        "models.answer.loading.load_answerer", lambda bundle, **how: asked.update(how)
    )
    ray_tasks._model.__wrapped__(tiny_bundle, tiny_bundle / "networks")
    assert asked == {"cache": tiny_bundle / "networks", "threads": 1}


def test_a_cluster_that_does_not_answer_is_told_in_words(
    tiny_bundle: Path,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = line(tiny_bundle, "--ray", "127.0.0.1:9", "--out", tmp_path / "out", pictures)
    assert main(nowhere) == 2
    assert "No Ray cluster answers" in capsys.readouterr().err
    monkeypatch.setenv("BLOODUI_RAY_ADDRESS", "http://127.0.0.1:9")
    assert main(line(tiny_bundle, "--out", tmp_path / "out", pictures)) == 2
    assert "No Ray Jobs server answers" in capsys.readouterr().err
