"""The measures of a classifier: each from answers and truth to one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.answer.prediction import LEAST_PROBABILITY

_CALIBRATION_BINS = 15
_ROUNDING = 1e-9  # a confidence on the edge of two bins belongs to the upper one
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
        "calibration error": expected_calibration_error(
            probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
        ),
        "Brier score": float(((probabilities - np.eye(n_classes)[labels]) ** 2).sum(1).mean()),
        "weighted precision": weighted_precision(confusion),
        "weighted F1": weighted_f1(confusion),
        "macro precision": macro_precision(confusion),
        "macro specificity": macro_specificity(confusion),
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


def macro_precision(confusion: np.ndarray) -> float:
    """Mean precision of the classes that are there or were answered; 0 for one never answered."""
    called = confusion.sum(axis=0)
    present = called + confusion.sum(axis=1) > 0
    return float((np.diag(confusion)[present] / np.maximum(called[present], 1)).mean())


def macro_specificity(confusion: np.ndarray) -> float:
    """Mean specificity of the classes that are there: of the images of all others the share that
    is not called so. NaN with one class alone."""
    true, total = confusion.sum(axis=1), confusion.sum()
    present = true > 0
    wrongly = confusion.sum(axis=0) - np.diag(confusion)
    if total in true:
        return _NAN
    return float((1 - wrongly[present] / (total - true[present])).mean())


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


@dataclass(frozen=True, kw_only=True, eq=False)
class ConfidenceBins:
    """Answers sorted into equal bins by their confidence: a reliability diagram.

    Attributes:
        edges: (bins + 1,) float, bounds of the bins; the last bin holds its upper bound, too.
        number: (n,) int, the bin of each answer.
        counts: (bins,) int, number of answers in each.
        confidence: (bins,) float, sum of their confidences.
        right: (bins,) float, number of them that were right.
    """

    edges: np.ndarray
    number: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    right: np.ndarray

    @property
    def mean_confidence(self) -> np.ndarray:
        """(bins,) float, 0 to 1; 0 where a bin is empty."""
        return np.asarray(self.confidence / np.maximum(self.counts, 1))

    @property
    def accuracy(self) -> np.ndarray:
        """(bins,) float, 0 to 1; 0 where a bin is empty."""
        return np.asarray(self.right / np.maximum(self.counts, 1))


def confidence_bins(
    confidence: np.ndarray, right: np.ndarray, *, n_bins: int, lowest: float = 0.0
) -> ConfidenceBins:
    """Sort answers into equal bins of confidence from ``lowest`` to 1.

    Args:
        confidence: (n,) float, 0 to 1; what is below ``lowest`` counts to the first bin.
        right: (n,) bool.
        n_bins: Number of bins.
        lowest: Lower bound of the first.
    """
    place = np.floor((confidence - lowest) / (1 - lowest) * n_bins + _ROUNDING).astype(int)
    number = np.clip(place, 0, n_bins - 1)
    return ConfidenceBins(
        edges=np.linspace(lowest, 1.0, n_bins + 1),
        number=number,
        counts=np.bincount(number, minlength=n_bins),
        confidence=np.bincount(number, weights=confidence, minlength=n_bins),
        right=np.bincount(number, weights=right, minlength=n_bins),
    )


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean gap between confidence and accuracy over 15 equal bins (Guo et al. 2017), 0 to 1.

    Args:
        confidence: (n,) float, 0 to 1, of the class that was answered.
        right: (n,) bool.
    """
    bins = confidence_bins(confidence, right, n_bins=_CALIBRATION_BINS)
    gaps = np.abs(bins.right - bins.confidence)
    return float(gaps.sum() / max(bins.counts.sum(), 1))


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative logarithm of the true class's probability, in nats.

    Args:
        probabilities: (n, classes) float.
        labels: (n,) int, the truth.
    """
    of_truth = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(of_truth, LEAST_PROBABILITY, None)).mean())


def _rate(part: float, whole: float) -> float:
    return float(part / whole) if whole else _NAN


def in_millions(parameters: float) -> float:
    """Parameters in millions, to two digits; of a handful, all digits rather than none."""
    return round(parameters / 1e6, 2) or parameters / 1e6
