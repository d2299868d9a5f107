"""Probabilities are calibrated, and a model that is not sure enough says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.answer.prediction import predict_from_logits, softmax
from models.bundle.folder import read_manifest
from models.bundle.manifest import Manifest
from models.errors import BundleError
from models.rate import percent
from tests.proven import proven_from

LOGITS = np.array([2.0, 0.0, -1.0, 0.5], np.float32)


@pytest.fixture(scope="module")
def manifest_with(tiny_bundle: Path) -> Callable[..., Manifest]:
    manifest = read_manifest(tiny_bundle)
    return lambda **changes: manifest.changed(**changes)


def test_softmax_gives_probabilities_in_the_order_of_the_logits() -> None:
    probabilities = softmax(LOGITS, 1.0)
    assert probabilities.sum() == pytest.approx(1)
    assert list(np.argsort(probabilities)) == list(np.argsort(LOGITS))
    assert probabilities[0] / probabilities[1] == pytest.approx(np.exp(2))


def test_softmax_of_large_logits_stays_finite() -> None:
    np.testing.assert_allclose(softmax(np.array([1000.0, -1000.0]), 1.0), [1, 0])


def test_softmax_of_a_batch_is_that_of_each_row() -> None:
    batch = np.stack([LOGITS, LOGITS[::-1]])
    np.testing.assert_allclose(softmax(batch, 2.0)[1], softmax(LOGITS[::-1], 2.0))


def test_a_higher_temperature_makes_a_model_less_sure_and_changes_no_order(
    manifest_with: Callable[..., Manifest],
) -> None:
    sure = predict_from_logits(LOGITS, manifest_with(temperature=1.0))
    unsure = predict_from_logits(LOGITS, manifest_with(temperature=4.0))
    assert unsure.probabilities[0] < sure.probabilities[0]
    assert unsure.top_class == sure.top_class == 0


def test_below_the_threshold_the_model_abstains_and_says_why(
    manifest_with: Callable[..., Manifest],
) -> None:
    manifest = manifest_with(temperature=1.0, risk=proven_from(0.9))
    prediction = predict_from_logits(LOGITS, manifest)
    assert prediction.decision == "abstained"
    assert prediction.top_class == 0
    assert "Benign" in prediction.reason
    assert "90.0 %" in prediction.reason
    assert percent(prediction.probabilities[0]) in prediction.reason


def test_at_the_threshold_the_model_answers_and_names_its_rule(
    manifest_with: Callable[..., Manifest],
) -> None:
    top = float(softmax(LOGITS, 1.0)[0])
    manifest = manifest_with(temperature=1.0, risk=proven_from(top))
    prediction = predict_from_logits(LOGITS, manifest)
    assert prediction.decision == "answered"
    assert "Benign" in prediction.reason
    assert percent(top) in prediction.reason


@pytest.mark.parametrize("logits", [[1.0, 2.0], [1.0, 2.0, np.nan, 0.0], [np.inf, 0, 0, 0]])
def test_logits_that_are_not_one_finite_number_a_class_are_refused(
    logits: list[float], manifest_with: Callable[..., Manifest]
) -> None:
    with pytest.raises(BundleError, match="4 finite logits"):
        predict_from_logits(np.array(logits), manifest_with())


def test_arrays_of_a_prediction_cannot_be_changed(
    manifest_with: Callable[..., Manifest],
) -> None:
    mine = LOGITS.copy()
    prediction = predict_from_logits(mine, manifest_with())
    mine[0] = -9
    assert prediction.logits[0] == 2
    with pytest.raises(ValueError, match="read-only"):
        prediction.probabilities[0] = 1


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (0.5, "50.0 %"),
        (0.99999, "over 99.9 %"),
        (0.0001, "under 0.1 %"),
        (1.0, "100.0 %"),
        (0.0, "0.0 %"),
    ],
)
def test_what_is_nearly_certain_is_not_shown_as_certain(rate: float, shown: str) -> None:
    assert percent(rate) == shown
