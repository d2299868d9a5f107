"""A head by penalised likelihood is the one that scikit-learn finds, on raw features."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.prediction import softmax
from training.logistic_head import logistic_head


def clouds(seed: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(120) % n_classes
    centres = np.random.default_rng(0).normal(0, 1.0, (n_classes, 6))
    scales = np.array([1, 10, 0.1, 1, 1, 1])
    return (centres[labels] + rng.normal(0, 1, (120, 6))) * scales + 3, labels


@pytest.mark.parametrize("n_classes", [2, 3])
def test_logits_on_raw_features_are_those_of_the_standardised_fit(n_classes: int) -> None:
    features, labels = clouds(1, n_classes)
    others, truths = clouds(2, n_classes)
    kernel, bias = logistic_head(features, labels, others, truths, weights=None)
    assert kernel.shape == (6, n_classes)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    candidates = [
        LogisticRegression(C=strength, max_iter=300)
        .fit((features - mean) / spread, labels)
        .predict_proba((others - mean) / spread)
        for strength in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    ]
    best = min(candidates, key=lambda p: -np.log(p[np.arange(120), truths]).mean())
    assert softmax(others @ kernel + bias, 1.0) == pytest.approx(best, abs=2e-3)


def test_a_heavier_class_is_answered_more_often() -> None:
    features, labels = clouds(3, 2)
    answers = [
        (features @ kernel + bias).argmax(axis=1).mean()
        for kernel, bias in (
            logistic_head(features, labels, features, labels, weights=weights)
            for weights in (None, {0: 1.0, 1: 20.0})
        )
    ]
    assert answers[1] > answers[0]
