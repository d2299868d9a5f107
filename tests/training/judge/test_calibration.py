import numpy as np
import pytest

from models.answer.prediction import softmax
from training.judge.calibration import fit_answer_threshold, fit_temperature
from training.judge.measures import expected_calibration_error


def drawn(temperature: float, n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are too sure by a known factor, and labels drawn from the honest ones."""
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (n, 4))
    labels = (softmax(honest, 1.0).cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return honest * temperature, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_logits_is_found(temperature):
    logits, labels = drawn(temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)


def test_calibration_error_falls_with_the_fitted_temperature():
    logits, labels = drawn(3.0)

    def error(temperature: float) -> float:
        shares = softmax(logits, temperature)
        return expected_calibration_error(shares.max(axis=1), shares.argmax(axis=1) == labels)

    assert error(1.0) > 0.1
    assert error(fit_temperature(logits, labels)) < 0.02


def test_the_threshold_leaves_at_most_one_percent_wrong():
    confidence = np.linspace(0.5, 1, 1000)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = (confidence < 0.55).astype(int)
    threshold = fit_answer_threshold(probabilities, labels)
    answered = confidence >= threshold
    assert labels[answered].mean() <= 0.01
    assert answered.mean() > 0.88


def test_a_poor_model_still_answers_four_in_five():
    rng = np.random.default_rng(0)
    probabilities = softmax(rng.normal(size=(500, 3)), 1.0)
    threshold = fit_answer_threshold(probabilities, rng.integers(0, 3, 500))
    assert (probabilities.max(axis=1) >= threshold).mean() == pytest.approx(0.8, abs=0.01)
