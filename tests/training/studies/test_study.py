"""A whole study on drawn smears: runs, folds by data set, ensembles, a bench, and its tables."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drawn.dataset import write_synthetic_dataset
from models.bundle.card import read_card
from models.bundle.folder import verify_bundle
from models.errors import WeightsError
from tests.training.drawn_recipe import drawn_recipe
from training.data.index import DatasetIndex, read_index
from training.errors import DatasetError
from training.judge import bootstrap
from training.judge.predictions import read_predictions
from training.runs.ensemble_bundle import EnsembleOrder, make_ensemble
from training.studies import feature_bench, study
from training.studies.plan import Study, parse_study
from training.studies.result import read_study_result
from training.studies.study import member_folder, run_study

pytestmark = pytest.mark.slow

RECIPE = drawn_recipe(head_epochs=5)
KIND = "leave_one_dataset_out"


@pytest.fixture(scope="module", autouse=True)
def _few_draws() -> Iterator[None]:
    """Intervals of few draws: how wide they are is not asked here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "_RESAMPLES", 40)
        yield


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> DatasetIndex:
    """Drawn smears of two laboratories: every other patient belongs to the second."""
    path = write_synthetic_dataset(
        tmp_path_factory.mktemp("drawn"),
        labels=("Benign", "Early", "Pre", "Pro"),
        n_per_label=16,
        seed=1,
    )
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if int(row["group"][-1]) % 2:
            row["dataset"] = "taleghani_all"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return read_index(path)


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Study:
    recipe = tmp_path_factory.mktemp("recipe") / "drawn.toml"
    recipe.write_text(RECIPE)
    values = {
        "title": "Two sizes",
        "recipes": [str(recipe)],
        "sizes_px": [64, 72],
        "split": [{"kind": KIND, "validation": 0.25}],
        "ensemble": [{"name": "mean"}, {"name": "weighted", "weights": "validation"}],
        "bench": ["frozen", "tuned", "classical"],
    }
    return parse_study(values, name="two-sizes")


@pytest.fixture(scope="module")
def finished(plan, index, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_bench, "CLASSIFIERS", ("GaussianNB", "DummyClassifier"))
        assert run_study(plan, index, out) == {}
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_member_leaves_a_bundle_of_its_size(finished, plan):
    sizes = [
        verify_bundle(member_folder(finished, member) / "bundle").input_px
        for member in plan.members
    ]
    assert sizes == [64, 72]


def test_the_table_has_a_line_for_each_model_split_and_part(finished):
    lines = table(finished / "table.csv")
    found = [(line["model"], line["split"], line["part"]) for line in lines]
    assert len(set(found)) == len(found)
    for model in (
        "drawn-lodocv-64px",
        "drawn-lodocv-72px",
        "mean",
        "weighted",
        "six colour numbers",
    ):
        assert (model, KIND, "all") in found
    for model in ("drawn-lodocv-64px", "drawn-lodocv-72px", "mean", "weighted"):
        for dataset in ("synthetic", "taleghani_all"):
            assert (model, KIND, dataset) in found
    for line in lines:
        low, value, high = (float(line[f"accuracy{end}"]) for end in (" low", "", " high"))
        assert 0 <= low <= value <= high <= 1
        assert int(line["n"]) >= 16
        assert line["weighted sensitivity"] == line["accuracy"]


def test_the_seconds_of_a_member_are_in_its_line(finished):
    for line in table(finished / "table.csv"):
        is_member = line["model"].startswith("drawn") and line["part"] == "all"
        assert bool(line["seconds"]) == is_member
        assert not is_member or float(line["seconds"]) > 0


def test_a_data_set_is_judged_by_a_model_that_never_saw_it(finished, plan):
    answers = read_predictions(member_folder(finished, plan.members[0]) / KIND)
    for fold in (0, 1):
        assert len({answers.datasets[row] for row in (answers.folds == fold).nonzero()[0]}) == 1
    assert len(answers.labels) == 64


def test_the_mean_is_that_of_its_members(finished, plan):
    record = json.loads((finished / "study.json").read_text())
    weights = record["ensemble weights"]
    assert weights["mean"][KIND]["drawn-lodocv-64px"] == [0.5, 0.5]
    shares = weights["weighted"][KIND]
    for one, other in zip(shares["drawn-lodocv-64px"], shares["drawn-lodocv-72px"], strict=True):
        assert one + other == pytest.approx(1)
    first, second = (
        read_predictions(member_folder(finished, member) / KIND) for member in plan.members
    )
    together = (first.probabilities + second.probabilities).argmax(axis=1)
    line = next(
        line
        for line in table(finished / "table.csv")
        if (line["model"], line["part"]) == ("mean", "all")
    )
    assert float(line["accuracy"]) == pytest.approx((together == first.labels).mean())


@pytest.mark.parametrize(("name", "weights"), [("mean", "equal"), ("weighted", "validation")])
def test_an_ensemble_has_the_figures_and_settings_of_its_bundle(
    finished, plan, tmp_path, name, weights
):
    order = EnsembleOrder(
        id="drawn-together",
        title="Together",
        runs=tuple(member_folder(finished, member) for member in plan.members),
        weights=weights,
    )
    manifest = make_ensemble(order, tmp_path / "bundle")
    result = read_study_result(finished)
    (row,) = [row for row in result.rows if (row.model, row.part) == (name, "all")]
    assert row.evaluation == read_card(tmp_path / "bundle" / "card.json").evaluation(split=KIND)
    assert row.evaluation.figure("coverage of 90 % prediction sets").n == 64
    record = json.loads((finished / "study.json").read_text())
    settings = record["ensemble settings"][name][KIND]
    assert settings["temperature"][0] == manifest.temperature
    assert settings["answer threshold"][0] == manifest.answer_threshold
    shares = record["ensemble weights"][name][KIND]
    assert {member.id: member.weight for member in manifest.members} == {
        member: share[0] for member, share in shares.items()
    }


