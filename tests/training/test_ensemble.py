"""Several models that answer together: the mean, and weights that validation chooses."""

from dataclasses import replace

import numpy as np
import pytest

from models.errors import DatasetError
from training.ensemble import combine, equal_weights, is_same_test, validation_weights
from training.predictions import Predictions


def predictions(probabilities: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> Predictions:
    n = len(labels)
    return Predictions(
        classes=("a", "b"),
        paths=tuple(f"{number}.png" for number in range(n)),
        datasets=("drawn",) * n,
        groups=tuple(map(str, range(n))),
        labels=labels,
        folds=folds,
        probabilities=probabilities,
    )


@pytest.fixture
def members() -> tuple[Predictions, Predictions]:
    """In fold 0 the first model knows the answer and the second guesses; in fold 1 the other."""
    rng = np.random.default_rng(0)
    labels, folds = rng.integers(0, 2, 200), np.repeat([0, 1], 100)
    right = 0.8 * np.eye(2)[labels] + 0.1
    guess = rng.dirichlet([2, 2], 200)
    first = np.where(folds[:, None] == 0, right, guess)
    second = np.where(folds[:, None] == 1, right, guess)
    return predictions(first, labels, folds), predictions(second, labels, folds)


def test_equal_weights_give_the_mean(members):
    together = combine(members, equal_weights(members))
    expected = (members[0].probabilities + members[1].probabilities) / 2
    assert np.allclose(together.probabilities, expected)
    assert np.allclose(together.probabilities.sum(axis=1), 1)
    assert together.paths == members[0].paths


def test_validation_trusts_in_each_fold_whoever_is_right_there(members):
    weights = validation_weights(members)
    assert np.allclose(weights.sum(axis=1), 1)
    assert weights[0, 0] > 0.95
    assert weights[1, 1] > 0.95
    together = combine(members, weights)
    assert (together.answers == together.labels).all()


def test_weights_are_the_likeliest_on_a_fine_grid():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 80)
    noisy = [
        predictions(
            np.clip(0.5 * np.eye(2)[labels] + rng.dirichlet([2, 2], 80) * 0.5, 1e-6, 1),
            labels,
            np.zeros(80, int),
        )
        for _ in range(2)
    ]

    def loss(share: float) -> float:
        mixed = share * noisy[0].probabilities + (1 - share) * noisy[1].probabilities
        return float(-np.log(mixed[np.arange(80), labels]).mean())

    found = validation_weights(noisy)[0, 0]
    best = min(np.linspace(0, 1, 1001), key=loss)
    assert loss(found) <= loss(best) + 1e-6


def test_members_of_different_tests_are_refused(members):
    other = replace(members[1], paths=tuple(reversed(members[1].paths)))
    assert is_same_test(*members)
    assert not is_same_test(members[0], other)
    with pytest.raises(DatasetError, match="member 2"):
        combine([members[0], other], equal_weights(members))
