"""A head by penalised likelihood: scikit-learn's own, on raw features, its penalty by groups."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.answer.prediction import softmax
from training.errors import DatasetError
from training.fit.logistic_head import logistic_head

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
        LogisticRegression(C=head.strength, max_iter=300)
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
    own = LogisticRegression(C=head.strength, max_iter=3000, tol=1e-8)
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
    assert by_group.strength < by_image.strength
    right = by_group.out_of_fold.argmax(axis=1) == labels
    assert right.mean() < 0.8
    assert (by_image.out_of_fold.argmax(axis=1) == labels).mean() > 0.95


def test_copies_are_learned_from_and_not_judged_by() -> None:
    features, labels = clouds(6, 2)
    copies = np.stack([features, features + 100.0])
    head = logistic_head(copies, labels, groups_of(labels), weights=None)
    assert head.out_of_fold.shape == (120, 2)


def test_one_group_of_a_class_is_refused() -> None:
    features, labels = clouds(7, 2)
    with pytest.raises(DatasetError, match="of one group alone"):
        logistic_head(features[None], labels, labels, weights=None)