def test_a_part_has_every_figure_that_the_whole_has(finished):
    figures = {
        (row.model, row.part): {figure.name for figure in row.evaluation.figures}
        for row in read_study_result(finished).rows
    }
    for model in ("drawn-lodocv-64px", "mean"):
        for dataset in ("synthetic", "taleghani_all"):
            assert figures[model, dataset] == figures[model, "all"]


def test_every_two_models_are_compared_on_the_same_images(finished):
    pairs = table(finished / "comparisons.csv")
    assert len(pairs) == 6  # of four models
    for pair in pairs:
        assert 0 <= float(pair["McNemar p"]) <= 1
        gap = (int(pair["only first right"]) - int(pair["only second right"])) / int(pair["n"])
        assert float(pair["difference of accuracy"]) == pytest.approx(gap)


def test_the_bench_has_a_line_for_each_classifier_and_kind_of_features(finished):
    lines = table(finished / "bench.csv")
    # members, features, classifiers and the better one of them, tuned
    assert len(lines) == 2 * 3 * 3
    assert {line["classifier"] for line in lines if "tuned" in line["classifier"]} == {
        "GaussianNB, tuned"
    }
    assert {line["features"] for line in lines} == {"frozen", "tuned", "classical"}
    for line in lines:
        assert float(line["seconds"]) > 0
        if line["classifier"] == "DummyClassifier":
            assert float(line["macro AUROC"]) == 0.5
    best = max(float(line["balanced accuracy"]) for line in lines if line["features"] != "frozen")
    assert best > 0.5  # of four classes


def test_a_finished_study_is_not_run_again(finished, plan, index, monkeypatch):
    before = {name: (finished / name).read_text() for name in ("table.csv", "comparisons.csv")}

    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError("ran again")

    monkeypatch.setattr(study, "run", refuse)
    monkeypatch.setattr(feature_bench, "bench", refuse)
    monkeypatch.setattr(feature_bench, "bench_tuned", refuse)
    monkeypatch.setattr(feature_bench, "CLASSIFIERS", ("GaussianNB", "DummyClassifier"))
    run_study(plan, index, finished)
    assert before == {name: (finished / name).read_text() for name in before}


@pytest.mark.parametrize("lacks", ["validation/predictions.csv", "predictions.csv"])
def test_a_run_of_an_earlier_version_is_named_and_what_it_does_not_tell_is_left_out(
    lacks, finished, plan, index, tmp_path, monkeypatch
):
    monkeypatch.setattr(feature_bench, "CLASSIFIERS", ("GaussianNB", "DummyClassifier"))
    before = read_study_result(finished)
    out = tmp_path / "study"
    shutil.copytree(finished, out)
    (out / "members" / "drawn-lodocv-64px" / KIND / lacks).unlink()
    assert run_study(plan, index, out) == {}
    after = read_study_result(out)
    assert set(after.left_out) == {"drawn-lodocv-64px", "mean", "weighted"}
    for why in after.left_out.values():
        assert why.startswith("Left out: figures")
        assert f"{KIND}/{lacks} cannot be read: No such file or directory." in why
        assert str(tmp_path) not in why
    kept = {(row.model, row.part): row for row in after.rows}
    lost = [row for row in before.rows if (row.model, row.part) not in kept]
    assert {row.model for row in lost} == {"drawn-lodocv-64px", "mean", "weighted"}
    assert ("drawn-lodocv-64px", "all") in kept
    assert all(row == kept[row.model, row.part] for row in before.rows if row not in lost)
    notes = [line["note"] for line in table(out / "table.csv") if line["note"]]
    assert notes == list(after.left_out.values())


def test_a_member_without_weights_is_not_run_and_the_others_are(finished, plan, index, monkeypatch):
    def without_weights(member: Any, index: Any, folder: Path, **_: object) -> None:
        if member.input_px == 72:
            raise WeightsError("Expected weights, received none.")

    monkeypatch.setattr(study, "run_member", without_weights)
    monkeypatch.setattr(feature_bench, "CLASSIFIERS", ("GaussianNB", "DummyClassifier"))
    not_run = run_study(plan, index, finished)
    assert set(not_run) == {"drawn-lodocv-72px", "mean", "weighted"}
    notes = {line["model"]: line["note"] for line in table(finished / "table.csv")}
    assert notes["drawn-lodocv-64px"] == ""
    assert notes["drawn-lodocv-72px"] == "not run: Expected weights, received none."
    assert "drawn-lodocv-72px" in notes["mean"]


def test_a_folder_of_another_study_is_not_continued(finished, index, plan):
    other = parse_study({**plan.source, "sizes_px": [64], "ensemble": []}, name="two-sizes")
    with pytest.raises(DatasetError, match="another"):
        run_study(other, index, finished)


def test_where_no_member_runs_the_study_says_why(plan, index, tmp_path, monkeypatch):
    def without_weights(member: Any, index: Any, folder: Path, **_: object) -> None:
        raise WeightsError("Expected weights, received none.")

    monkeypatch.setattr(study, "run_member", without_weights)
    with pytest.raises(WeightsError, match="Expected weights"):
        run_study(plan, index, tmp_path / "out")
    assert not (tmp_path / "out" / "table.csv").exists()
