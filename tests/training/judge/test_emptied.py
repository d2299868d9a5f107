"""What a model answers on its own fields without cells."""

from __future__ import annotations

import numpy as np
import pytest

from drawn.dataset import write_synthetic_dataset
from models.finding.find import find_cells
from models.preprocessing import Step, apply_steps
from training.data.collection import TaskImages
from training.data.index import read_index
from training.data.none_of_these import without_cells
from training.data.pictures import read_rgb
from training.errors import DatasetError
from training.judge.emptied import LEAST_FIELDS, emptied_answers
from training.recipes.recipe import read_task

STEPS = (Step(name="resize", parameters={"size_px": 64, "fit": "stretch"}),)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> TaskImages:
    folder = tmp_path_factory.mktemp("drawn") / "set"
    path = write_synthetic_dataset(folder, labels=("Pre", "Pro"), n_per_label=6, seed=3)
    records = read_index(path).records
    return TaskImages(
        records=records,
        labels=np.zeros(len(records), int),
        groups={"grouped": np.arange(len(records))},
    )


def test_each_field_is_asked_about_without_its_cells(own: TaskImages) -> None:
    asked: list[np.ndarray] = []

    def ask(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sure of the first class of every picture; every fourth is of another kind."""
        asked.append(rgb)
        return np.tile([4.0, 0.0], (len(rgb), 1)), np.where(np.arange(len(rgb)) % 4, 0.5, 1.5)

    task = read_task("all-subtypes").changed(empty_fields_of=(own.records[0].dataset,))
    images = np.arange(len(own.records))
    curve = emptied_answers(ask, 2.0, task=task, own=own, images=images, steps=STEPS)
    (pictures,) = asked
    for record, picture in zip(own.records, pictures, strict=True):
        rgb = read_rgb(record)
        expected = apply_steps(without_cells(rgb, find_cells(rgb)), STEPS)
        assert np.array_equal(picture, expected)
        assert not np.array_equal(picture, apply_steps(rgb, STEPS))
    # a temperature of 2 makes 0.88 of it
    shares = {each.threshold: each.answered for each in curve}
    assert {each.n_images for each in curve} == {12}
    assert (shares[0.9], shares[0.85], shares[0.0]) == (0.0, 0.75, 0.75)
    few = images[: LEAST_FIELDS - 1]
    assert emptied_answers(ask, 1.0, task=task, own=own, images=few, steps=STEPS) == ()
    other = task.changed(empty_fields_of=())
    assert emptied_answers(ask, 1.0, task=other, own=own, images=images, steps=STEPS) == ()


def test_an_answer_that_is_no_number_is_refused(own: TaskImages) -> None:
    task = read_task("all-subtypes").changed(empty_fields_of=(own.records[0].dataset,))
    for value, foreignness in ((float("nan"), 0.5), (1.0, float("nan"))):
        with pytest.raises(DatasetError, match="no numbers"):
            emptied_answers(
                lambda rgb, v=value, f=foreignness: (  # type: ignore[misc]
                    np.full((len(rgb), 2), v),
                    np.full(len(rgb), f),
                ),
                1.0,
                task=task,
                own=own,
                images=np.arange(len(own.records)),
                steps=STEPS,
            )
