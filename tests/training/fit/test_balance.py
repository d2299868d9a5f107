"""How often an epoch shows an image."""

import numpy as np
import pytest

from training.fit.balance import chances, repeats


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


def test_classes_are_drawn_alike_and_laboratories_by_the_root_of_their_numbers() -> None:
    labels = np.repeat([0, 0, 1], [100, 4, 10])
    sources = np.repeat([0, 1, 1], [100, 4, 10])
    drawn = chances(labels, sources)
    assert drawn.sum() == pytest.approx(1)
    assert np.bincount(labels, drawn) == pytest.approx([0.5, 0.5])
    assert drawn[:100].sum() == pytest.approx(0.5 * 10 / 12)
    assert drawn[100:104].sum() == pytest.approx(0.5 * 2 / 12)
    assert np.ptp(drawn[:100]) == 0
