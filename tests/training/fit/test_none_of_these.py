"""The rule for what is none of the classes: it lets new images of them in, and others not."""

from __future__ import annotations

import numpy as np
import pytest

from training.errors import DatasetError
from training.fit.none_of_these import learn_none_of_these


def images(rng: np.random.Generator, n_groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Five images a group of two classes and of none, which lies beside them in one direction."""
    labels = np.repeat(np.arange(n_groups) % 3, 5)
    middles = np.array([[0, 0], [4, 0], [2, 4]])
    features = rng.normal(0, 1, (len(labels), 12))
    features[:, :2] += middles[labels] + np.repeat(rng.normal(0, 0.3, (n_groups, 2)), 5, axis=0)
    return features.astype(np.float32), labels, np.repeat(np.arange(n_groups), 5)


def test_new_images_of_its_classes_are_let_in_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    rule = learn_none_of_these(*images(rng, 120), n_classes=2, seed=0)
    features, labels, _ = images(rng, 600)
    is_none = rule.log_odds(features) > 0
    assert 0.005 < is_none[labels < 2].mean() < 0.05
    assert is_none[labels == 2].mean() > 0.85


def test_a_class_of_one_patient_alone_gives_no_rule() -> None:
    features, labels, groups = images(np.random.default_rng(1), 30)
    groups[labels == 0] = 0
    with pytest.raises(DatasetError, match="one group"):
        learn_none_of_these(features, labels, groups, n_classes=2, seed=0)


def test_a_class_without_an_image_gives_no_rule() -> None:
    features, labels, groups = images(np.random.default_rng(1), 30)
    with pytest.raises(DatasetError, match="no image"):
        learn_none_of_these(features, labels, groups, n_classes=3, seed=0)
