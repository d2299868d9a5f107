"""Data sets for training: known, drawn, counted and checked, by admins alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bloodui.access import LOCAL_READER, LOCAL_USER
from bloodui.data_sets import DataSets
from bloodui.settings import settings_from
from bloodui.views.data_set import count_rows, report_sentences
from models.errors import AccessError, DatasetError
from training.recipe import read_task


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> DataSets:
    state = tmp_path_factory.mktemp("state")
    return DataSets(settings=settings_from({"BLOODUI_STATE": str(state)}), person=LOCAL_USER)


@pytest.fixture(scope="module")
def index(sets: DataSets) -> Path:
    labels = ("Benign", "Early", "Pre", "Pro")
    return sets.draw(name="drawn-one", labels=labels, n_per_label=4, seed=1)


def test_a_drawn_set_is_known_counted_and_shown(sets: DataSets, index: Path) -> None:
    assert index in sets.known()
    assert sets.counts(index, read_task("all-subtypes")) == dict.fromkeys(
        ("Benign", "Early", "Pre", "Pro"), 4
    )
    records = sets.read(index).records
    rows = count_rows(records)
    assert [(row["Label"], row["Images"], row["Groups"]) for row in rows] == [
        (label, 4, 1) for label in ("Benign", "Early", "Pre", "Pro")
    ]
    assert sets.image(index, records[0].name).shape[2] == 3


def test_the_folder_that_the_environment_names_comes_first(sets: DataSets, index: Path) -> None:
    values = {"BLOODUI_STATE": str(sets.settings.state), "BLOODUI_DATA": str(index.parent)}
    given = DataSets(settings=settings_from(values), person=LOCAL_USER)
    assert given.known()[0] == index


def test_a_damaged_image_and_a_copy_are_told_in_sentences(sets: DataSets) -> None:
    index = sets.draw(name="drawn-bad", labels=("Benign", "Pro"), n_per_label=4, seed=2)
    first, second, third = sets.read(index).records[:3]
    first.path.write_bytes(first.path.read_bytes()[:300])
    second.path.write_bytes(third.path.read_bytes())
    sentences = report_sentences(sets.check(index))
    assert any(first.name in sentence for sentence in sentences)
    assert any("copies of others" in sentence for sentence in sentences)
    assert f"{second.name} is not the file that the index names." in sentences


@pytest.mark.parametrize("name", ["../outside", "A b", ""])
def test_a_set_stays_in_its_folder(sets: DataSets, name: str) -> None:
    with pytest.raises(DatasetError, match="lower-case"):
        sets.draw(name=name, labels=("Benign",), n_per_label=1, seed=0)


def test_an_image_that_the_index_does_not_name_is_not_shown(sets: DataSets, index: Path) -> None:
    with pytest.raises(DatasetError, match="secrets"):
        sets.image(index, "../../secrets.txt")


def test_a_reader_is_refused(sets: DataSets, index: Path) -> None:
    reader = DataSets(settings=sets.settings, person=LOCAL_READER)
    with pytest.raises(AccessError):
        reader.known()
    with pytest.raises(AccessError):
        reader.image(index, "a.png")
    with pytest.raises(AccessError):
        reader.draw(name="drawn-two", labels=("Benign",), n_per_label=1, seed=0)
