"""Data sets for training: known, drawn, counted and checked, by admins alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from bloodui.data_sets import DataSets
from bloodui.errors import AccessError, StudioError
from bloodui.people import LOCAL_READER, LOCAL_USER
from bloodui.settings import settings_from
from bloodui.studio.data_set import count_rows, report_sentences
from training.errors import DatasetError
from training.recipes.recipe import read_recipe, read_task

pytestmark = pytest.mark.slow


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
        (label, 4, "1") for label in ("Benign", "Early", "Pre", "Pro")
    ]
    assert sets.micrograph(index, records[0].name).rgb.shape[2] == 3


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
    assert any("Copies of other images" in sentence for sentence in sentences)
    assert f"{second.name} is not the file that the index names." in sentences


@pytest.mark.parametrize("name", ["../outside", "A b", ""])
def test_a_set_stays_in_its_folder(sets: DataSets, name: str) -> None:
    with pytest.raises(StudioError, match="lower-case"):
        sets.draw(name=name, labels=("Benign",), n_per_label=1, seed=0)


def test_an_image_that_the_index_does_not_name_is_not_shown(sets: DataSets, index: Path) -> None:
    with pytest.raises(DatasetError, match="secrets"):
        sets.micrograph(index, "../../secrets.txt")


def test_a_reader_is_refused(sets: DataSets, index: Path) -> None:
    reader = DataSets(settings=sets.settings, person=LOCAL_READER)
    with pytest.raises(AccessError):
        reader.known()
    with pytest.raises(AccessError):
        reader.micrograph(index, "a.png")
    with pytest.raises(AccessError):
        reader.draw(name="drawn-two", labels=("Benign",), n_per_label=1, seed=0)


def test_what_a_run_would_refuse_stands_among_the_sentences(sets: DataSets) -> None:
    index = sets.draw(name="drawn-wide", labels=("Benign", "Pro"), n_per_label=24, seed=3)
    for record in sets.read(index).records:
        if record.label == "Pro":
            with Image.open(record.path) as image:
                image.resize((image.width + 8, image.height)).save(record.path)
    sentences = report_sentences(sets.check(index))
    assert any(
        sentence.startswith("label-from-size (a run would refuse): synthetic: the size in pixels")
        for sentence in sentences
    )


def test_a_recipe_that_the_images_do_not_fit_is_refused(sets: DataSets, index: Path) -> None:
    with pytest.raises(DatasetError, match="of class"):
        sets.check(index, read_recipe("lymphoma-subtypes-efficientnet-lite0"))


def test_a_recipe_is_audited_beside_the_labels(sets: DataSets, index: Path) -> None:
    report = sets.check(index, read_recipe("all-subtypes-colour-numbers"))
    assert report.recipe_audit is not None
    assert report.recipe_audit.leaks.n_images == 16
    # Four images of each class, of one patient: the run could not split them.
    assert any(
        sentence.startswith("A run of all-subtypes-colour-numbers would end at once: ")
        for sentence in report_sentences(report)
    )
