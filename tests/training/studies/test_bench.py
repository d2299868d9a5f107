"""The bench: every classifier on the same features, with the figures of the paper's table."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from training.data.splits import Split, split_folds, split_once
from training.judge import bootstrap
from training.studies.bench import CLASSIFIERS, bench


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch) -> None:
    """Intervals of few draws: how wide they are is asked in test_evaluation.py."""
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 100)


def problem(n: int, n_classes: int, *, shift: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    labels = np.tile(np.arange(n_classes), n // n_classes)
    return rng.normal(size=(n, 5)) + shift * np.eye(n_classes, 5)[labels], labels


def split_of(labels: np.ndarray) -> Split:
    return split_once(labels, np.arange(len(labels)), test=0.4, validation=0.1, seed=1)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_learns_what_can_be_learned(name):
    features, labels = problem(60, 2, shift=6)
    row = bench(name, [features], labels, np.arange(60), [split_of(labels)], seed=0)
    figures = {figure.name: figure for figure in row.figures}
    # label propagation has no probabilities far from what it learned from
    assert {"accuracy", "balanced accuracy", "weighted F1"} <= set(figures)
    assert figures["accuracy"].n == 24
    assert row.seconds > 0
    if name == "DummyClassifier":
        assert figures["balanced accuracy"].value == figures["macro AUROC"].value == 0.5
    elif name == "LGBMClassifier":  # wants at least 20 images a leaf
        assert figures["balanced accuracy"].value >= 0.5
    else:
        assert figures["balanced accuracy"].value >= 0.8


def test_figures_are_those_of_scikit_learn():
    features, labels = problem(150, 3, shift=1.5)
    split = split_of(labels)
    row = bench("LinearDiscriminantAnalysis", [features], labels, np.arange(150), [split], seed=0)
    model = LinearDiscriminantAnalysis().fit(features[split.train], labels[split.train])
    truth, answers = labels[split.test], model.predict(features[split.test])
    expected = {
        "accuracy": metrics.accuracy_score(truth, answers),
        "balanced accuracy": metrics.balanced_accuracy_score(truth, answers),
        "weighted F1": metrics.f1_score(truth, answers, average="weighted"),
        "macro AUROC": metrics.roc_auc_score(
            truth, model.predict_proba(features[split.test]), multi_class="ovr"
        ),
    }
    assert {figure.name for figure in row.figures} == set(expected)
    for figure in row.figures:
        assert figure.value == pytest.approx(expected[figure.name], abs=1e-9), figure.name
        assert figure.low <= figure.value <= figure.high
        assert expected[figure.name] < 1


def test_a_class_of_two_is_ranked_by_the_decision_where_there_is_no_probability():
    features, labels = problem(60, 2, shift=1.5)
    split = split_of(labels)
    row = bench("LinearSVC", [features], labels, np.arange(60), [split], seed=0)
    area = next(figure for figure in row.figures if figure.name == "macro AUROC")
    assert 0.7 < area.value <= 1


def test_folds_are_pooled_and_each_has_features_of_its_own():
    features, labels = problem(60, 2, shift=6)
    splits = split_folds(labels, np.arange(60), folds=3, validation=0.2, seed=0)
    useless = np.zeros_like(features)
    row = bench("GaussianNB", [features, features, useless], labels, np.arange(60), splits, seed=0)
    figure = row.figures[0]
    assert figure.n == 60
    assert figure.value == pytest.approx(2 / 3 + 1 / 6, abs=0.05)


def test_a_classifier_that_cannot_learn_says_why_and_has_no_figures():
    labels = np.array([0] * 57 + [1] * 3)
    features = np.random.default_rng(0).normal(size=(60, 5))
    row = bench("NuSVC", [features], labels, np.arange(60), [split_of(labels)], seed=0)
    assert row.figures == ()
    assert row.note.startswith("not run: ")


def test_a_classifier_that_stops_early_says_so():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100)
    features = rng.normal(size=(100, 3))
    features = np.hstack([features, features @ rng.normal(size=(3, 300)) * 1e3])
    row = bench("LinearSVC", [features], labels, np.arange(100), [split_of(labels)], seed=0)
    assert row.note == "did not converge within its default iterations"
    assert row.figures
