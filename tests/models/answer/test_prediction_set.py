"""Prediction sets: their scores by hand, their coverage on drawn data, class by class."""

from __future__ import annotations

import numpy as np
import pytest

from models.answer.prediction_set import (
    ConformalScores,
    adaptive_scores,
    prediction_set,
)
from models.errors import BundleError


def drawn(rng: np.random.Generator, n: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a model that knows how sure it may be, and true classes drawn from them."""
    probabilities = rng.dirichlet(np.full(4, sharpness), n)
    labels = np.array([rng.choice(4, p=row) for row in probabilities])
    return probabilities, labels


def scores_of(probabilities: np.ndarray, labels: np.ndarray) -> ConformalScores:
    own = adaptive_scores(probabilities)[np.arange(len(labels)), labels]
    return alone(own, labels)


def alone(scores: np.ndarray, labels: np.ndarray) -> ConformalScores:
    """Every image of a patient of its own."""
    return ConformalScores(scores=scores, labels=labels, groups=np.arange(len(scores)))


def test_a_classes_score_is_the_mass_of_all_that_is_more_likely():
    scores = adaptive_scores(np.array([0.6, 0.1, 0.3]))
    assert scores == pytest.approx([0.0, 0.9, 0.6])
    assert adaptive_scores(np.array([0.5, 0.5])) == pytest.approx([0.0, 0.0])


def test_a_model_that_is_sure_and_right_gives_sets_of_one():
    rng = np.random.default_rng(4)
    probabilities, labels = drawn(rng, 500, 0.005)
    conformal = scores_of(probabilities, labels)
    thresholds = conformal.thresholds(0.9, 4)
    sizes = [len(prediction_set(row, thresholds)) for row in probabilities]
    assert np.mean(sizes) < 1.05


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("sharpness", [0.1, 1.0])
def test_sets_cover_every_class_as_often_as_asked(level, sharpness):
    rng = np.random.default_rng(1)
    conformal = scores_of(*drawn(rng, 4000, sharpness))
    probabilities, labels = drawn(rng, 4000, sharpness)
    thresholds = conformal.thresholds(level, 4)
    hit = np.array(
        [
            label in prediction_set(row, thresholds)
            for row, label in zip(probabilities, labels, strict=True)
        ]
    )
    for number in range(4):
        assert hit[labels == number].mean() >= level - 0.03


def test_sets_grow_with_the_level_and_with_doubt():
    rng = np.random.default_rng(2)
    conformal = scores_of(*drawn(rng, 2000, 0.3))
    probabilities, _ = drawn(rng, 300, 0.3)
    sizes = [
        np.mean([len(prediction_set(row, thresholds)) for row in probabilities])
        for thresholds in (conformal.thresholds(level, 4) for level in (0.7, 0.9, 0.99))
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    sure = prediction_set(np.array([0.99, 0.004, 0.003, 0.003]), conformal.thresholds(0.9, 4))
    unsure = prediction_set(np.array([0.3, 0.27, 0.23, 0.2]), conformal.thresholds(0.9, 4))
    assert sure == (0,)
    assert len(unsure) >= 3


def test_the_first_class_is_in_every_set_and_first():
    conformal = alone(np.full(40, 0.01), np.arange(40) % 2)
    assert prediction_set(np.array([0.4, 0.6]), conformal.thresholds(0.9, 2)) == (1,)


def test_a_class_with_too_few_images_is_covered_with_the_others():
    labels = np.array([0] * 50 + [1] * 5)
    scores = np.where(labels == 0, 0.7, 0.95)
    conformal = alone(scores, labels)
    # The third class has none at all: the 51st of 55 scores is 0.95.
    assert conformal.thresholds(0.9, 3) == pytest.approx([0.7, 0.95, 0.95])


def test_with_too_few_images_altogether_nothing_is_ruled_out():
    conformal = alone(np.full(5, 0.6), np.zeros(5, int))
    assert np.isinf(conformal.thresholds(0.9, 2)).all()
    assert prediction_set(np.array([0.999, 0.001]), conformal.thresholds(0.9, 2)) == (0, 1)


def test_every_patient_weighs_the_same_however_many_images_there_are():
    groups = np.repeat(np.arange(10), [91, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    scores = np.where(groups == 0, 0.1, 0.1 * groups)
    conformal = ConformalScores(scores=scores, labels=np.zeros(len(groups), int), groups=groups)
    # Ten patients and the new one: the weight of nine of eleven is 0.818.
    assert conformal.thresholds(0.80, 1) == pytest.approx([0.8])
    assert conformal.thresholds(0.82, 1) == pytest.approx([0.9])
    assert np.isinf(conformal.thresholds(0.92, 1)).all()


def test_sets_cover_images_of_new_patients_where_patients_differ():
    rng = np.random.default_rng(5)
    by_patient, by_image = [], []
    for _ in range(300):
        # Some patients are hard, and those have more images.
        hardness = rng.beta(1, 3, 21)
        sizes = np.where(hardness > 0.4, 60, 6)
        groups = np.repeat(np.arange(21), sizes)
        scores = np.clip(rng.normal(hardness[groups], 0.03), 0, 1)
        known = groups < 20
        labels = np.zeros(known.sum(), int)
        for found, units in ((by_patient, groups[known]), (by_image, np.arange(known.sum()))):
            conformal = ConformalScores(scores=scores[known], labels=labels, groups=units)
            found.append((scores[~known] <= conformal.thresholds(0.8, 1)[0]).mean())
    assert 0.78 <= np.mean(by_patient) <= 0.88
    assert np.mean(by_image) > 0.9


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5])
def test_a_level_that_makes_no_sense_is_refused(level):
    with pytest.raises(BundleError, match="level"):
        alone(np.zeros(3), np.zeros(3, int)).thresholds(level, 2)
