"""What `data check` objects to no run starts on, and no row is dropped in silence."""

from __future__ import annotations

import hashlib
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.data.releases import draw
from tests.training.drawn_recipe import drawn_recipe
from tests.training.jobs.counting import until
from training.__main__ import main
from training.data.collection import collect, splits_of
from training.data.index import ImageRecord, left_over, read_index, select_classes
from training.data.objections import objections_to, objections_to_labels
from training.data.splits import split_by_dataset, split_folds
from training.errors import DatasetError
from training.jobs import JobRequest, LocalJobs
from training.recipes.recipe import Recipe, parse_recipe
from training.recipes.toml_file import parse_toml

CASES = Path(__file__).resolve().parents[2] / "cases" / "data" / "index"
SENTENCES = {
    "one_file_two_labels": "1 picture has two labels: Benign/0.jpg as Benign and Benign/0.jpg as "
    "Pro. Drop the lines that are wrong.",
    "hash_wrong": "1 file is not what the index's hash says: Benign/0.jpg. Put the right file back",
}


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "drawn.toml"
    path.write_text(drawn_recipe(split='kind = "grouped", test = 0.34'), encoding="utf-8")
    return path


def recipe(split: str = 'kind = "random"') -> Recipe:
    return parse_recipe(parse_toml(drawn_recipe(split=split), name="drawn"), name="drawn-labels")


