"""Every recipe on C-NMC passes the gate on the names that the release has."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.audits import planted
from training.audits.gate import audit_collection
from training.audits.leakage import audit_leakage
from training.audits.probes import probe_sources
from training.data.collection import Collection, chosen_images, collect
from training.data.file_facts import read_facts
from training.data.index import ImageRecord, read_index
from training.recipes.recipe import RECIPES, Recipe, read_recipe

NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))
ON_C_NMC = [name for name in NAMES if read_recipe(name).task.name == "c-nmc"]


def test_six_recipes_are_on_c_nmc() -> None:
    assert len(ON_C_NMC) == 6
    assert not any(read_recipe(name).allow_leaks for name in ON_C_NMC)


@pytest.mark.parametrize("seed", range(8))
def test_names_of_the_whole_release_give_no_label_away(seed: int) -> None:
    files = planted.c_nmc(seed)
    chosen, labels = chosen_images(read_recipe(ON_C_NMC[0]), files.records)
    assert (chosen, len(chosen)) == (files.records, 7272 + 3389)
    assert np.array_equal(labels, files.labels)
    assert not probe_sources(files.records, labels, files.facts)


def test_a_number_that_is_the_subjects_own_was_taken_for_an_order() -> None:
    """The longest run of digits: of UID_16_11_1_all the subject's 16, or the image's number."""
    record = ImageRecord(
        path=Path("UID_16_11_1_all.bmp"), name="UID_16_11_1_all.bmp", dataset="c_nmc", label="all"
    )
    assert record.file_number == 16
    assert record.file_numbers == (16, 11, 1)


def test_without_its_subjects_the_release_is_refused_as_ever() -> None:
    """Where nobody knows the subjects, numbers that run through the classes still tell them."""
    files = planted.with_numbers_in_order(planted.clean_files(0))
    report = audit_leakage(files.records, files.labels, {}, facts=files.facts)
    assert [finding.name for finding in report.refused] == ["label-from-file-order"]


def _collected(recipe: Recipe, data_dir: Path) -> Collection:
    return collect(recipe, read_index(data_dir / "index.csv"))


def test_the_real_names_give_no_label_away(data_dir: Path) -> None:
    recipe = read_recipe(ON_C_NMC[0])
    chosen, labels = chosen_images(recipe, read_index(data_dir / "index.csv").records)
    assert len(chosen) > 1000
    facts = read_facts(chosen, np.zeros((len(chosen), 256), bool))
    assert not [probe for probe in probe_sources(chosen, labels, facts) if probe.is_beyond_chance]


@pytest.mark.slow
def test_every_recipe_passes_the_whole_gate_on_the_real_release(data_dir: Path) -> None:
    collections: dict[tuple, Collection] = {}
    for name in ON_C_NMC:
        recipe = read_recipe(name)
        if recipe.steps not in collections:
            collections[recipe.steps] = _collected(recipe, data_dir)
        report = audit_collection(recipe, collections[recipe.steps])
        assert [report.in_words(found) for found in report.refused] == [], name
