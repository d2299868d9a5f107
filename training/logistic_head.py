"""A linear head found by penalised logistic regression instead of steps of a gradient.

With few groups and many features an optimizer that is stopped early finds one of many heads that
fit; the penalised likelihood has one best head, which validation images choose the penalty of.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.prediction import softmax

# Inverse strengths of the penalty that are tried, from strong to weak.
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def logistic_head(
    features: np.ndarray,
    labels: np.ndarray,
    validation_features: np.ndarray,
    validation_labels: np.ndarray,
    *,
    weights: Mapping[int, float] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the head that is likeliest on validation, of one for each penalty.

    Features are standardised; what that takes is folded into kernel and bias. Multinomial
    likelihood with an L2 penalty (scikit-learn's LogisticRegression).

    Args:
        features: (n, d) float, to learn from.
        labels: (n,) int, every class present.
        validation_features, validation_labels: As these, to choose the penalty by.
        weights: Weight of each class in the likelihood; None for all the same.

    Returns:
        kernel (d, classes) and bias (classes,), float32: logits are features @ kernel + bias.
    """
    from sklearn.linear_model import LogisticRegression

    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    standardised = (features - mean) / spread
    best_loss, best = np.inf, (np.empty(0), np.empty(0))
    rows = np.arange(len(validation_labels))
    for strength in _STRENGTHS:
        found = LogisticRegression(
            C=strength, class_weight=dict(weights) if weights else None, max_iter=300
        ).fit(standardised, labels)
        kernel, bias = _per_class(found.coef_.T, found.intercept_)
        kernel = kernel / spread[:, np.newaxis]
        bias = bias - mean @ kernel
        shares = softmax(validation_features @ kernel + bias, 1.0)[rows, validation_labels]
        loss = float(-np.log(np.clip(shares, 1e-12, None)).mean())
        if loss < best_loss:
            best_loss, best = loss, (kernel, bias)
    return best[0].astype(np.float32), best[1].astype(np.float32)


def _per_class(kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One column a class also where there are two, for which scikit-learn gives one in all."""
    if kernel.shape[1] > 1:
        return kernel, bias
    return np.hstack([-kernel, kernel]) / 2, np.concatenate([-bias, bias]) / 2
