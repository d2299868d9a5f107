"""The measures of a classifier: each from answers and truth to one number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_BINS = 15
_NAN = float("nan")


def measure_all(
    probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> dict[str, float]:
    """Every measure of a model by its standard name; NaN where one cannot be had.

    Args:
        probabilities: (n, classes) float.
        labels: (n,) int, the truth.
        classes: Names, in the order of the columns.
    """
    n_classes = len(classes)
    confusion = confusion_matrix(probabilities.argmax(axis=1), labels, n_classes)
    areas = aurocs(probabilities, labels)
    measures = {
        "accuracy": accuracy(confusion),
        "balanced accuracy": balanced_accuracy(confusion),
        "macro F1": macro_f1(confusion),
        "Matthews correlation": matthews_correlation(confusion),
        "macro AUROC": float(areas.mean()),
        "calibration error": expected_calibration_error(probabilities, labels),
        "Brier score": float(((probabilities - np.eye(n_classes)[labels]) ** 2).sum(1).mean()),
        "weighted precision": weighted_precision(confusion),
        "weighted F1": weighted_f1(confusion),
    }
    for number, name in enumerate(classes):
        right = confusion[number, number]
        true, called = confusion[number].sum(), confusion[:, number].sum()
        negative = confusion.sum() - true
        measures[f"sensitivity {name}"] = _rate(right, true)
        measures[f"specificity {name}"] = _rate(negative - called + right, negative)
        measures[f"precision {name}"] = _rate(right, called)
        measures[f"F1 {name}"] = _rate(2 * right, true + called)
        measures[f"AUROC {name}"] = float(areas[number])
    return measures


def confusion_matrix(predicted: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts as (classes, classes) int: rows are the truth, columns the prediction."""
    cells = np.bincount(labels * n_classes + predicted, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def accuracy(confusion: np.ndarray) -> float:
    """Share of images that are named rightly."""
    return float(np.trace(confusion) / confusion.sum())


def balanced_accuracy(confusion: np.ndarray) -> float:
    """Mean sensitivity of the classes that are there."""
    totals = confusion.sum(axis=1)
    present = totals > 0
    return float((np.diag(confusion)[present] / totals[present]).mean())


def macro_f1(confusion: np.ndarray) -> float:
    """Mean F1 of the classes that are there or were answered."""
    denominator = confusion.sum(axis=0) + confusion.sum(axis=1)
    present = denominator > 0
    return float((2 * np.diag(confusion)[present] / denominator[present]).mean())


def weighted_f1(confusion: np.ndarray) -> float:
    """F1 of each class, averaged by the number of its images (C-NMC 2019's own figure)."""
    called, totals = confusion.sum(axis=0), confusion.sum(axis=1)
    f1 = 2 * np.diag(confusion) / np.maximum(called + totals, 1)
    return float(f1 @ totals / totals.sum())


def weighted_precision(confusion: np.ndarray) -> float:
    """Precision of each class, averaged by the number of its images; 0 for one never answered."""
    called, totals = confusion.sum(axis=0), confusion.sum(axis=1)
    return float((np.diag(confusion) / np.maximum(called, 1)) @ totals / totals.sum())


def matthews_correlation(confusion: np.ndarray) -> float:
    """Multiclass Matthews correlation (Gorodkin 2004); 0 where one side is constant."""
    c = confusion.astype(float)
    truth, predicted, total = c.sum(axis=1), c.sum(axis=0), c.sum()
    numerator = np.trace(c) * total - truth @ predicted
    spread = (total**2 - predicted @ predicted) * (total**2 - truth @ truth)
    return float(numerator / np.sqrt(spread)) if spread > 0 else 0.0


def aurocs(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """One-against-rest AUROC of each class, as (classes,) float; NaN where a side is empty.

    By the rank-sum statistic, ties counted half (Hanley & McNeil 1982).

    Args:
        scores: (n, classes) float: probabilities, or any scores that rise with them.
        labels: (n,) int.
    """
    from scipy.stats import rankdata

    positive = labels[:, None] == np.arange(scores.shape[1])
    n_positive = positive.sum(axis=0)
    n_negative = len(labels) - n_positive
    u = (rankdata(scores, axis=0) * positive).sum(axis=0) - n_positive * (n_positive + 1) / 2
    pairs = n_positive * n_negative
    return np.where(pairs > 0, u / np.maximum(pairs, 1), _NAN)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean gap between confidence and accuracy over 15 equal bins (Guo et al. 2017), 0 to 1."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    sizes = np.bincount(bins, minlength=_BINS)
    gaps = np.abs(
        np.bincount(bins, weights=right, minlength=_BINS)
        - np.bincount(bins, weights=confidence, minlength=_BINS)
    )
    return float(gaps.sum() / max(sizes.sum(), 1))


def _rate(part: float, whole: float) -> float:
    return float(part / whole) if whole else _NAN


def in_millions(parameters: float) -> float:
    """Parameters in millions, to two digits; of a handful, all digits rather than none."""
    return round(parameters / 1e6, 2) or parameters / 1e6
