"""Prediction sets of a judged model: how often they hold the truth."""

import numpy as np

from training.judge.prediction_sets import conformal_scores, set_figures


def test_set_figures_are_the_share_of_sets_that_hold_the_truth() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), 600)
    labels = np.array([rng.choice(3, p=row) for row in probabilities])
    conformal = conformal_scores(probabilities[:300], labels[:300], np.arange(300))
    coverage, size = set_figures(
        [probabilities[300:]], [labels[300:]], [np.arange(300)], [conformal], level=0.8
    )
    assert coverage.name == "coverage of 80 % prediction sets"
    assert 0.75 < coverage.value < 0.95
    assert 1 < size.value < 3
    assert coverage.low < coverage.value < coverage.high
