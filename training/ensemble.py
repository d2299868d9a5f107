"""One answer of several models: the mean of their calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.errors import DatasetError
from training.predictions import Predictions

_ROUNDS = 2000
_LEAST_PROBABILITY = 1e-12


def is_same_test(first: Predictions, second: Predictions) -> bool:
    """Whether two models answered the same images of the same folds for the same classes."""
    return (
        first.classes == second.classes
        and first.paths == second.paths
        and np.array_equal(first.labels, second.labels)
        and np.array_equal(first.folds, second.folds)
    )


def combine(members: Sequence[Predictions], weights: np.ndarray) -> Predictions:
    """The weighted mean of several models' probabilities for the same images.

    Args:
        members: What each model answered.
        weights: (folds, members) float, each row at least 0 with sum 1.

    Raises:
        DatasetError: The members answered for different images.
    """
    answers = _stacked(members)
    mean = np.einsum("nm,nmc->nc", weights[members[0].folds], answers)
    return replace(members[0], probabilities=mean)


def equal_weights(members: Sequence[Predictions]) -> np.ndarray:
    """The same weight for every member, as (folds, members) float."""
    return np.full((int(members[0].folds.max()) + 1, len(members)), 1 / len(members))


def validation_weights(members: Sequence[Predictions]) -> np.ndarray:
    """The weights that make the validation images of each fold most likely.

    The log-likelihood of a mixture with fixed members is concave in the weights, so that
    expectation maximisation from equal weights finds them (Dempster, Laird & Rubin 1977).

    Args:
        members: What each model answered on the validation part of each fold.

    Returns:
        (folds, members) float, each row at least 0 with sum 1.

    Raises:
        DatasetError: The members answered for different images.
    """
    answers, labels = _stacked(members), members[0].labels
    of_truth = np.clip(answers[np.arange(len(labels)), :, labels], _LEAST_PROBABILITY, None)
    weights = equal_weights(members)
    for fold in range(len(weights)):
        likelihood = of_truth[members[0].folds == fold]
        for _ in range(_ROUNDS):
            shares = weights[fold] * likelihood
            weights[fold] = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
    return weights


def _stacked(members: Sequence[Predictions]) -> np.ndarray:
    """The members' probabilities as (n, members, classes)."""
    for number, member in enumerate(members):
        if not is_same_test(members[0], member):
            raise DatasetError(
                f"Expected members of an ensemble to answer for the same images, received others "
                f"from member {number + 1}. Use recipes of one task, split and seed."
            )
    return np.stack([member.probabilities for member in members], axis=1)
