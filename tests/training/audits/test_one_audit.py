"""`data check` never clears what a run refuses, and refuses nothing that a run lets pass.

Each index here was judged in two ways while the two asked by rules of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from tests.training.audits.planted import (
    ImageFile,
    clean_files,
    one_laboratory_a_class,
    saved_by_two_programs,
    six_patients,
    slide_after_slide,
    two_labels_of_six,
    write_images,
)
from tests.training.drawn_recipe import drawn_recipe
from training.__main__ import main
from training.audits.data_report import report_on
from training.audits.leakage import audit_labels, audit_leakage
from training.data.file_facts import ImageFacts
from training.data.index import ImageRecord, read_index
from training.data.inspection import inspect
from training.errors import LeakageError
from training.recipes.recipe import parse_recipe
from training.recipes.toml_file import parse_toml
from training.runs.run import run

SPLIT = 'kind = "grouped", test = 0.34, validation = 0.34'


def recipe_file(folder: Path, *, task: str = "aml-or-apl", head: str = "") -> Path:
    path = folder / "its-recipe.toml"
    text = head + drawn_recipe(split=SPLIT)
    path.write_text(text.replace('"all-subtypes"', f'"{task}"'), encoding="utf-8")
    return path


def statuses(folder: Path, capsys: pytest.CaptureFixture[str], *, task: str) -> tuple[str, ...]:
    """What `audit` and both kinds of `data check` say: "refused" or "cleared", and their text."""
    index, recipe = str(folder / "index.csv"), str(recipe_file(folder, task=task))
    words = (
        ["audit", recipe, "--index", index],
        ["data", "check", "--index", index, "--recipe", recipe],
        ["data", "check", "--index", index],
    )
    said = []
    for each in words:
        status = main(each)
        text = capsys.readouterr().out
        assert status == int("(a run would refuse)" in text.rpartition("Leaks, recipe")[2])
        said.append(text)
    return tuple(said)


@pytest.mark.parametrize(
    ("rows", "leak"),
    [(saved_by_two_programs, "label-from-metadata"), (two_labels_of_six, "label-from-size")],
)
def test_what_a_run_refuses_is_refused_by_a_check_with_and_without_the_recipe(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rows: Callable[[], Iterator[ImageFile]],
    leak: str,
) -> None:
    index = write_images(tmp_path, rows())
    for text in statuses(tmp_path, capsys, task="aml-or-apl"):
        assert f"{leak} (a run would refuse): jhu_aml" in text
    recipe = parse_recipe(
        parse_toml(recipe_file(tmp_path).read_text(), name="leaky"), name="leaky-recipe"
    )
    with pytest.raises(LeakageError, match=leak):
        run(recipe, read_index(index), tmp_path / "run")


def test_a_check_names_the_two_labels_that_a_run_could_not_be_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_images(tmp_path, two_labels_of_six())
    *_, alone = statuses(tmp_path, capsys, task="aml-or-apl")
    assert "the size in pixels tells AML from APL with balanced accuracy 1.00" in alone


def test_a_check_without_a_recipe_says_that_it_asked_nothing_across_data_sets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_images(tmp_path, one_laboratory_a_class())
    audited, checked, alone = statuses(tmp_path, capsys, task="blast-or-normal")
    for text in (audited, checked):
        assert "label-from-source (a run would refuse)" in text
    assert "a run would refuse" not in alone
    assert "Classes across data sets were not audited: name a recipe with --recipe." in alone


@pytest.mark.parametrize("rows", [six_patients, slide_after_slide])
def test_what_a_run_lets_pass_is_not_refused_by_a_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: Callable[[], Iterator[ImageFile]]
) -> None:
    write_images(tmp_path, rows())
    for text in statuses(tmp_path, capsys, task="aml-or-apl"):
        assert "a run would refuse" not in text
        if rows is six_patients:
            assert "label-from-size (note): jhu_aml" in text
            assert "With 6 patients or single images this may be chance." in text


def test_what_the_recipe_allows_is_said_and_not_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = str(write_images(tmp_path, saved_by_two_programs()))
    recipe = recipe_file(tmp_path, head='allow_leaks = ["label-from-metadata"]\n')
    assert main(["data", "check", "--index", index, "--recipe", str(recipe)]) == 0
    assert "label-from-metadata (allowed by the recipe): jhu_aml" in capsys.readouterr().out


def test_a_recipe_that_cannot_split_the_images_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(saved_by_two_programs())[:4]
    index = str(write_images(tmp_path, iter(rows)))
    recipe = str(recipe_file(tmp_path))
    assert main(["data", "check", "--index", index, "--recipe", recipe]) == 1
    assert (
        'A run of its-recipe would end at once: Class "AML" is missing' in capsys.readouterr().out
    )


def test_an_unreadable_image_of_the_recipe_does_not_end_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = write_images(tmp_path, saved_by_two_programs())
    first = read_index(index).records[0]
    first.path.write_bytes(b"no image")
    words = ["data", "check", "--index", str(index), "--recipe", str(recipe_file(tmp_path))]
    assert main(words) == 1
    text = capsys.readouterr().out
    assert f"Unreadable: 1\n  {first.name}" in text
    assert "Leaks, recipe its-recipe: 59 images" in text


def test_a_check_of_a_recipe_leaves_the_report_that_its_run_leaves(tmp_path: Path) -> None:
    index = read_index(write_images(tmp_path, two_labels_of_six()))
    text = recipe_file(tmp_path).read_text()
    recipe = parse_recipe(parse_toml(text, name="leaky"), name="leaky-recipe")
    checked = report_on(index.records, inspect(index.records), recipe=recipe).recipe_audit
    assert checked is not None
    with pytest.raises(LeakageError):
        run(recipe, index, tmp_path / "run")
    report = json.loads((tmp_path / "run" / "leakage.json").read_text())
    assert report == json.loads(json.dumps(checked.leaks.to_dict()))


@pytest.mark.parametrize("seed", range(12))
def test_every_question_of_a_run_on_a_data_set_has_the_answer_of_its_check(seed: int) -> None:
    """Four labels with sizes that lean on them more or less: each two, each alone, all at once."""
    rng = np.random.default_rng(seed)
    files = clean_files(seed, is_varied=True)
    names = rng.permutation(np.arange(len(files.records)) % 4)
    lean = rng.random(4)
    records, facts = [], []
    for record, fact, name in zip(files.records, files.facts, names, strict=True):
        records.append(
            ImageRecord(path=record.path, name=record.name, dataset="one", label="abcd"[name])
        )
        width = 240 if rng.random() < lean[name] else 224
        facts.append(
            ImageFacts(
                sha256=fact.sha256,
                width=width,
                height=224,
                format="PNG",
                marks=fact.marks,
                hash_bits=fact.hash_bits,
            )
        )
    refused: set[str] = set()
    for chosen, labels in questions(names):
        report = audit_leakage(
            [records[item] for item in chosen], labels, {}, facts=[facts[item] for item in chosen]
        )
        refused |= {finding.name for finding in report.refused}
    assert {finding.name for finding in audit_labels(records, facts).refused} == refused


def questions(names: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What a run may make of four labels: the images that it takes, and their classes."""
    everything = np.arange(len(names))
    yield everything, names
    for name in range(4):
        yield everything, (names != name).astype(int)
    for pair in combinations(range(4), 2):
        chosen = np.nonzero(np.isin(names, pair))[0]
        yield chosen, (names[chosen] == pair[0]).astype(int)
