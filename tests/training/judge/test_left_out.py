"""Each laboratory that was left out has a confusion matrix of its own in the card."""

from __future__ import annotations

import numpy as np

from training.judge.left_out import left_out_of
from training.judge.predictions import Predictions


def test_each_data_set_has_its_own_matrix() -> None:
    labels, said = np.array([0, 0, 1, 1, 0]), np.array([0, 1, 1, 0, 0])
    test = Predictions(
        classes=("blast", "monocyte"),
        paths=tuple("abcde"),
        datasets=("lab b", "lab b", "lab b", "lab a", "lab a"),
        groups=tuple("12345"),
        labels=labels,
        folds=np.array([1, 1, 1, 0, 0]),
        probabilities=np.eye(2)[said],
    )
    first, second = left_out_of(test)
    assert (first.name, second.name) == ("lab a", "lab b")
    assert first.classes == ("blast", "monocyte")
    assert first.confusion == ((1, 0), (1, 0))
    assert second.confusion == ((1, 1), (0, 1))
