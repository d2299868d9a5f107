"""The images of a recipe's task, read once and tied together where they must not be split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.datasets.duplicates import merge_groups, near_pairs
from training.datasets.index import DatasetIndex, ImageRecord, select_classes
from training.datasets.pictures import Pictures, read_pictures
from training.datasets.splits import known_groups
from training.recipe import Recipe


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
    return Collection(
        records=records,
        labels=np.array([label for _, label in chosen]),
        pictures=pictures,
        groups={
            "random": np.array(merge_groups(alone, same)),
            "grouped": np.array(merge_groups(known_groups(records), same)),
        },
    )


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
