"""The images of a recipe's task, read once and tied together where they must not be split."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data.duplicates import merge_groups, near_pairs
from training.data.index import DatasetIndex, ImageRecord, left_over, select_classes
from training.data.limit import spread_sample
from training.data.objections import objections_to, refuse
from training.data.pictures import Pictures, read_pictures
from training.data.splits import (
    Split,
    known_groups,
    split_by_dataset,
    split_folds,
    split_once,
)
from training.progress import Tell, ignore_share
from training.recipes.recipe import Recipe, SplitPlan

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TaskImages:
    """The images of a task, ready to be split.

    Attributes:
        records: The images.
        labels: (n,) int, class of each.
        groups: For each kind of split, (n,) int: what must stay together.
        classes: Names of the classes, for messages.
    """

    records: tuple[ImageRecord, ...]
    labels: np.ndarray
    groups: dict[str, np.ndarray]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Collection(TaskImages):
    """The images of a task with their pixels.

    Attributes:
        pictures: What a model sees of each.
    """

    pictures: Pictures


def collect(recipe: Recipe, index: DatasetIndex, *, tell: Tell = ignore_share) -> Collection:
    """Read a recipe's images and tie together what must not be split.

    Args:
        recipe: The protocol.
        index: The images.
        tell: Hears the share of the images that are read, 0–1.

    Raises:
        DatasetError: As `select_classes`, a file cannot be read, or there are objections to files
            or labels, see `objections_to`.
    """
    left = left_over(index.records, recipe.task.classes)
    if left:
        _log.warning("%s", left)
    records, labels = chosen_images(recipe, index.records)
    taken = taken_in_words(recipe, index.records)
    if taken:
        _log.warning("%s", taken)
    pictures = read_pictures(records, recipe.steps, tell=tell)
    classes = tuple(recipe.task.classes)
    refuse(objections_to(records, [classes[label] for label in labels], pictures.sha256))
    return Collection(
        records=records,
        labels=labels,
        classes=classes,
        groups=groups_of(records, pictures.hashes, max_bits=recipe.task.near_bits),
        pictures=pictures,
    )


def chosen_images(
    recipe: Recipe, records: Sequence[ImageRecord]
) -> tuple[tuple[ImageRecord, ...], np.ndarray]:
    """The images that a recipe takes of these, and the class of each, (n,) int.

    Raises:
        DatasetError: As `select_classes`.
    """
    chosen = _sampled(select_classes(records, recipe.task.classes), recipe)
    kept = tuple(record for record, _ in chosen)
    labels = np.array([label for _, label in chosen])
    if not 0 < recipe.limit < len(kept):
        return kept, labels
    datasets = [record.dataset for record in kept]
    sample = spread_sample(
        labels, datasets, known_groups(kept), limit=recipe.limit, seed=recipe.seed
    )
    return tuple(kept[item] for item in sample), labels[sample]


def taken_in_words(recipe: Recipe, records: Sequence[ImageRecord]) -> str:
    """How many of the images a recipe's limit leaves, in a sentence; "" where it leaves all.

    Raises:
        DatasetError: As `select_classes`.
    """
    n_images = len(_sampled(select_classes(records, recipe.task.classes), recipe))
    if not 0 < recipe.limit < n_images:
        return ""
    n_taken = len(chosen_images(recipe, records)[0])
    return (
        f"Only {n_taken:,} of {n_images:,} images of the task were used (limit {recipe.limit:,}), "
        "spread over classes, data sets and groups."
    )


def groups_of(
    records: Sequence[ImageRecord], hashes: np.ndarray, *, max_bits: int
) -> dict[str, np.ndarray]:
    """What must stay together in each kind of split, (n,) int.

    Args:
        records: The images.
        hashes: (n, 256) bool, their perceptual hashes.
        max_bits: Number of bits, of 256, in which the hashes of look-alikes differ at most.
    """
    same = near_pairs(hashes, max_bits=max_bits)
    alone = [str(number) for number in range(len(records))]
    grouped = np.array(merge_groups(known_groups(records), same))
    return {
        "random": np.array(merge_groups(alone, same)),
        "grouped": grouped,
        "leave_one_dataset_out": grouped,
    }


def splits_of(images: TaskImages, plan: SplitPlan, *, seed: int) -> tuple[Split, ...]:
    """The splits of a plan: one, or one a fold or a data set. Raises DatasetError."""
    labels, groups = images.labels, images.groups[plan.kind]
    if plan.kind == "leave_one_dataset_out":
        datasets = np.array([record.dataset for record in images.records])
        return split_by_dataset(
            labels,
            groups,
            datasets,
            validation=plan.validation,
            seed=seed,
            classes=images.classes,
            only=plan.data_sets,
        )
    if plan.folds > 1:
        return split_folds(
            labels,
            groups,
            folds=plan.folds,
            validation=plan.validation,
            seed=seed,
            classes=images.classes,
        )
    split = split_once(
        labels,
        groups,
        test=plan.test,
        validation=plan.validation,
        seed=seed,
        classes=images.classes,
    )
    return (split,)


def _sampled(
    chosen: Sequence[tuple[ImageRecord, int]], recipe: Recipe
) -> tuple[tuple[ImageRecord, int], ...]:
    """A seeded sample of the images: of each class at most the number that the task allows."""
    rng = np.random.default_rng(recipe.seed)
    dropped: set[int] = set()
    for number, name in enumerate(recipe.task.classes):
        mine = [position for position, (_, label) in enumerate(chosen) if label == number]
        most = recipe.task.at_most.get(name, len(mine))
        dropped.update(rng.permutation(mine)[most:].tolist())
    return tuple(entry for position, entry in enumerate(chosen) if position not in dropped)


def spread_out(images: np.ndarray, limit: int) -> np.ndarray:
    """At most `limit` of these images, evenly taken; all of them for 0."""
    if not 0 < limit < len(images):
        return images
    return np.asarray(images[np.linspace(0, len(images) - 1, limit).round().astype(int)])
