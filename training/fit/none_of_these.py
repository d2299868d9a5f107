"""A rule that tells what is none of a model's classes, learned on what the model makes of it."""

from __future__ import annotations

import numpy as np

from models.answer.domain import NoneOfThese
from models.answer.group_quantile import group_quantile
from models.answer.prediction import log_odds
from training.errors import DatasetError
from training.fit.balance import class_weights
from training.fit.linear_head import logistic_head

ACCEPTED_OF_OWN = 0.98
"""Share of its own images, out of fold, that shall not count as none."""


def learn_none_of_these(
    features: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, n_classes: int, seed: int
) -> NoneOfThese:
    """The rule: logistic regression with a class more, in folds over groups.

    From where on an image counts as none is settled by its own images out of fold, each group
    counted once and a new one beyond all; with too few groups for that, by the farthest of them.
    The network had learned these images: what a new patient's lose is measured on test images.

    Args:
        features: (n, d) float, of its own images and of those that are none of its classes.
        labels: (n,) int, their classes; n_classes is none of them.
        groups: (n,) int, patient, case or block of each.
        n_classes: Number of its own classes.
        seed: Of the folds.

    Raises:
        DatasetError: A class has fewer than two groups.
    """
    if len(np.unique(labels)) <= n_classes:
        raise DatasetError("A class, or what is none of them, has no image.")
    head = logistic_head(
        features[np.newaxis],
        labels,
        groups,
        weights=class_weights(labels, "sqrt", n_classes=n_classes + 1),
        seed=seed,
    )
    is_own = labels < n_classes
    own = log_odds(head.out_of_fold[is_own], n_classes)
    wanted = group_quantile(own, groups[is_own], ACCEPTED_OF_OWN, n_new=1)
    zero = min(wanted, float(own.max()))
    bias = head.bias.astype(np.float64)
    bias[-1] -= zero
    return NoneOfThese(kernel=head.kernel, bias=bias.astype(np.float32))
