"""The bench: every classifier on the same features, with the figures of the paper's table."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from training.data.splits import Split, split_folds, split_once
from training.judge import bootstrap
from training.studies.bench import CLASSIFIERS, SEARCHED, BenchRow, bench, bench_tuned, best_of


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


def rings(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes that only a narrow kernel tells apart: rings within rings."""
    rng = np.random.default_rng(2)
    labels = np.arange(n) % 2
    radius = rng.integers(0, 3, n) * 2 + labels + rng.normal(0, 0.05, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


def test_every_hyperparameter_that_is_searched_is_one_of_its_classifier():
    from training.studies.bench import _bare_classifier

    assert set(SEARCHED) == set(CLASSIFIERS) - {"DummyClassifier", "RidgeClassifierCV"}
    for name, tried in SEARCHED.items():
        assert set(tried) <= set(_bare_classifier(name, 0).get_params()), name


def test_the_best_classifier_on_validation_images_is_searched_in_folds_over_groups():
    features, labels = rings(480)
    groups = np.arange(480) // 4
    split = split_once(labels, groups, test=0.4, validation=0.4, seed=1)
    plain = bench("KNeighborsClassifier", [features], labels, groups, [split], seed=0)
    other = bench("NearestCentroid", [features], labels, groups, [split], seed=0)
    assert best_of([other, plain]) == ("KNeighborsClassifier",)
    tuned = bench_tuned(["KNeighborsClassifier"], [features], labels, groups, [split], seed=0)
    assert tuned.classifier == "KNeighborsClassifier, tuned"
    assert tuned.note.startswith("KNeighborsClassifier: n_neighbors 1, weights ")

    def accuracy_of(row: BenchRow) -> float:
        return next(each.value for each in row.figures if each.name == "accuracy")

    assert accuracy_of(tuned) > accuracy_of(plain) > accuracy_of(other)


def test_each_split_has_the_classifier_that_is_best_on_its_own_validation_part():
    features, labels = problem(60, 2, shift=6)
    halves = [split_of(labels), split_once(labels, np.arange(60), test=0.4, validation=0.2, seed=2)]
    row = bench_tuned(["SVC", "GaussianNB"], [features] * 2, labels, np.arange(60), halves, seed=0)
    assert row.classifier == "best of each fold, tuned"
    assert [part.partition(":")[0] for part in row.note.split("; ")] == ["SVC", "GaussianNB"]
    assert len(row.validation) == 2
    known = [
        BenchRow(classifier=name, figures=(), seconds=1, validation=figures)
        for name, figures in (("SVC", (0.9, 0.5)), ("GaussianNB", (0.8, 0.6)))
    ]
    assert best_of(known) == ("SVC", "GaussianNB")


def test_what_cannot_be_searched_is_told_and_a_dummy_is_never_searched():
    features, labels = problem(60, 2, shift=6)
    thirds = Split(train=np.arange(40), validation=np.arange(40, 50), test=np.arange(50, 60))
    few = bench_tuned(["SVC"], [features], labels, np.repeat([0, 1, 2], 20), [thirds], seed=0)
    assert not few.figures
    assert "number of groups" in few.note
    alone = np.where(labels == 0, 0, np.arange(60))  # one class in a single group
    lacks = bench_tuned(["XGBClassifier"], [features], labels, alone, [thirds], seed=0)
    assert not lacks.figures
    assert (
        lacks.note == "not run: A fold of the search lacks a class, so no candidate has a figure."
    )
    dummy = BenchRow(classifier="DummyClassifier", figures=(), seconds=1, validation=(0.9,))
    assert best_of([dummy]) == ()


def test_a_split_without_validation_images_is_judged_all_the_same():
    features, labels = problem(60, 2, shift=6)
    split = Split(train=np.arange(40), validation=np.arange(0), test=np.arange(40, 60))
    row = bench("SVC", [features], labels, np.arange(60), [split], seed=0)
    assert row.figures
    assert row.validation is None
