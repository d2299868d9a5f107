"""What the bench of a recipe refuses; what it gives is asked in test_study.py."""

import pytest

from drawn.dataset import write_synthetic_dataset
from training.data.index import DatasetIndex, read_index
from training.errors import DatasetError
from training.recipes.recipe import Recipe, parse_recipe
from training.studies.feature_bench import run_bench


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> DatasetIndex:
    return read_index(
        write_synthetic_dataset(
            tmp_path_factory.mktemp("drawn"),
            labels=("Benign", "Early", "Pre", "Pro"),
            n_per_label=3,
            seed=2,
        )
    )


def recipe(kind: str = "random") -> Recipe:
    values = {
        "title": "Drawn",
        "task": "all-subtypes",
        "model": {"architecture": "alexnet", "input_px": 64, "weights": {"kind": "none"}},
        "steps": [{"name": "resize", "parameters": {"size_px": 64, "fit": "stretch"}}],
        "fit": {"epochs": 0},
        "split": [{"kind": kind, "test": 0.3, "validation": 0.3}],
    }
    return parse_recipe(values, name="drawn")


def test_tuned_features_need_a_run(index, tmp_path):
    with pytest.raises(DatasetError, match="come from a run"):
        run_bench(recipe(), index, tmp_path / "out", features=["tuned"])
    assert not (tmp_path / "out").exists()


def test_a_run_that_left_no_network_is_refused_with_what_to_do(index, tmp_path):
    with pytest.raises(DatasetError, match="Run the recipe first"):
        run_bench(recipe(), index, tmp_path / "out", features=["tuned"], tuned_by=tmp_path / "run")
    assert not (tmp_path / "out" / "bench.csv").exists()


def test_a_folder_of_another_recipe_is_not_continued(index, tmp_path, monkeypatch):
    monkeypatch.setattr("training.studies.feature_bench.CLASSIFIERS", ("DummyClassifier",))
    run_bench(recipe(), index, tmp_path, features=["classical"])
    assert (tmp_path / "bench.csv").is_file()
    with pytest.raises(DatasetError, match="begun with another recipe"):
        run_bench(recipe("grouped"), index, tmp_path, features=["classical"])
