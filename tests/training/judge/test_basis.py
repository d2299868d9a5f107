"""An interval never claims certainty: groups that all agree leave room for some that don't."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from models.rate import Rate
from training.judge.bootstrap import bootstrap_figures
from training.judge.evaluation import EvaluationPlan, evaluate

CLASSES = ("AML", "Benign", "Pre")


def wilson(n_right: int, n: int) -> tuple[float, float]:
    interval = binomtest(n_right, n).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def evaluated(labels: np.ndarray, answers: np.ndarray, groups: np.ndarray) -> dict[str, Rate]:
    shares = 0.02 + 0.94 * np.eye(len(CLASSES))[answers]
    plan = EvaluationPlan(classes=CLASSES, split="grouped", protocol="", patients=True)
    found = evaluate(shares, labels, groups, plan, subject="model")
    return {figure.name: figure for figure in found.figures}


def test_a_class_of_thirteen_images_that_are_all_right_is_77_to_100_per_cent() -> None:
    """Among 843 images its 13, each of a patient of its own, said "100 to 100, n = 843"."""
    labels = np.repeat([0, 1, 2], [13, 430, 400])
    answers = labels.copy()
    answers[700:] = 1
    figures = evaluated(labels, answers, np.arange(843))
    figure = figures["sensitivity AML"]
    assert figure.in_percent == "100.0 % (77.2 to 100.0)"
    assert figure.bounds == pytest.approx(wilson(13, 13))
    assert (figure.n, figure.groups) == (13, 13)
    assert (figures["specificity AML"].n, figures["AUROC AML"].n) == (830, 843)
    assert figures["precision Benign"].n == 430 + 143


def test_the_groups_count_and_not_the_images() -> None:
    """Forty images of five patients are five."""
    labels = np.repeat([0, 1, 2], [40, 200, 200])
    groups = np.concatenate([np.arange(40) // 8, 100 + np.arange(400) // 2])
    figures = evaluated(labels, labels, groups)
    assert figures["sensitivity AML"].bounds == pytest.approx(wilson(5, 5))
    assert (figures["sensitivity AML"].n, figures["sensitivity AML"].groups) == (40, 5)
    assert figures["sensitivity AML"].size_in_words == "n = 40 of 5 groups"
    assert figures["accuracy"].bounds == pytest.approx(wilson(205, 205))
    # An area is as sure as the smaller of its two sides, and a mean over classes as their mean.
    assert figures["AUROC AML"].bounds == pytest.approx(wilson(5, 5))
    each = np.mean([wilson(5, 5)[0], wilson(100, 100)[0], wilson(100, 100)[0]])
    assert figures["balanced accuracy"].bounds == pytest.approx((each, 1))
    assert figures["AUROC by group"].bounds == pytest.approx((each, 1))
    assert figures["Matthews correlation"].bounds == pytest.approx((1 - 2 * (1 - each), 1))


def test_every_figure_of_a_model_that_is_always_right_or_never_has_a_width() -> None:
    labels = np.tile([0, 1, 2], 20)
    for answers in (labels, (labels + 1) % 3):
        for figure in evaluated(labels, answers, np.arange(60)).values():
            assert figure.bounds is not None, figure.name
            low, high = figure.bounds
            assert low < high
            assert low <= figure.value <= high


def test_one_patient_has_no_interval() -> None:
    labels = np.repeat([0, 1, 2], [30, 60, 60])
    groups = np.concatenate([np.zeros(30, int), 1 + np.arange(120)])
    answers = labels.copy()
    answers[:3] = 1
    figures = evaluated(labels, answers, groups)
    for name in ("sensitivity AML", "AUROC AML"):
        assert figures[name].bounds is None
        assert figures[name].value < 1
    assert figures["sensitivity AML"].in_percent == "90.0 % (no interval)"
    assert figures["sensitivity AML"].size_in_words == "n = 30 of 1 group"
    assert figures["accuracy"].bounds is not None
    alone = bootstrap_figures(lambda rows: {"accuracy": 0.5}, np.zeros(8, int))
    assert [(figure.bounds, figure.groups) for figure in alone] == [(None, 1)]


@pytest.mark.parametrize("seed", range(3))
def test_where_groups_differ_the_interval_is_that_of_the_draws(seed: int) -> None:
    """Random groups of random sizes: the plain percentiles of 1,000 draws of groups."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 25, 200)
    right = rng.random(200) < 0.8
    figure = bootstrap_figures(lambda rows: {"accuracy": float(right[rows].mean())}, groups)[0]
    draws = np.random.default_rng(0)
    members = [np.nonzero(groups == group)[0] for group in np.unique(groups)]
    means = [
        right[np.concatenate([members[each] for each in draws.integers(0, 25, 25)])].mean()
        for _ in range(1000)
    ]
    assert figure.bounds == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))
    assert (figure.n, figure.groups) == (200, 25)
