"""Heads that are solved for: scikit-learn's own, on raw features, their penalty by groups."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from models.answer.prediction import softmax
from training.errors import DatasetError
from training.fit import network
from training.fit.balance import chances
from training.fit.linear_head import (
    SolvedHead,
    discriminant_head,
    discriminants,
    logistic_head,
)
from training.fit.parts import Part
from training.judge.calibration import fit_temperature
from training.recipes.recipe import read_recipe

pytestmark = pytest.mark.slow


def clouds(seed: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(120) % n_classes
    centres = np.random.default_rng(0).normal(0, 1.0, (n_classes, 6))
    scales = np.array([1, 10, 0.1, 1, 1, 1])
    return (centres[labels] + rng.normal(0, 1, (120, 6))) * scales + 3, labels


def groups_of(labels: np.ndarray, n_groups: int = 8) -> np.ndarray:
    return np.arange(len(labels)) // 3 % n_groups


@pytest.mark.parametrize("n_classes", [2, 3])
def test_logits_on_raw_features_are_those_of_the_standardised_fit(n_classes: int) -> None:
    features, labels = clouds(1, n_classes)
    others, _ = clouds(2, n_classes)
    head = logistic_head(features[None], labels, groups_of(labels), weights=None)
    assert head.kernel.shape == (6, n_classes)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    expected = (
        LogisticRegression(C=head.penalty, max_iter=300)
        .fit((features - mean) / spread, labels)
        .predict_proba((others - mean) / spread)
    )
    assert softmax(others @ head.kernel + head.bias, 1.0) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_of_more_features_than_images_the_head_is_the_same(n_classes: int) -> None:
    rng = np.random.default_rng(4)
    labels = np.arange(48) % n_classes
    features = rng.normal(0, 1, (48, 300)) * rng.uniform(0.1, 10, 300) + 3
    features[:, :4] += 2.0 * labels[:, np.newaxis]
    head = logistic_head(features[None], labels, groups_of(labels), weights=None)
    assert head.kernel.shape == (300, n_classes)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    own = LogisticRegression(C=head.penalty, max_iter=3000, tol=1e-8)
    own.fit((features - mean) / spread, labels)
    others = rng.normal(0, 1, (20, 300)) * features.std(axis=0) + 3
    expected = own.predict_proba((others - mean) / spread)
    assert softmax(others @ head.kernel + head.bias, 1.0) == pytest.approx(expected, abs=5e-3)


def test_a_heavier_class_is_answered_more_often() -> None:
    features, labels = clouds(3, 2)
    answers = [
        (features @ head.kernel + head.bias).argmax(axis=1).mean()
        for head in (
            logistic_head(features[None], labels, groups_of(labels), weights=weights)
            for weights in (None, {0: 1.0, 1: 20.0})
        )
    ]
    assert answers[1] > answers[0]


def test_what_tells_groups_apart_and_not_classes_gets_a_strong_penalty() -> None:
    """Each group has a colour of its own and one class: by image it is easy, by group by chance."""
    rng = np.random.default_rng(5)
    groups = np.arange(160) // 10
    labels = groups % 2
    features = np.repeat(rng.normal(0, 1, (16, 30)), 10, axis=0) + rng.normal(0, 0.1, (160, 30))
    by_group = logistic_head(features[None], labels, groups, weights=None)
    by_image = logistic_head(features[None], labels, np.arange(160), weights=None)
    assert by_group.penalty < by_image.penalty
    right = by_group.out_of_fold.argmax(axis=1) == labels
    assert right.mean() < 0.8
    assert (by_image.out_of_fold.argmax(axis=1) == labels).mean() > 0.95


def test_copies_are_learned_from_and_not_judged_by() -> None:
    features, labels = clouds(6, 2)
    noise = np.random.default_rng(1).normal(features.mean(0), features.std(0), features.shape)
    copies = np.stack([features, noise])
    head = logistic_head(copies, labels, groups_of(labels), weights=None)
    alone = logistic_head(features[None], labels, groups_of(labels), weights=None)
    assert np.abs(head.kernel).sum() < 0.8 * np.abs(alone.kernel).sum()
    assert (head.out_of_fold.argmax(axis=1) == labels).mean() > 0.75  # of noise it would be half


def test_one_group_of_a_class_is_refused() -> None:
    features, labels = clouds(7, 2)
    with pytest.raises(DatasetError, match="of one group alone"):
        logistic_head(features[None], labels, labels, weights=None)


def discriminant(features: np.ndarray, labels: np.ndarray, **changed: np.ndarray) -> SolvedHead:
    given = {"groups": groups_of(labels), "weights": np.full(len(labels), 1 / len(labels))}
    return discriminant_head(features, labels, **(given | changed))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_discriminant_is_that_of_scikit_learn(n_classes: int) -> None:
    features, labels = clouds(1, n_classes)
    others, _ = clouds(2, n_classes)
    ((kernel, bias),) = discriminants(
        features[None], labels, np.ones(120), [0.2], n_classes=n_classes
    )
    assert kernel.shape == (6, n_classes)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    # Its rows come from a standardised covariance of equal classes, whose mean variance is even.
    rows = (features - mean) / spread
    within = rows - np.stack([rows[labels == label].mean(axis=0) for label in labels])
    even = np.mean(within.var(axis=0))
    covariance = within.T @ within / len(rows)
    shrunk = 0.8 * covariance + 0.2 * even * np.eye(6)
    own = LinearDiscriminantAnalysis(
        solver="lsqr", covariance_estimator=_Given(shrunk), priors=[1 / n_classes] * n_classes
    )
    expected = own.fit(rows, labels).predict_proba((others - mean) / spread)
    assert softmax(others @ kernel + bias, 1.0) == pytest.approx(expected, abs=1e-3)


class _Given:
    """A covariance for scikit-learn, whatever it is fitted to."""

    def __init__(self, covariance: np.ndarray) -> None:
        self.covariance_ = covariance

    def fit(self, rows: np.ndarray) -> None:
        """Nothing is estimated."""


def test_a_discriminant_answers_out_of_fold_by_heads_that_had_not_seen_the_group() -> None:
    """Each group has a colour of its own and one class: out of fold that is no help."""
    rng = np.random.default_rng(3)
    groups = np.arange(160) // 4
    labels = groups % 2
    features = rng.normal(0, 1, (40, 60))[groups] + rng.normal(0, 0.1, (160, 60))
    head = discriminant(features[None], labels, groups=groups)
    by_image = discriminant(features[None], labels, groups=np.arange(160))
    right = [(each.out_of_fold.argmax(axis=1) == labels).mean() for each in (head, by_image)]
    assert right[0] < 0.75
    assert right[1] > 0.95
    assert head.penalty > by_image.penalty


def test_of_a_discriminant_each_class_counts_alike_and_each_image_by_its_chance() -> None:
    features, labels = clouds(5, 2)
    noise = np.random.default_rng(2).normal(0, 6, (2, len(features)))
    features[:, 1] += noise[0] * (labels == 0)  # each class varies along a direction of its own
    features[:, 2] += noise[1] * (labels == 1)
    few = np.flatnonzero((labels == 0) | (np.arange(120) < 60))
    often = np.concatenate([few, *[few[labels[few] == 0]] * 9])
    once, tenfold = (
        discriminants(features[None, each], labels[each], np.ones(len(each)), [0.2], n_classes=2)
        for each in (few, often)
    )
    assert once[0][0] == pytest.approx(tenfold[0][0], rel=1e-3, abs=1e-5)
    # Images that hardly count are as good as not there.
    wrong = np.where(np.arange(120) < 60, 1 - labels, labels)
    trust = np.where(np.arange(120) < 60, 1e-6, 1.0)
    doubted = discriminant(features[None], wrong, weights=trust)
    right = (features @ doubted.kernel + doubted.bias).argmax(axis=1) == labels
    assert right.mean() > 0.75  # half where all count alike


def test_of_a_discriminant_all_augmented_copies_count_as_much_as_the_image() -> None:
    features, labels = clouds(6, 2)
    varied = features + np.random.default_rng(8).normal(0, 3, features.shape)
    twice = discriminant(np.stack([features, varied]), labels)
    often = discriminant(np.stack([features, varied, varied, varied]), labels)
    assert twice.kernel == pytest.approx(often.kernel, rel=1e-3, abs=1e-4)
    alone = discriminant(features[None], labels)
    assert np.abs(alone.kernel - twice.kernel).max() > 1e-2


@pytest.mark.parametrize("absent", [1, 2])
def test_a_class_of_which_a_discriminant_saw_no_image_is_not_answered(absent: int) -> None:
    features, labels = clouds(9, 3)
    seen = labels != absent
    ((kernel, bias),) = discriminants(
        features[None, seen], labels[seen], np.ones(seen.sum()), [0.1], n_classes=3
    )
    answers = (features @ kernel + bias).argmax(axis=1)
    assert set(answers) == {0, 1, 2} - {absent}
    assert (answers == labels)[seen].mean() > 0.85


def test_a_channel_that_hardly_moves_says_nothing() -> None:
    features, labels = clouds(12, 2)
    dead = np.full((120, 1), 0.001) + 1e-7 * labels[:, None]
    ((kernel, _),) = discriminants(
        np.hstack([features, dead])[None], labels, np.ones(120), [0.1], n_classes=2
    )
    assert (
        np.abs(kernel[-1] * 1e-7).max()
        < 1e-2 * np.abs(kernel[:-1] * features.std(0)[:, None]).max()
    )


def test_a_discriminant_is_no_surer_than_it_is_right() -> None:
    features, labels = clouds(11, 3)
    noisy = features + np.random.default_rng(1).normal(0, 2, features.shape)
    head = discriminant(noisy[None], labels)
    assert fit_temperature(head.out_of_fold, labels) == pytest.approx(1.0, abs=0.01)
    ((kernel, _),) = discriminants(noisy[None], labels, np.ones(120), [head.penalty], n_classes=3)
    ratio = kernel / head.kernel
    assert ratio == pytest.approx(ratio[0, 0], rel=1e-3)


def test_a_recipe_solves_for_its_head_from_both_parts_with_each_image_s_own_laboratory() -> None:
    features, labels = clouds(13, 2)
    groups, sources = groups_of(labels), (np.arange(120) % 10 == 0).astype(int)
    order = np.random.default_rng(5).permutation(120)
    halves = [
        Part(
            rgb=np.empty(0),
            labels=labels[rows],
            features=np.stack([features, features + 0.1])[:, rows],
            groups=groups[rows],
            sources=sources[rows],
        )
        for rows in (order[:70], order[70:])
    ]
    found = network._solved(read_recipe("blood-cells-mobilenet"), *halves, 2)
    expected = discriminant_head(
        np.stack([features, features + 0.1])[:, order],
        labels[order],
        groups[order],
        weights=chances(labels, sources)[order],
        seed=7,
    )
    assert found.kernel == pytest.approx(expected.kernel)
    evenly = discriminant_head(
        np.stack([features, features + 0.1])[:, order],
        labels[order],
        groups[order],
        weights=np.ones(120),
        seed=7,
    )
    assert np.abs(found.kernel - evenly.kernel).max() > 1e-2
