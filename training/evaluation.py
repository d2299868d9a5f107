"""How good a model is on images it has not seen, with intervals over groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.card import Evaluation, Figure

_RESAMPLES = 1000
_BINS = 15


def evaluate(
    probabilities: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    classes: Sequence[str],
    subject: str = "model",
    split: str,
    protocol: str,
    patients: bool = False,
    seed: int = 0,
) -> Evaluation:
    """Every figure of a model on its test part.

    Intervals are 95 % percentile bootstrap intervals: groups are drawn with replacement, because
    images of one group are not independent (Efron & Tibshirani 1993, cluster bootstrap).

    Args:
        probabilities: (n, classes) float.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block; what is drawn in the bootstrap.
        classes: Names, in the order of the columns.
        subject, split, protocol: See `models.card.Evaluation`.
        patients: Whether a group is one patient with one diagnosis: adds the group-level AUROC.
        seed: Of the bootstrap.
    """
    figures = _figures(_measures(len(classes), classes), probabilities, labels, groups, seed)
    if patients:
        means, diagnoses = _by_group(probabilities, labels, groups)
        by_patient = {"AUROC by group": _macro_auroc}
        figures += _figures(by_patient, means, diagnoses, np.arange(len(means)), seed)
    confusion = _confusion(probabilities.argmax(axis=1), labels, len(classes))
    return Evaluation(
        subject=subject,
        split=split,
        protocol=protocol,
        classes=tuple(classes),
        figures=tuple(figures),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        groups=len(np.unique(groups)),
    )


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


_Measure = Callable[[np.ndarray, np.ndarray], float]


def _figures(
    measures: Mapping[str, _Measure],
    probabilities: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    seed: int,
) -> tuple[Figure, ...]:
    members = [np.nonzero(groups == group)[0] for group in np.unique(groups)]
    rng = np.random.default_rng(seed)
    draws = [
        np.concatenate([members[item] for item in rng.integers(0, len(members), len(members))])
        for _ in range(_RESAMPLES)
    ]
    figures = []
    for name, measure in measures.items():
        value = measure(probabilities, labels)
        if np.isnan(value):
            continue
        resampled = np.array([measure(probabilities[drawn], labels[drawn]) for drawn in draws])
        low, high = np.nanpercentile(resampled, [2.5, 97.5])
        figures.append(
            Figure(name=name, value=value, low=float(low), high=float(high), n=len(labels))
        )
    return tuple(figures)


def _measures(n_classes: int, classes: Sequence[str]) -> dict[str, _Measure]:
    def from_confusion(function: Callable[[np.ndarray], float]) -> _Measure:
        return lambda p, y: function(_confusion(p.argmax(axis=1), y, n_classes))

    measures: dict[str, _Measure] = {
        "accuracy": from_confusion(lambda c: float(np.trace(c) / c.sum())),
        "balanced accuracy": from_confusion(_balanced_accuracy),
        "macro F1": from_confusion(_macro_f1),
        "Matthews correlation": from_confusion(_matthews),
        "macro AUROC": _macro_auroc,
        "calibration error": expected_calibration_error,
        "Brier score": lambda p, y: float(((p - np.eye(n_classes)[y]) ** 2).sum(1).mean()),
    }
    for number, name in enumerate(classes):
        measures[f"sensitivity {name}"] = from_confusion(_sensitivity(number))
        measures[f"specificity {name}"] = from_confusion(_specificity(number))
        measures[f"precision {name}"] = from_confusion(_precision(number))
    return measures


def _confusion(predicted: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    cells = np.bincount(labels * n_classes + predicted, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def _rate(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _sensitivity(number: int) -> Callable[[np.ndarray], float]:
    return lambda c: _rate(c[number, number], c[number].sum())


def _specificity(number: int) -> Callable[[np.ndarray], float]:
    return lambda c: _rate(
        c.sum() - c[number].sum() - c[:, number].sum() + c[number, number],
        c.sum() - c[number].sum(),
    )


def _precision(number: int) -> Callable[[np.ndarray], float]:
    return lambda c: _rate(c[number, number], c[:, number].sum())


def _balanced_accuracy(confusion: np.ndarray) -> float:
    totals = confusion.sum(axis=1)
    present = totals > 0
    return float((np.diag(confusion)[present] / totals[present]).mean())


def _macro_f1(confusion: np.ndarray) -> float:
    denominator = confusion.sum(axis=0) + confusion.sum(axis=1)
    present = denominator > 0
    return float((2 * np.diag(confusion)[present] / denominator[present]).mean())


def _matthews(confusion: np.ndarray) -> float:
    """Multiclass Matthews correlation (Gorodkin 2004); 0 where one side is constant."""
    c = confusion.astype(float)
    truth, predicted, total = c.sum(axis=1), c.sum(axis=0), c.sum()
    numerator = np.trace(c) * total - truth @ predicted
    spread = (total**2 - predicted @ predicted) * (total**2 - truth @ truth)
    return float(numerator / np.sqrt(spread)) if spread > 0 else 0.0


def _macro_auroc(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean over classes of one-against-rest AUROC; NaN where a class is missing."""
    from scipy.stats import rankdata

    areas = []
    for number in range(probabilities.shape[1]):
        positive = labels == number
        n_positive, n_negative = int(positive.sum()), int((~positive).sum())
        if not n_positive or not n_negative:
            return float("nan")
        ranks = rankdata(probabilities[:, number])
        u = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
        areas.append(u / (n_positive * n_negative))
    return float(np.mean(areas))


def _by_group(
    probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean probability and diagnosis of each patient."""
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    sizes = np.bincount(number)
    means = np.stack(
        [np.bincount(number, weights=column) / sizes for column in probabilities.T], axis=1
    )
    return means, labels[first]
