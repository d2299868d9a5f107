"""Measures of a classifier that have no twin in scikit-learn's own evaluation tests."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss as log_loss_of_scikit_learn

from training.judge.measures import confidence_bins, log_loss


def test_bins_of_confidence_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.5, 1.0, 500)
    right = rng.random(500) <= confidence
    bins = confidence_bins(confidence, right, n_bins=10)
    filled = bins.counts > 0
    accuracy, mean_confidence = calibration_curve(right, confidence, n_bins=10)
    assert bins.accuracy[filled] == pytest.approx(accuracy)
    assert bins.mean_confidence[filled] == pytest.approx(mean_confidence)
    assert bins.counts.sum() == 500


@pytest.mark.parametrize("n_bins", [5, 10, 15])
@pytest.mark.parametrize("n_classes", [None, 2, 3, 4, 7, 8])
def test_a_confidence_on_an_edge_belongs_to_the_upper_bin_whatever_rounding_does(
    n_bins: int, n_classes: int | None
) -> None:
    lowest = Fraction(0) if n_classes is None else Fraction(1, n_classes)
    exact = [(Fraction(percent, 100) - lowest) / (1 - lowest) * n_bins for percent in range(101)]
    expected = [min(max(int(place // 1), 0), n_bins - 1) for place in exact]
    confidence = np.arange(101) / 100
    bins = confidence_bins(confidence, confidence > 0.5, n_bins=n_bins, lowest=float(lowest))
    assert bins.number.tolist() == expected


def test_the_log_loss_is_scikit_learns_and_finite_where_the_truth_had_no_chance() -> None:
    rng = np.random.default_rng(0)
    shares, labels = rng.dirichlet(np.ones(3), 200), rng.integers(0, 3, 200)
    assert log_loss(shares, labels) == pytest.approx(log_loss_of_scikit_learn(labels, shares))
    assert log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(1e-12))
