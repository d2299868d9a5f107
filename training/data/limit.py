"""A few of many images, spread over classes, data sets and groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

LEAST_GROUPS = 6
"""Number of groups of a class and data set that a sample has at least, as far as there are so
many: five folds need as many, with one to tune on. Larger groups are cut for it."""


def spread_sample(
    labels: np.ndarray,
    datasets: Sequence[str],
    groups: Sequence[str],
    *,
    limit: int,
    seed: int,
) -> np.ndarray:
    """At most so many images, as (n,) int in rising order: the same ones for the same seed.

    Every class has as many as another, as far as it has them; within it every data set. Of these,
    groups are taken whole but where fewer than `LEAST_GROUPS` would then fit, and the last one.

    Args:
        labels: (n,) int, class of each image.
        datasets: Data set of each.
        groups: Patient, case or block of each.
        limit: Number of images, at least 1.
        seed: Of which groups are taken.
    """
    rng = np.random.default_rng(seed)
    by_class = _parted(range(len(labels)), labels.tolist())
    taken: list[int] = []
    for mine, share in _with_shares(by_class, limit):
        by_dataset = _parted(mine, [datasets[item] for item in mine])
        for images, wanted in _with_shares(by_dataset, share):
            members = _parted(images, [groups[item] for item in images])
            taken += _of_groups([members[place] for place in rng.permutation(len(members))], wanted)
    return np.sort(np.array(taken, dtype=np.int64))


def _of_groups(groups: Sequence[Sequence[int]], wanted: int) -> list[int]:
    """So many images of groups, in the groups' order."""
    most = -(-wanted // min(len(groups), LEAST_GROUPS))
    first = [_evenly(group, most) for group in groups]
    rest = [sorted(set(group) - set(part)) for group, part in zip(groups, first, strict=True)]
    taken: list[int] = []
    for part in (*first, *rest):
        taken += _evenly(part, wanted - len(taken))
    return taken


def _evenly(images: Sequence[int], most: int) -> list[int]:
    if len(images) <= most:
        return list(images)
    return [images[place] for place in np.linspace(0, len(images) - 1, most).round().astype(int)]


def _parted(images: Sequence[int], names: Sequence[Hashable]) -> list[list[int]]:
    """The images of each name, in the order in which names first come up."""
    parts: dict[Hashable, list[int]] = defaultdict(list)
    for image, name in zip(images, names, strict=True):
        parts[name].append(image)
    return list(parts.values())


def _with_shares(parts: list[list[int]], total: int) -> list[tuple[list[int], int]]:
    """Each part with how many are taken of it: as many of each, what small ones lack of larger."""
    found = []
    for number, part in enumerate(sorted(parts, key=len)):
        share = min(len(part), total // (len(parts) - number))
        total -= share
        found.append((part, share))
    return found
