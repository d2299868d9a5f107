"""narendra and pushpalatha done again on drawn cells, a study and a bench, in a small way."""

import csv

import pytest

from tests.training.studies.smoke import SINGLE_CELLS, SMEARS, check_smoke_run, recipes_of
from training.__main__ import main

pytestmark = pytest.mark.slow


def test_pushpalatha_2024(index_of, tmp_path):
    models = {name: name for name in recipes_of(("pushpalatha-2024",))}
    found = check_smoke_run(
        "pushpalatha-2024",
        "pushpalatha-2024",
        models,
        index_of("pushpalatha-2024-vgg16").parent,
        tmp_path,
    )
    assert len(found.figures) == 4 * (6 + 1)  # and six colour numbers beside each
    for each in found.figures:
        assert each.honest is not None
        if each.part == "both":
            test, validation = (
                other.honest.value
                for part in ("test", "validation")
                for other in found.figures
                if (other.model, other.part, other.figure) == (each.model, part, "accuracy")
            )
            assert each.honest.value == pytest.approx((test + validation) / 2)


def test_narendra_2024(index_of, tmp_path, monkeypatch):
    monkeypatch.setattr("training.studies.feature_bench.CLASSIFIERS", ("DummyClassifier", "SVC"))
    models = {name: name for name in recipes_of(("narendra-2024",))}
    found = check_smoke_run(
        "narendra-2024",
        "narendra-2024-bench",
        models,
        index_of("narendra-2024-resnet50").parent,
        tmp_path,
    )
    bench = [each for each in found.figures if each.classifier]
    assert len(bench) == 2 * 27 * 5
    measured = {(each.model, each.classifier) for each in bench if each.honest}
    assert measured == {(model, name) for model in models for name in ("DummyClassifier", "SVC")}
    assert "narendra-2024-resnet50: SVC" in (tmp_path / "index.html").read_text(encoding="utf-8")
    figures = {each.figure: each.honest for each in bench if each.classifier == "SVC"}
    assert figures["AUROC of labels"].value == figures["balanced accuracy"].value
    assert figures["seconds"].value > 0


def test_all_recipes_of_the_five_papers_are_done_again_in_one_of_the_two_files():
    assert len(recipes_of(SMEARS)) + len(recipes_of(SINGLE_CELLS)) == 13


def test_a_study_and_a_bench_run_in_a_smoke_run(index_of, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "training.studies.feature_bench.CLASSIFIERS", ("DummyClassifier", "GaussianNB")
    )
    name, index = "pushpalatha-2024-alexnet", index_of("pushpalatha-2024-alexnet")
    plan, study, bench = (tmp_path / each for each in ("two.toml", "study", "bench"))
    plan.write_text(
        f'title = "Two"\nrecipes = ["{name}"]\nfrom_scratch = true\n'
        '[[ensemble]]\nname = "both"\n[[split]]\nkind = "grouped"\n'
    )
    options = ["--smoke", "--set", "fit.batch=8", "--index", str(index), "--out"]
    assert main(["study", str(plan), *options, str(study)]) == 0
    with (study / "table.csv").open(newline="", encoding="utf-8") as file:
        lines = {line["model"]: line for line in csv.DictReader(file)}
    members = (f"{name}-one-split-smoke", f"{name}-one-split-from-scratch-smoke")
    assert set(lines) == {*members, "both", "six colour numbers"}
    assert all("fit.batch = 8 (recipe: 32)" in lines[member]["note"] for member in members)
    assert main(["bench", name, *options, str(bench)]) == 0
    with (bench / "bench.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["model"] for row in rows} == {f"{name}-smoke"}
    tried = {"DummyClassifier", "GaussianNB", "GaussianNB, tuned"}
    assert {row["classifier"] for row in rows} == tried


def test_what_a_recipe_cannot_have_ends_before_anything_is_written(index_of, tmp_path, capsys):
    index = index_of("pushpalatha-2024-alexnet")
    for command in (["run"], ["bench"]):
        words = [*command, "pushpalatha-2024-alexnet", "--set", "fit.epoch=1"]
        assert main([*words, "--index", str(index), "--out", str(tmp_path / "out")]) == 2
        assert "received 'epoch'. Did you mean 'epochs'?" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
