"""A rule that tells what is none of a model's classes, learned on what the model makes of it."""

from __future__ import annotations

import numpy as np

from models.answer.domain import NoneOfThese
from models.answer.group_quantile import group_quantile
from training.fit.balance import class_weights
from training.fit.logistic_head import logistic_head

ACCEPTED_OF_OWN = 0.98
"""Share of its own images, of groups that the rule had not seen, that shall not count as none."""


def learn_none_of_these(
    features: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, seed: int
) -> NoneOfThese:
    """The rule: logistic regression with a class more, in folds over groups.

    From where on an image counts as none is settled by its own images out of fold, each group
    counted once.

    Args:
        features: (n, d) float, of its own images and of those that are none of its classes.
        labels: (n,) int, their classes; the highest number is none of them.
        groups: (n,) int, patient, case or block of each.
        seed: Of the folds.

    Raises:
        DatasetError: A class has fewer than two groups.
    """
    n_classes = int(labels.max()) + 1
    head = logistic_head(
        features[np.newaxis],
        labels,
        groups,
        weights=class_weights(labels, "sqrt", n_classes=n_classes),
        seed=seed,
    )
    rule = NoneOfThese(kernel=head.kernel, bias=head.bias)
    is_own = labels < n_classes - 1
    plain = NoneOfThese(
        kernel=np.eye(n_classes, dtype=np.float32), bias=np.zeros(n_classes, np.float32)
    )
    own = plain.log_odds(head.out_of_fold[is_own])
    zero = group_quantile(own, groups[is_own], ACCEPTED_OF_OWN, n_new=0)
    shifted = rule.bias.astype(np.float64)
    shifted[-1] -= zero
    return NoneOfThese(kernel=rule.kernel, bias=shifted.astype(np.float32))
