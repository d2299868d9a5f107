"""What a model is shown as none of its classes, and what is kept to judge by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from drawn.dataset import write_synthetic_dataset
from models.finding.find import find_cells
from models.preprocessing import Step
from training.data.collection import TaskImages
from training.data.index import ImageRecord, read_index
from training.data.none_of_these import (
    WAYS,
    Paint,
    is_kept_to_judge,
    is_none_of,
    none_images,
    unit_of,
    without_cells,
)
from training.data.pictures import read_rgb
from training.errors import RecipeError
from training.recipes.recipe import read_task

TASK = read_task("all-subtypes")
STEPS = (Step(name="resize", parameters={"size_px": 64, "fit": "stretch"}),)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageRecord, ...]:
    folder = tmp_path_factory.mktemp("drawn") / "set"
    path = write_synthetic_dataset(folder, labels=("Pre", "Pro"), n_per_label=12, seed=3)
    return read_index(path).records


@pytest.mark.parametrize("way", [*WAYS.values(), without_cells])
def test_of_an_emptied_field_the_nuclei_are_gone_and_the_rest_stays(
    records: tuple[ImageRecord, ...], way: Paint
) -> None:
    for record in records[::4]:
        rgb = read_rgb(record)
        found = find_cells(rgb)
        assert found.cells
        empty = way(rgb, found)
        assert (empty.shape, empty.dtype) == (rgb.shape, np.uint8)
        nuclei = np.zeros(rgb.shape[:2], np.uint8)
        for cell in found.cells:
            cv2.drawContours(nuclei, [*cell.nucleus_outlines], -1, 1, -1)
        is_nucleus = nuclei > 0
        assert empty[is_nucleus, 1].mean() > rgb[is_nucleus, 1].mean() + 25
        is_same = (empty == rgb).all(axis=2)
        assert is_same[~is_nucleus].mean() > 0.3  # drawn fields are full of cells


def test_labels_are_named_one_by_one_or_all_of_a_set(tmp_path: Path) -> None:
    def record(dataset: str, label: str) -> ImageRecord:
        return ImageRecord(path=tmp_path / "a", name="a", dataset=dataset, label=label)

    task = TASK.changed(none_of_these=("normal/*", "mixed/lymphocyte"))
    assert is_none_of(record("normal", "anything"), task)
    assert is_none_of(record("mixed", "lymphocyte"), task)
    assert not is_none_of(record("mixed", "blast"), task)
    assert not is_none_of(record("other", "lymphocyte"), task)


def normal(records: tuple[ImageRecord, ...], n: int, per_patient: int) -> list[ImageRecord]:
    """Images of another set, of patients with several each."""
    return [
        replace(
            records[n % len(records)],
            name=f"{n}.png",
            dataset="normal",
            label="cell",
            group=f"p{n // per_patient}",
            sha256=f"{n:064x}",
        )
        for n in range(n)
    ]


def own_of(records: tuple[ImageRecord, ...]) -> TaskImages:
    return TaskImages(
        records=records,
        labels=np.arange(len(records)) % 2,
        groups={"grouped": 100 + np.arange(len(records))},
    )


def test_a_third_of_the_patients_is_kept_and_none_of_their_images_is_shown(
    records: tuple[ImageRecord, ...],
) -> None:
    others = normal(records, 300, 3)
    kept = {each.person for each in others if is_kept_to_judge(each)}
    assert kept.isdisjoint(each.person for each in others if not is_kept_to_judge(each))
    assert 20 <= len(kept) <= 46
    task = TASK.changed(none_of_these=("normal/*",), empty_fields_of=(records[0].dataset,))
    shown = none_images(task, others=others, own=own_of(records), learned_from=np.arange(6))
    assert shown is not None
    assert len(shown.others) == 120
    assert kept.isdisjoint(each.person for each in shown.others)
    assert shown.fields == records[:6]
    assert (shown.groups[:120] < 0).all()
    assert shown.groups[120:].tolist() == [100, 101, 102, 103, 104, 105]
    for each, group in zip(shown.others, shown.groups, strict=False):
        same = [
            g for o, g in zip(shown.others, shown.groups, strict=False) if o.person == each.person
        ]
        assert {*same} == {group}
    batches = list(shown.batches(STEPS))
    assert [len(batch) for batch in batches] == [64, 62]
    assert batches[0].shape[1:] == (64, 64, 3)


def test_patients_of_whom_it_is_judged_are_left_out_and_those_it_knows_keep_their_group(
    records: tuple[ImageRecord, ...],
) -> None:
    mine = tuple(replace(each, group=f"p{n}") for n, each in enumerate(records))
    others = [replace(each, dataset=mine[0].dataset) for each in normal(records, 72, 3)]
    assert {each.person for each in others} == {each.person for each in mine}
    task = TASK.changed(none_of_these=(f"{mine[0].dataset}/cell",), empty_fields_of=())
    learned_from = np.arange(0, len(mine), 2)
    shown = none_images(task, others=others, own=own_of(mine), learned_from=learned_from)
    assert shown is not None
    group_of = {mine[n].person: 100 + n for n in learned_from}
    assert shown.others
    assert [group_of[each.person] for each in shown.others] == shown.groups.tolist()


def test_a_copy_of_what_is_kept_is_not_shown(records: tuple[ImageRecord, ...]) -> None:
    others = normal(records, 60, 1)
    kept = next(each for each in others if is_kept_to_judge(each))
    shown_one = next(each for each in others if not is_kept_to_judge(each))
    copied = [replace(each, sha256=kept.sha256) if each is shown_one else each for each in others]
    task = TASK.changed(none_of_these=("normal/*",), empty_fields_of=())
    for given, is_there in ((others, True), (copied, False)):
        shown = none_images(task, others=given, own=own_of(records), learned_from=np.arange(3))
        assert shown is not None
        assert (shown_one.name in {each.name for each in shown.others}) == is_there


def test_without_a_person_a_block_of_numbers_stays_together(tmp_path: Path) -> None:
    def numbered(number: int) -> ImageRecord:
        name = f"normal/BA_{number}.jpg"
        return ImageRecord(path=tmp_path / "a", name=name, dataset="normal", label="cell")

    assert len({unit_of(numbered(number)) for number in range(40, 60)}) == 1
    assert unit_of(numbered(39)) != unit_of(numbered(40))


def test_a_task_that_names_nothing_shows_nothing(records: tuple[ImageRecord, ...]) -> None:
    task = TASK.changed(none_of_these=(), empty_fields_of=())
    assert none_images(task, others=records, own=own_of(records), learned_from=np.arange(3)) is None


@pytest.mark.parametrize("named", ["taleghani_all/Pre", "taleghani_all/*", "anything", "*/cell"])
def test_a_class_of_its_own_or_what_is_no_pair_is_refused(named: str) -> None:
    with pytest.raises(RecipeError):
        TASK.changed(none_of_these=(named,))