@pytest.mark.parametrize("case", list(SENTENCES))
def test_check_and_run_object_to_the_same_in_the_same_words(
    case: str, recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = ["--index", str(CASES / f"{case}.csv")]
    assert main(["data", "check", *index]) == 1
    assert f"A run would refuse: {SENTENCES[case]}" in capsys.readouterr().out
    assert main(["data", "check", *index, "--recipe", str(recipe_file)]) == 1
    assert f"A run of drawn would refuse: {SENTENCES[case]}" in capsys.readouterr().out
    assert main(["run", str(recipe_file), *index, "--out", str(tmp_path / "run")]) == 2
    assert SENTENCES[case] in capsys.readouterr().err
    assert main(["audit", str(recipe_file), *index]) == 2
    assert SENTENCES[case] in capsys.readouterr().err
    assert not (tmp_path / "run" / "bundle").exists()


@pytest.mark.slow
def test_a_job_ends_with_what_a_check_objects_to(tmp_path: Path) -> None:
    jobs = LocalJobs(root=tmp_path)
    request = JobRequest(
        recipe=drawn_recipe(split='kind = "random"'),
        index=CASES / "one_file_two_labels.csv",
        name="two-labels",
    )
    record = until(jobs, jobs.submit(request).id, "failed", "finished")
    assert record.state == "failed"
    assert SENTENCES["one_file_two_labels"] in record.message


def test_hash_upper_case_is_no_objection(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", "--index", str(CASES / "hash_upper_case.csv")]) == 0
    assert "hash says" not in capsys.readouterr().out
    collect(recipe(), read_index(CASES / "hash_upper_case.csv"))


def test_label_case_is_refused_with_the_labels_and_their_rows(
    recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = ["--index", str(CASES / "label_case.csv")]
    assert main(["data", "check", *index]) == 1
    told = capsys.readouterr().out
    assert (
        "differ by capitals, blanks or accents alone: Benign (rows: 12), benign (rows: 12)" in told
    )
    assert main(["run", str(recipe_file), *index, "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert "48 of 96 rows of the index fit a class but for capitals, blanks or accents: " in told
    assert "synthetic/pro 12 (the class has Pro)" in told


def test_label_missing_is_told_with_the_number_of_rows(
    recipe_file: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    index = CASES / "label_missing.csv"
    assert main(["data", "check", "--index", str(index), "--recipe", str(recipe_file)]) == 0
    sentence = "32 of 96 rows of the index fit no class and are left out: synthetic, no label 32."
    told = capsys.readouterr().out
    assert sentence in told
    assert "synthetic: 32 images have no label, and no run takes them." in told
    assert "synthetic: 96 images, no label 32, Benign 16" in told
    with caplog.at_level(logging.WARNING):
        assert len(collect(recipe(), read_index(index)).records) == 64
    assert sentence in caplog.text


def record(name: str, dataset: str, label: str, path: Path = Path("x")) -> ImageRecord:
    return ImageRecord(path=path, name=name, dataset=dataset, label=label)


def test_rows_that_fit_no_class_are_counted_label_by_label() -> None:
    records = [record(str(n), "s", f"label-{n % 15}") for n in range(30)]
    told = left_over(records, {"A": ["s/label-0"], "B": ["*/label-1"]})
    assert told.startswith("26 of 30 rows of the index fit no class and are left out: s/label-2 2,")
    assert told.endswith("and 1 more labels.")
    assert left_over(records[:2], {"A": ["s/label-0"], "B": ["*/label-1"]}) == ""


def test_a_label_of_another_data_set_may_differ_by_capitals() -> None:
    records = [record("1", "a", "x"), record("2", "b", "X")]
    assert len(select_classes(records, {"X": ["a/x"]})) == 1
    with pytest.raises(DatasetError, match=r"1 of 2 rows .*: b/X 1 \(the class has x\)"):
        select_classes(records, {"X": ["*/x"]})


@pytest.mark.parametrize("label", ["PRÉ B", "Pré  B", "Pre\u0301 B", "Pré\xa0B"])
def test_another_spelling_of_one_label_is_told(label: str) -> None:
    records = [record("1", "a", "Pré B"), record("2", "a", label)]
    (found,) = objections_to_labels(records, ["1", "2"])
    assert found.kind == "spelling"
    assert found.names == ("1", "2")
    with pytest.raises(DatasetError, match=r"1 of 2 rows .*the class has Pré B"):
        select_classes(records, {"Pre": ["a/Pré B"]})


def test_one_picture_may_have_a_label_in_each_of_two_data_sets(tmp_path: Path) -> None:
    first = draw(tmp_path / "1.png", seed=1)
    copy = Path(shutil.copy(first, tmp_path / "2.png"))
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, copy)]
    apart = [record("1.png", "patients", "AML", first), record("2.png", "cells", "blast", copy)]
    assert not objections_to_labels(apart, hashes)
    together = [replace(each, dataset="cells") for each in apart]
    (found,) = objections_to_labels(together, hashes)
    assert (found.kind, found.names) == ("two-labels", ("1.png", "2.png"))
    unlabelled = [together[0], replace(together[1], label="")]
    assert not objections_to_labels(unlabelled, hashes)
    assert not objections_to(apart, ["one class", "one class"], hashes)
    assert objections_to(apart, ["one class", "another"], hashes)


def test_messages_of_splits_name_the_class() -> None:
    labels, classes = np.array([0, 0, 1, 1, 1, 1]), ("Benign", "Pro")
    with pytest.raises(DatasetError, match='received 1 of class "Benign"'):
        split_folds(
            labels,
            np.array([0, 0, 1, 2, 3, 4]),
            folds=2,
            validation=0.5,
            seed=0,
            classes=classes,
        )
    with pytest.raises(DatasetError, match='a alone has class "Benign"'):
        split_by_dataset(
            labels,
            np.arange(6),
            np.array(["a"] * 4 + ["b"] * 2),
            validation=0.5,
            seed=0,
            classes=classes,
        )


def test_a_run_that_cannot_split_names_the_class_of_its_recipe(tmp_path: Path) -> None:
    rows = ["path,dataset,label,group"]
    for label in ("Benign", "Early", "Pre", "Pro"):
        for number in range(4):
            draw(tmp_path / f"{label}{number}.png", seed=len(rows))
            group = "P1" if label == "Pre" else f"P-{label}-{number}"
            rows.append(f"{label}{number}.png,synthetic,{label},{group}")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    protocol = recipe('kind = "grouped", test = 0.34, validation = 0.34')
    images = collect(protocol, read_index(tmp_path / "index.csv"))
    with pytest.raises(DatasetError, match='Class "Pre" is missing from the validation part'):
        splits_of(images, protocol.splits[0], seed=protocol.seed)
