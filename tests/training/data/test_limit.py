"""A few of many images are spread over classes, data sets and groups, the same ones each time."""

from collections import Counter

import numpy as np
import pytest

from training.data.limit import LEAST_GROUPS, spread_sample


def images(*parts: tuple[int, str, int, int]):
    """Labels, data sets and groups of parts: class, data set, number of groups, images of each."""
    labels, datasets, groups = [], [], []
    for label, dataset, n_groups, of_each in parts:
        for group in range(n_groups):
            labels += [label] * of_each
            datasets += [dataset] * of_each
            groups += [f"{dataset}/{label}/{group}"] * of_each
    return np.array(labels), datasets, groups


def taken(parts, limit: int, seed: int = 7):
    labels, datasets, groups = images(*parts)
    sample = spread_sample(labels, datasets, groups, limit=limit, seed=seed)
    assert len(set(sample.tolist())) == len(sample)
    return sample, labels, datasets, groups


def test_classes_come_up_alike_as_far_as_they_have_images():
    sample, labels, _, _ = taken([(0, "a", 50, 20), (1, "a", 10, 20), (2, "a", 2, 5)], 90)
    assert Counter(labels[sample].tolist()) == {0: 40, 1: 40, 2: 10}


def test_data_sets_of_a_class_come_up_alike():
    sample, labels, datasets, _ = taken(
        [(0, "a", 50, 20), (0, "b", 5, 2), (1, "a", 9, 9), (1, "b", 9, 9)], 80
    )
    assert Counter((labels[n], datasets[n]) for n in sample) == {
        (0, "a"): 30,
        (0, "b"): 10,
        (1, "a"): 20,
        (1, "b"): 20,
    }


def test_small_groups_are_whole_but_for_the_last():
    sample, _, _, groups = taken([(0, "a", 100, 4), (1, "a", 100, 4)], 100)
    sizes = Counter(groups[n] for n in sample)
    assert sorted(Counter(sizes.values())) in ([4], [2, 4])
    assert sum(size < 4 for size in sizes.values()) <= 2


def test_large_groups_are_cut_so_that_several_are_there():
    sample, _, _, groups = taken([(0, "a", 40, 150), (1, "a", 20, 150)], 120)
    sizes = Counter(groups[n] for n in sample)
    for label in (0, 1):
        assert sum(name.startswith(f"a/{label}/") for name in sizes) == LEAST_GROUPS
    assert set(sizes.values()) == {10}


def test_few_large_groups_are_filled_up():
    sample, labels, _, groups = taken([(0, "a", 2, 100), (1, "a", 30, 3)], 120)
    assert Counter(labels[sample].tolist()) == {0: 60, 1: 60}
    assert len({groups[n] for n in sample if labels[n] == 0}) == 2


def test_the_seed_alone_settles_which():
    parts = [(0, "a", 40, 9), (1, "a", 40, 9)]
    first, again, other = (taken(parts, 60, seed)[0].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first == sorted(first)
    assert first != other


@pytest.mark.parametrize("limit", [720, 1000])
def test_a_limit_that_is_no_limit_takes_all(limit: int):
    assert len(taken([(0, "a", 40, 9), (1, "a", 40, 9)], limit)[0]) == 720
