"""What simple classifiers make of simple numbers: the floor a network must rise above."""

from __future__ import annotations

import numpy as np

SIX_COLOUR_NUMBERS = "six colour numbers"
"""What the colour baseline is called wherever it stands beside a model."""


def six_colour_probabilities(
    colours: np.ndarray, labels: np.ndarray, *, learn: np.ndarray, judge: np.ndarray
) -> np.ndarray:
    """Class probabilities from six colour numbers by logistic regression.

    A model that cannot beat this may know the staining and nothing else.

    Args:
        colours: (n, 6) float, mean and standard deviation of R, G and B.
        labels: (n,) int.
        learn: Image numbers to learn from.
        judge: Image numbers to answer for.

    Returns:
        (len(judge), classes) float.
    """
    return linear_probabilities(colours, labels, learn=learn, judge=judge)


def linear_probabilities(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    learn: np.ndarray,
    judge: np.ndarray,
    strength: float = 10.0,
) -> np.ndarray:
    """Class probabilities from standardised features by logistic regression.

    Args:
        features: (n, d) float.
        labels: (n,) int.
        learn, judge: Image numbers to learn from and to answer for.
        strength: Inverse of the penalty; less for many features.

    Returns:
        (len(judge), classes) float.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=5000))
    classifier.fit(features[learn], labels[learn])
    answers: np.ndarray = classifier.predict_proba(features[judge])
    return answers
