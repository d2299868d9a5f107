"""Jobs and the folds of a study on a real Ray cluster of two processors."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from drawn.dataset import write_synthetic_dataset
from tests.training.drawn_recipe import drawn_recipe
from tests.training.jobs.counter import MODULE
from tests.training.jobs.counting import RECIPE, until
from tests.training.ray_cluster import Cluster, cluster
from training.data.index import read_index
from training.errors import JobError
from training.jobs import JobRequest, LocalJobs
from training.jobs.ray_host import RayHost
from training.judge import bootstrap
from training.judge.predictions import read_predictions
from training.ray_address import check_reachable
from training.runs.ray_folds import fit_ahead
from training.studies.plan import Study, parse_study
from training.studies.study import member_folder, run_study

pytestmark = pytest.mark.ray

STEPS = 40
MEMBER = drawn_recipe(head_epochs=3, split='kind = "random", folds = 2')


@pytest.fixture(scope="module")
def ray_here() -> Iterator[Cluster]:
    with cluster(cpus=2, environment={"COUNTER_STEPS": str(STEPS)}) as found:
        yield found


@pytest.fixture(scope="module")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_dataset(
        tmp_path_factory.mktemp("drawn") / "set",
        labels=("Benign", "Early", "Pre", "Pro"),
        n_per_label=8,
        seed=1,
    )


@pytest.fixture
def jobs(ray_here: Cluster, tmp_path: Path) -> Iterator[LocalJobs]:
    place = LocalJobs(
        root=tmp_path / "jobs",
        worker=(sys.executable, "-m", MODULE),
        host=RayHost(ray_here.jobs),
    )
    yield place
    for record in place.list():
        place.cancel(record.id)


def test_a_job_on_ray_runs_to_its_end_and_the_next_one_follows(
    jobs: LocalJobs, index_path: Path
) -> None:
    first, second = (
        jobs.submit(JobRequest(recipe=RECIPE, index=index_path, name=f"model-{n}")).id
        for n in (1, 2)
    )
    assert jobs.status(second).state == "queued"
    record = until(jobs, first, "finished", "failed")
    assert (record.state, record.message, record.epoch) == ("finished", "Counted.", STEPS)
    assert until(jobs, second, "finished", "failed").epoch == STEPS


def test_a_job_on_ray_that_is_cancelled_stops_and_goes_on_when_resumed(
    jobs: LocalJobs, index_path: Path
) -> None:
    job_id = jobs.submit(JobRequest(recipe=RECIPE, index=index_path, name="model")).id
    while not jobs.epochs(job_id):
        assert jobs.status(job_id).state == "running", jobs.log(job_id)
        time.sleep(0.01)
    assert jobs.cancel(job_id).state == "cancelled"
    jobs.resume(job_id)
    assert until(jobs, job_id, "finished", "failed").state == "finished"
    assert [done.epoch for done in jobs.epochs(job_id)] == list(range(1, STEPS + 1))


def test_where_no_ray_answers_the_job_fails_in_words_and_can_be_resumed(
    tmp_path: Path, index_path: Path
) -> None:
    nowhere = LocalJobs(root=tmp_path / "jobs", host=RayHost("http://127.0.0.1:9"))
    record = nowhere.submit(JobRequest(recipe=RECIPE, index=index_path, name="model"))
    assert record.state == "failed"
    assert "BLOODUI_RAY_ADDRESS" in record.message
    assert record.can_be_resumed


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "127.0.0.1:9", "no address", "head:port"]
)
def test_an_address_that_does_not_answer_is_told_at_once(address: str) -> None:
    with pytest.raises(OSError, match=r"refused|no port"):
        check_reachable(address)


def _study(tmp_path: Path) -> Study:
    member = tmp_path / "drawn-32.toml"
    member.write_text(MEMBER)
    return parse_study({"title": "Two folds", "recipes": [str(member)]}, name="two-folds")


def test_folds_trained_on_ray_answer_as_those_trained_here(
    ray_here: Cluster, index_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 40)
    study, index = _study(tmp_path), read_index(index_path)
    here, there = tmp_path / "here", tmp_path / "there"
    assert run_study(study, index, here) == {}
    monkeypatch.setattr(
        "training.fit.network.fit", lambda *_, **__: pytest.fail("trained in this process")
    )
    assert run_study(study, index, there, ray_address=ray_here.tasks) == {}
    member = study.members[0]
    ours, theirs = (
        read_predictions(member_folder(out, member) / "random") for out in (here, there)
    )
    assert ours.paths == theirs.paths
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-3)


def test_a_study_whose_cluster_does_not_answer_says_so(index_path: Path, tmp_path: Path) -> None:
    study = _study(tmp_path)
    members = [(member, tmp_path / member.name) for member in study.members]
    with pytest.raises(JobError, match="Ray cluster"):
        fit_ahead(members, read_index(index_path), address="127.0.0.1:9")
