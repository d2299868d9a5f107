"""Every release that an index can name comes with its citation and licence."""

from pathlib import Path

import pytest

from training.data.adapters import ADAPTERS
from training.data.index import ImageRecord
from training.data.sources import sources_of
from training.recipes.recipe import TASKS, read_task

UNSTATED = "not stated in the index"
DATASETS = {entry.dataset for entry in ADAPTERS.values() if entry.dataset}
NAMED_BY_TASKS = {
    pair.partition("/")[0]
    for path in TASKS.glob("*.toml")
    for pairs in read_task(path.stem).classes.values()
    for pair in pairs
}


def image_of(dataset: str, group: str = "") -> ImageRecord:
    return ImageRecord(
        path=Path("a.png"), name="a.png", dataset=dataset, label="blast", group=group
    )


@pytest.mark.parametrize("dataset", sorted(DATASETS | NAMED_BY_TASKS))
def test_every_release_that_an_adapter_or_a_task_names_has_a_citation_and_a_licence(dataset):
    (source,) = sources_of([image_of(dataset)])
    assert UNSTATED not in (source.citation, source.licence)
    assert source.name != dataset  # a title for a reader
    assert source.citation
    assert source.licence
    assert source.note.endswith(".")


def test_images_of_a_folder_of_ones_own_are_said_to_be_unstated():
    (source,) = sources_of([image_of("our_ward")])
    assert (source.name, source.citation, source.licence) == ("our_ward", UNSTATED, UNSTATED)


def test_images_and_groups_are_counted_for_each_release():
    records = [image_of("jhu_aml", "1"), image_of("jhu_aml", "1"), image_of("jhu_aml", "2")]
    sources = sources_of([*records, image_of("pbc_barcelona")])
    assert [(source.name[:3], source.n_images, source.n_groups) for source in sources] == [
        ("Joh", 3, 2),
        ("PBC", 1, None),
    ]
