"""Which images a model learns from, is tuned on and is judged by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data.index import ImageRecord
from training.errors import DatasetError, LeakageError

# Consecutive file numbers often show one slide: blocks of 20 stay together where no patient,
# case or slide is known.
BLOCK = 20


@dataclass(frozen=True, kw_only=True)
class Split:
    """Image numbers of the three parts; no group stands in two of them."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def known_groups(records: Sequence[ImageRecord], *, block: int = BLOCK) -> tuple[str, ...]:
    """A group's name for each image: patient or case where known, else its block of numbers.

    Args:
        records: The images.
        block: Number of consecutive file numbers that stay together where no group is known.
    """
    names = []
    for position, record in enumerate(records):
        number = record.file_number
        if record.person:
            names.append(record.person)
        elif number is not None:
            names.append(f"{record.dataset}/{record.label}/{number // block}")
        else:
            names.append(f"{record.dataset}/{record.label}/#{position}")
    return tuple(names)


def split_once(
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    test: float,
    validation: float,
    seed: int,
    classes: Sequence[str] = (),
) -> Split:
    """One split, stratified by class, with groups kept whole.

    Args:
        labels: (n,) int, class of each image.
        groups: (n,) int, group of each image.
        test: Share of all images to be judged by, 0 to 1.
        validation: Share of the rest to be tuned on, 0 to 1.
        seed: Of the shuffle.
        classes: Their names, for messages.

    Raises:
        DatasetError: A class has too few groups to stand in every part.
    """
    rng = np.random.default_rng(seed)
    everything = np.arange(len(labels))
    test_part = _draw(everything, labels, groups, test, rng, left=2)
    rest = np.setdiff1d(everything, test_part)
    validation_part = _draw(rest, labels, groups, validation, rng, left=1)
    train_part = np.setdiff1d(rest, validation_part)
    split = Split(train=train_part, validation=validation_part, test=test_part)
    check_split(split, labels, groups, classes)
    return split


def split_folds(
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    folds: int,
    validation: float,
    seed: int,
    classes: Sequence[str] = (),
) -> tuple[Split, ...]:
    """Splits whose test parts together hold every image once, groups kept whole.

    Args:
        labels: (n,) int, class of each image.
        groups: (n,) int, group of each image.
        folds: Number of splits.
        validation: Share of each training part that is held back for tuning.
        seed: Of the shuffle.
        classes: Their names, for messages.

    Raises:
        DatasetError: A class has fewer groups than there are folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    for label in np.unique(labels):
        n_groups = len(np.unique(groups[labels == label]))
        if n_groups < folds:
            raise DatasetError(
                f"Expected at least {folds} groups of each class for {folds} folds, received "
                f"{n_groups} of class {_named(label, classes)}. Ask for fewer folds or bring more "
                "groups."
            )
    splits = []
    folder = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    for number, (rest, test_part) in enumerate(folder.split(labels, labels, groups)):
        rng = np.random.default_rng([seed, number])
        validation_part = _draw(rest, labels, groups, validation, rng, left=1)
        split = Split(
            train=np.setdiff1d(rest, validation_part), validation=validation_part, test=test_part
        )
        check_split(split, labels, groups, classes)
        splits.append(split)
    return tuple(splits)


def split_by_dataset(
    labels: np.ndarray,
    groups: np.ndarray,
    datasets: np.ndarray,
    *,
    validation: float,
    seed: int,
    classes: Sequence[str] = (),
    only: Sequence[str] = (),
) -> tuple[Split, ...]:
    """A split for each data set, in the order of their names, with that set as its test part.

    Images of other sets that stand in one group with a test image (the same picture, published
    twice) are in no part of that split.

    Args:
        labels: (n,) int, class of each image.
        groups: (n,) int, group of each image.
        datasets: (n,) text, data set of each image.
        validation: Share of each training part that is held back for tuning.
        seed: Of the shuffle.
        classes: Their names, for messages.
        only: The data sets that are a test part; all where empty.

    Raises:
        DatasetError: There is only one data set, or a class stands in only one, or one that is
            asked for is not there.
    """
    names = np.unique(datasets)
    if len(names) < 2:
        raise DatasetError(
            f"To leave one out there must be two data sets, and there is {names[0]} alone. "
            "Add a set to the index, or map its labels to the task's classes."
        )
    unknown = set(only) - set(names.tolist())
    if unknown:
        raise DatasetError(
            f"Expected data sets to leave out to be some of {', '.join(names)}; received "
            f"{min(unknown)!r}. Name others, or add it to the index."
        )
    splits = []
    for number, name in enumerate(names):
        if only and name not in only:
            continue
        test_part = np.nonzero(datasets == name)[0]
        rest = np.nonzero(~np.isin(groups, groups[test_part]))[0]
        missing = np.setdiff1d(labels, labels[rest])
        if len(missing):
            raise DatasetError(
                f"To leave a data set out every class must be in two; {name} alone has class "
                f"{_named(missing[0], classes)}. Add a set that has it, or drop the class."
            )
        rng = np.random.default_rng([seed, number])
        validation_part = _draw(rest, labels, groups, validation, rng, left=1)
        split = Split(
            train=np.setdiff1d(rest, validation_part), validation=validation_part, test=test_part
        )
        check_split(split, labels, groups, classes)
        splits.append(split)
    return tuple(splits)


def check_split(
    split: Split, labels: np.ndarray, groups: np.ndarray, classes: Sequence[str] = ()
) -> None:
    """Make sure that no group stands on two sides and that every class can be learned.

    Raises:
        LeakageError: A group stands in two parts.
        DatasetError: A class is missing from training or validation.
    """
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    seen: dict[int, str] = {}
    for name, part in parts.items():
        for group in np.unique(groups[part]).tolist():
            if group in seen:
                raise LeakageError(
                    f"Group {group} is in the parts {seen[group]} and {name}. Split by group."
                )
            seen[group] = name
    for name in ("train", "validation"):
        missing = np.setdiff1d(np.unique(labels), np.unique(labels[parts[name]]))
        if len(missing):
            raise DatasetError(
                f"Class {_named(missing[0], classes)} is missing from the {name} part. "
                "Bring more groups of it or choose another seed."
            )


def _named(label: int, classes: Sequence[str]) -> str:
    """A class in a message: its name, or its number where no names were given."""
    return f'"{classes[label]}"' if classes else str(int(label))


def _draw(
    candidates: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    share: float,
    rng: np.random.Generator,
    *,
    left: int,
) -> np.ndarray:
    """Whole groups, class by class, until their share of the class's images is nearest.

    Of each class that has more, ``left`` groups stay behind for the parts drawn later.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for item in candidates.tolist():
        members[int(groups[item])].append(item)
    by_class: dict[int, list[int]] = defaultdict(list)
    for group, items in members.items():
        values, counts = np.unique(labels[items], return_counts=True)
        by_class[int(values[np.argmax(counts)])].append(group)
    drawn: list[int] = []
    for label in sorted(by_class):
        names = by_class[label]
        if len(names) < 2:
            continue
        wanted = share * sum(len(members[name]) for name in names)
        taken = 0
        for name in rng.permutation(names)[: -min(left, len(names) - 1)].tolist():
            size = len(members[name])
            if taken and abs(taken + size - wanted) > abs(taken - wanted):
                continue
            drawn.extend(members[name])
            taken += size
            if taken >= wanted:
                break
    return np.sort(np.asarray(drawn, dtype=np.int64))
