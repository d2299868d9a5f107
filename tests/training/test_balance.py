"""How often an epoch shows an image."""

import numpy as np

from training.balance import repeats


def test_without_balance_every_image_comes_up_once() -> None:
    assert repeats(np.array([0, 1, 1, 2]), "none").tolist() == [0, 1, 2, 3]


def test_balanced_shows_as_many_of_each_class_as_of_the_largest() -> None:
    labels = np.repeat([0, 1, 2], [40, 10, 3])
    drawn = repeats(labels, "balanced")
    assert np.bincount(labels[drawn]).tolist() == [40, 40, 40]
    assert set(drawn) == set(range(53))


def test_the_square_root_lies_between() -> None:
    labels = np.repeat([0, 1], [100, 4])
    drawn = repeats(labels, "sqrt")
    assert np.bincount(labels[drawn]).tolist() == [100, 20]
    # None of the rare images is favoured among its own.
    assert set(np.bincount(drawn)[100:]) == {5}
