"""The images of a recipe's task, read once and tied together where they must not be split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.datasets.duplicates import merge_groups, near_pairs
from training.datasets.index import DatasetIndex, ImageRecord, select_classes
from training.datasets.pictures import Pictures, read_pictures
from training.datasets.splits import (
    Split,
    known_groups,
    split_by_dataset,
    split_folds,
    split_once,
)
from training.recipe import Recipe, SplitPlan


@dataclass(frozen=True, kw_only=True)
class Collection:
    """The images of a task, ready to be split.

    Attributes:
        records: The images.
        labels: (n,) int, class of each.
        pictures: Their pixels.
        groups: For each kind of split, (n,) int: what must stay together.
    """

    records: tuple[ImageRecord, ...]
    labels: np.ndarray
    pictures: Pictures
    groups: dict[str, np.ndarray]


def collect(recipe: Recipe, index: DatasetIndex) -> Collection:
    """Read a recipe's images and tie together what must not be split."""
    chosen = _sampled(select_classes(index, recipe.task.classes), recipe)
    records = tuple(record for record, _ in chosen)
    pictures = read_pictures(records, recipe.steps)
    same = near_pairs(pictures.hashes, max_bits=recipe.task.near_bits)
    alone = [str(number) for number in range(len(records))]
    grouped = np.array(merge_groups(known_groups(records), same))
    return Collection(
        records=records,
        labels=np.array([label for _, label in chosen]),
        pictures=pictures,
        groups={
            "random": np.array(merge_groups(alone, same)),
            "grouped": grouped,
            "leave_one_dataset_out": grouped,
        },
    )


def splits_of(collection: Collection, plan: SplitPlan, *, seed: int) -> tuple[Split, ...]:
    """The splits of a plan: one, or one a fold or a data set. Raises DatasetError."""
    labels, groups = collection.labels, collection.groups[plan.kind]
    if plan.kind == "leave_one_dataset_out":
        datasets = np.array([record.dataset for record in collection.records])
        return split_by_dataset(labels, groups, datasets, validation=plan.validation, seed=seed)
    if plan.folds > 1:
        return split_folds(labels, groups, folds=plan.folds, validation=plan.validation, seed=seed)
    return (split_once(labels, groups, test=plan.test, validation=plan.validation, seed=seed),)


def _sampled(
    chosen: Sequence[tuple[ImageRecord, int]], recipe: Recipe
) -> tuple[tuple[ImageRecord, int], ...]:
    """At most so many images of a class as the task allows, a seeded sample."""
    rng = np.random.default_rng(recipe.seed)
    dropped: set[int] = set()
    for number, name in enumerate(recipe.task.classes):
        mine = [position for position, (_, label) in enumerate(chosen) if label == number]
        most = recipe.task.at_most.get(name, len(mine))
        dropped.update(rng.permutation(mine)[most:].tolist())
    return tuple(entry for position, entry in enumerate(chosen) if position not in dropped)


def spread_out(images: np.ndarray, limit: int) -> np.ndarray:
    """At most so many of these images, evenly taken; all of them for 0."""
    if not 0 < limit < len(images):
        return images
    return np.asarray(images[np.linspace(0, len(images) - 1, limit).round().astype(int)])
