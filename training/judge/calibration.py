"""How far a model's confidence may be trusted, set on validation images alone."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from models.answer.prediction import softmax
from training.judge.measures import log_loss

# Error that is allowed among the answers given, on validation.
ERROR_AMONG_ANSWERED = 0.01
# However unsure the model is, at least this share of validation images is answered.
LEAST_ANSWERED = 0.80


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that makes validation images most likely (Guo et al. 2017).

    Args:
        logits: (n, classes) float, on validation.
        labels: (n,) int.

    Returns:
        A divisor of the logits between 0.05 and 20.
    """

    def loss(log_temperature: float) -> float:
        return log_loss(softmax(logits, float(np.exp(log_temperature))), labels)

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))


def fit_answer_threshold(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The confidence under which the model should abstain.

    The smallest threshold that leaves at most 1 % wrong among the validation images answered;
    where that would silence the model on more than a fifth of them, the one that answers 80 %.

    Args:
        probabilities: (n, classes) float, calibrated, on validation.
        labels: (n,) int.
    """
    confidence = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != labels
    order = np.argsort(-confidence, kind="stable")
    errors = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    allowed = np.nonzero(errors <= ERROR_AMONG_ANSWERED)[0]
    answered = int(allowed[-1]) + 1 if len(allowed) else 0
    answered = max(answered, int(np.ceil(LEAST_ANSWERED * len(order))))
    return float(confidence[order[answered - 1]])
