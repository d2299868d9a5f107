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
    without_cells,
)
from training.data.pictures import read_rgb
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


def test_a_third_of_the_patients_is_kept_and_none_of_their_images_is_shown(
    records: tuple[ImageRecord, ...],
) -> None:
    others = [
        replace(records[n % len(records)], dataset="normal", label="cell", group=f"p{n // 3}")
        for n in range(300)
    ]
    kept = {each.group for each in others if is_kept_to_judge(each)}
    assert kept.isdisjoint(each.group for each in others if not is_kept_to_judge(each))
    assert 20 <= len(kept) <= 46
    own = TaskImages(
        records=records,
        labels=np.arange(len(records)) % 2,
        groups={"grouped": 100 + np.arange(len(records))},
    )
    dataset = records[0].dataset
    task = TASK.changed(none_of_these=("normal/*",), empty_fields_of=(dataset,))
    learned_from = np.arange(6)
    shown = none_images(task, STEPS, others=others, own=own, learned_from=learned_from)
    assert shown is not None
    n_others = int((shown.groups < 0).sum())
    assert n_others == min(120, sum(not is_kept_to_judge(each) for each in others))
    assert len(np.unique(shown.groups[:n_others])) <= 100 - len(kept)
    assert shown.groups[n_others:].tolist() == [100, 101, 102, 103, 104, 105]
    assert shown.rgb.shape == (n_others + 6, 64, 64, 3)


def test_a_task_that_names_nothing_shows_nothing(records: tuple[ImageRecord, ...]) -> None:
    own = TaskImages(
        records=records,
        labels=np.zeros(len(records), int),
        groups={"grouped": np.arange(len(records))},
    )
    task = TASK.changed(none_of_these=(), empty_fields_of=())
    assert none_images(task, STEPS, others=records, own=own, learned_from=np.arange(3)) is None
