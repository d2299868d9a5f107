"""A study as a job: its runs, what it tells meanwhile, and its tables, which are read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawn.dataset import write_synthetic_dataset
from tests.training.drawn_recipe import drawn_recipe
from training.errors import DatasetError, RecipeError
from training.jobs import JobRequest, LocalJobs
from training.jobs.folder import JobFolder
from training.jobs.worker import run_or_study
from training.judge import bootstrap
from training.progress import EpochDone, epochs_within
from training.studies.result import read_study_result

pytestmark = pytest.mark.slow

MEMBER = drawn_recipe(head_epochs=2)


class Heard:
    """Keeps what a study tells."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float]] = []
        self.epochs: list[EpochDone] = []

    def stage(self, text: str, share: float) -> None:
        self.stages.append((text, share))

    def epoch(self, done: EpochDone) -> None:
        self.epochs.append(done)


def test_a_study_of_two_sizes_is_run_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 40)
    index = write_synthetic_dataset(
        tmp_path / "drawn", labels=("Benign", "Early", "Pre", "Pro"), n_per_label=8, seed=1
    )
    member = tmp_path / "drawn-alexnet.toml"
    member.write_text(MEMBER)
    text = f'title = "Two sizes"\nrecipes = ["{member}"]\nsizes_px = [64, 80]\n'
    (tmp_path / "job").mkdir()
    folder = JobFolder(tmp_path / "job")
    folder.write_request(JobRequest(recipe=text, index=index, name="two-sizes", kind="study"))
    heard = Heard()
    assert run_or_study(folder, heard) == "Finished."
    result = read_study_result(folder.run)
    assert result.title == "Two sizes"
    whole = {row.model: row for row in result.rows if row.part == "all" and row.architecture}
    assert {name: row.input_px for name, row in whole.items()} == {
        "drawn-alexnet-64px": 64,
        "drawn-alexnet-80px": 80,
    }
    assert [line["n"] for line in result.comparisons] == [
        whole["drawn-alexnet-64px"].evaluation.figure("accuracy").n
    ]
    shares = [share for _, share in heard.stages]
    assert shares == sorted(shares)
    assert any(0.4 < share < 0.6 for share in shares)
    first, second = (epochs_within(heard.epochs, name) for name in whole)
    assert len(first) + len(second) == len(heard.epochs)
    assert [(done.split, done.epoch) for done in first] == [("random", 1), ("random", 2)]


def test_a_study_that_has_not_finished_has_no_results(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="resume it"):
        read_study_result(tmp_path)


def test_a_study_that_cannot_be_run_is_refused_before_it_is_queued(
    jobs: LocalJobs, index_path: Path
) -> None:
    text = 'title = "Nothing"\nrecipes = ["no-such-recipe"]\n'
    with pytest.raises(RecipeError, match="no-such-recipe"):
        jobs.submit(JobRequest(recipe=text, index=index_path, name="nothing", kind="study"))
    assert jobs.list() == ()
