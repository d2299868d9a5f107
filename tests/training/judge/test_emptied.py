"""What a model answers on its own fields without cells."""

from __future__ import annotations

import numpy as np
import pytest

from drawn.dataset import write_synthetic_dataset
from models.answer.domain import Domain
from models.answer.forward import ForwardPass
from models.finding.find import find_cells
from models.preprocessing import Step, apply_steps
from training.data.collection import TaskImages
from training.data.index import read_index
from training.data.none_of_these import without_cells
from training.data.pictures import read_rgb
from training.errors import DatasetError
from training.judge.emptied import LEAST_FIELDS, emptied_answers
from training.recipes.recipe import read_task

NEAR = Domain(
    layer="any",
    mean=np.zeros(2, np.float32),
    axes=np.eye(2, dtype=np.float32)[:1],
    spread=np.ones(1, np.float32),
    rest=1.0,
    limit=2.0,
    examples=np.zeros((1, 1), np.float32),
    labels=np.zeros(1, np.int16),
)
"""Of what lies near zero in two directions."""
STEPS = (Step(name="resize", parameters={"size_px": 64, "fit": "stretch"}),)


def passed(logits: np.ndarray, far: np.ndarray) -> ForwardPass:
    """Of pictures that lie so far off in both directions."""
    means = np.repeat(far, 2, axis=1).astype(np.float32)
    return ForwardPass(logits=logits, features=np.zeros((len(logits), 1, 1, 1)), means=means)


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

    def look(rgb: np.ndarray) -> list[ForwardPass]:
        """Sure of the first class of every picture; every fourth lies far off."""
        asked.append(rgb)
        far = np.where(np.arange(len(rgb)) % 4, 0.0, 9.0)
        return [passed(np.tile([4.0, 0.0], (len(rgb), 1)), far[:, None])]

    task = read_task("all-subtypes").changed(empty_fields_of=(own.records[0].dataset,))
    images = np.arange(len(own.records))
    curve = emptied_answers(look, NEAR, 2.0, task=task, own=own, images=images, steps=STEPS)
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
    assert emptied_answers(look, NEAR, 1.0, task=task, own=own, images=few, steps=STEPS) == ()
    other = task.changed(empty_fields_of=())
    assert emptied_answers(look, NEAR, 1.0, task=other, own=own, images=images, steps=STEPS) == ()
    # without a domain all are of its kind
    curve = emptied_answers(look, None, 2.0, task=task, own=own, images=images, steps=STEPS)
    assert curve[-1].answered == 1


def test_an_answer_that_is_no_number_is_refused(own: TaskImages) -> None:
    task = read_task("all-subtypes").changed(empty_fields_of=(own.records[0].dataset,))
    for logit, mean in ((float("nan"), 0.0), (1.0, float("nan"))):
        found = passed(np.full((len(own.records), 2), logit), np.full((len(own.records), 1), mean))
        with pytest.raises(DatasetError, match="no numbers"):
            emptied_answers(
                lambda rgb, f=found: [f],  # type: ignore[misc]
                NEAR,
                1.0,
                task=task,
                own=own,
                images=np.arange(len(own.records)),
                steps=STEPS,
            )
