"""A linear head that is found in one step instead of by steps of a gradient.

With few groups and many features an optimizer that is stopped early finds one of many heads that
fit; a penalised one has a best head. How strong the penalty is is chosen by folds over groups,
since a validation part of one or two groups chooses by chance.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from models.answer.prediction import softmax
from training.errors import DatasetError
from training.judge.calibration import fit_temperature
from training.judge.measures import log_loss

# Inverse strengths of the penalty that are tried, from strong to weak.
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
# Shares of the covariance that are spread evenly over all directions.
_SHRINKAGES = (0.8, 0.4, 0.2, 0.1)
_MOST_FOLDS = 5
_MOST_STEPS = 300
_NEVER = 50.0  # log-odds
_LEAST_SPREAD = 0.01
_log = logging.getLogger(__name__)

_Found = tuple[np.ndarray, np.ndarray]
_Fit = Callable[[np.ndarray, Sequence[float]], list[_Found]]
"""From the numbers of the images that are learned from, and penalties, to kernel and bias for raw
features by each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SolvedHead:
    """A head, and what it would have answered on images that it had not learned from.

    Attributes:
        kernel, bias: (d, classes) and (classes,) float32; logits are features @ kernel + bias.
        out_of_fold: (n, classes) float32, logits of each image by a head of the same penalty that
            learned from the other folds' groups.
        penalty: The one that was chosen: of logistic regression its inverse strength (the lower,
            the stronger), of a discriminant the shrinkage (the higher, the stronger).
    """

    kernel: np.ndarray
    bias: np.ndarray
    out_of_fold: np.ndarray
    penalty: float


def logistic_head(
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    weights: Mapping[int, float] | None,
    seed: int = 0,
) -> SolvedHead:
    """The head by logistic regression whose penalty is likeliest on groups that it had not seen.

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

    def fitted(learn: np.ndarray, strengths: Sequence[float]) -> list[_Found]:
        by = partial(_fitted, features[:, learn], labels[learn])
        return [by(strength, weights) for strength in strengths]

    return _likeliest(fitted, features[0], labels, groups, _STRENGTHS, seed)


def discriminant_head(
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    weights: np.ndarray,
    seed: int = 0,
) -> SolvedHead:
    """The linear discriminant whose shrinkage is likeliest on groups that it had not seen.

    Far quicker than `logistic_head` where there are thousands of features. Copy 0 of an image
    weighs as much as its augmented copies together. Logits are divided by the temperature that is
    likeliest on those groups, since a discriminant is too sure.

    Args:
        features, labels, groups, seed: As of `logistic_head`.
        weights: (n,) float above 0, how much each image counts beside others of its class.

    Source: Friedman 1989, "Regularized Discriminant Analysis" (J. Am. Stat. Assoc. 84:165-175)
    with one covariance for all classes, every class as likely as another.

    Raises:
        DatasetError: A class has fewer than two groups.
    """
    n_classes = int(labels.max()) + 1

    def fitted(learn: np.ndarray, shrinkages: Sequence[float]) -> list[_Found]:
        return discriminants(
            features[:, learn], labels[learn], weights[learn], shrinkages, n_classes=n_classes
        )

    return _likeliest(
        fitted, features[0], labels, groups, _SHRINKAGES, seed, temperature_of=fit_temperature
    )


def _likeliest(
    fit: _Fit,
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    penalties: Sequence[float],
    seed: int,
    *,
    temperature_of: Callable[[np.ndarray, np.ndarray], float] = lambda *_: 1.0,
) -> SolvedHead:
    """The head of the penalty that is likeliest on groups left out.

    Args:
        features: (n, d) of the images as they are.
        penalties: From strong to weak.
        temperature_of: From logits out of fold and labels to what all logits are divided by.
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
    logits = np.zeros((len(penalties), len(labels), int(labels.max()) + 1))
    for learn, judge in folds.split(labels, labels, groups):
        for number, (kernel, bias) in enumerate(fit(learn, penalties)):
            logits[number, judge] = features[judge] @ kernel + bias
    temperatures = [temperature_of(each, labels) for each in logits]
    losses = [
        log_loss(softmax(each, temperature), labels)
        for each, temperature in zip(logits, temperatures, strict=True)
    ]
    best = int(np.argmin(losses))
    ((kernel, bias),) = fit(np.arange(len(labels)), penalties[best : best + 1])
    return SolvedHead(
        kernel=(kernel / temperatures[best]).astype(np.float32),
        bias=(bias / temperatures[best]).astype(np.float32),
        out_of_fold=(logits[best] / temperatures[best]).astype(np.float32),
        penalty=penalties[best],
    )


def discriminants(
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    shrinkages: Sequence[float],
    *,
    n_classes: int,
) -> list[_Found]:
    """Kernel (d, classes) and bias for raw features, of each shrinkage, see `discriminant_head`.

    A class without images is all but never answered.

    Args:
        features: (copies, n, d).
        labels: (n,) int.
        weights: (n,) float above 0, see `discriminant_head`.
        shrinkages: Above 0, at most 1.
        n_classes: Number of classes, those without images too.
    """
    copies, _, d = features.shape
    of_copy = np.ones(copies) if copies == 1 else np.full(copies, 1 / (copies - 1))
    of_copy[0] = 1.0
    counts = (of_copy[:, np.newaxis] * weights).ravel()
    for label in np.unique(labels):
        own = np.tile(labels == label, copies)
        counts[own] /= counts[own].sum()
    counts = (counts / counts.sum()).astype(np.float32)[:, np.newaxis]
    rows = features.reshape(-1, d).astype(np.float32)
    mean = (counts * rows).sum(axis=0)
    spread = np.sqrt((counts * np.square(rows - mean)).sum(axis=0))
    # A channel that hardly moves would have its rounding errors enlarged to a signal.
    spread = np.maximum(spread, max(_LEAST_SPREAD * float(np.median(spread)), 1e-6))
    rows = (rows - mean) / spread
    one_hot = np.tile(np.eye(n_classes, dtype=np.float32)[labels], (copies, 1))
    totals = (counts * one_hot).sum(axis=0)
    absent = totals == 0
    means = (counts * one_hot).T @ rows / np.where(absent, 1, totals)[:, np.newaxis]
    rows -= one_hot @ means
    covariance = (rows * counts).T @ rows
    even = np.trace(covariance) / d
    found = []
    for shrinkage in shrinkages:
        shrunk = (1 - shrinkage) * covariance
        shrunk[np.diag_indices(d)] += shrinkage * even
        kernel = np.linalg.solve(shrunk.astype(np.float64), means.T)
        bias = -(means.T * kernel).sum(axis=0) / 2
        bias[absent] = bias.min() - _NEVER
        kernel /= spread[:, np.newaxis]
        found.append((kernel, bias - mean @ kernel))
    return found


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
