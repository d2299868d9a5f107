"""A linear head found by penalised logistic regression instead of steps of a gradient.

With few groups and many features an optimizer that is stopped early finds one of many heads that
fit; the penalised likelihood has one best head. Its penalty is chosen by folds over groups, since
a validation part of one or two groups chooses by chance.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.answer.prediction import softmax
from training.errors import DatasetError
from training.judge.measures import log_loss

# Inverse strengths of the penalty that are tried, from strong to weak.
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
_MOST_FOLDS = 5
_MOST_STEPS = 300
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class LogisticHead:
    """A head, and what it would have answered on images that it had not learned from.

    Attributes:
        kernel, bias: (d, classes) and (classes,) float32; logits are features @ kernel + bias.
        out_of_fold: (n, classes) float32, logits of each image by a head of the same penalty that
            learned from the other folds' groups.
        strength: Inverse strength of the penalty that was chosen.
    """

    kernel: np.ndarray
    bias: np.ndarray
    out_of_fold: np.ndarray
    strength: float


def logistic_head(
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    weights: Mapping[int, float] | None,
    seed: int = 0,
) -> LogisticHead:
    """The head whose penalty is likeliest on groups that it had not seen.

    Features are standardised; what that takes is folded into kernel and bias. Multinomial
    likelihood with an L2 penalty (scikit-learn's LogisticRegression).

    Args:
        features: (copies, n, d) float; copy 0 of the images as they are, the others augmented.
        labels: (n,) int, every class present.
        groups: (n,) int, what must not straddle folds.
        weights: Weight of each class in the likelihood; None for all the same.
        seed: Of the folds.

    Raises:
        DatasetError: A class has fewer than two groups.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    n_groups = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    if n_groups < 2:
        raise DatasetError(
            "A class has images of one group alone, and a penalty is chosen by two at least. "
            "Add images of other patients or cases, or take the head_solver 'adam'."
        )
    n_folds = min(_MOST_FOLDS, n_groups)
    folds = StratifiedGroupKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    parts = list(folds.split(labels, labels, groups))
    best_loss, chosen = np.inf, _STRENGTHS[0]
    best: np.ndarray = np.empty(0)
    for strength in _STRENGTHS:
        logits = np.zeros((len(labels), int(labels.max()) + 1))
        for learn, judge in parts:
            kernel, bias = _fitted(features[:, learn], labels[learn], strength, weights)
            logits[judge] = features[0, judge] @ kernel + bias
        loss = log_loss(softmax(logits, 1.0), labels)
        if loss < best_loss:
            best_loss, best, chosen = loss, logits, strength
    kernel, bias = _fitted(features, labels, chosen, weights)
    return LogisticHead(
        kernel=kernel.astype(np.float32),
        bias=bias.astype(np.float32),
        out_of_fold=best.astype(np.float32),
        strength=chosen,
    )


def _fitted(
    features: np.ndarray, labels: np.ndarray, strength: float, weights: Mapping[int, float] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias for raw features (copies, n, d), of one penalty."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    rows = features.reshape(-1, features.shape[-1]).astype(np.float64)
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    standardised = (rows - mean) / spread
    basis = None
    if len(rows) < rows.shape[1]:
        # A penalised head lies in the span of the rows: found there, it is the same in less time.
        left, sizes, basis = np.linalg.svd(standardised, full_matrices=False)
        standardised = left * sizes
    head = LogisticRegression(
        C=strength, class_weight=dict(weights) if weights else None, max_iter=_MOST_STEPS
    )
    with warnings.catch_warnings():
        # Said below in our own words; a weak penalty may take longer, and is seldom the chosen one.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = head.fit(standardised, np.tile(labels, len(features)))
    if found.n_iter_.max() >= _MOST_STEPS:
        _log.info("A head of strength %g was not finished after %d steps.", strength, _MOST_STEPS)
    coefficients = found.coef_ if basis is None else found.coef_ @ basis
    kernel, bias = _per_class(coefficients.T, found.intercept_)
    kernel = kernel / spread[:, np.newaxis]
    return kernel, bias - mean @ kernel


def _per_class(kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One column a class also where there are two, for which scikit-learn gives one in all."""
    if kernel.shape[1] > 1:
        return kernel, bias
    return np.hstack([-kernel, kernel]) / 2, np.concatenate([-bias, bias]) / 2
