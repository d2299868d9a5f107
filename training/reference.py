"""What a finished model knows of its own limits: its prediction sets and its domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.architectures import architecture
from models.card import Figure
from models.domain import learn_domain
from models.prediction_set import (
    DEFAULT_LEVEL,
    ConformalScores,
    adaptive_scores,
    prediction_set,
)
from models.reference import Reference
from training.bootstrap import bootstrap_figures
from training.collection import Collection, spread_out
from training.datasets.splits import Split
from training.recipe import Recipe

_MOST_IMAGES = 1500


def conformal_scores(
    probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> ConformalScores:
    """How hard validation images were for a model.

    Args:
        probabilities: (n, classes) float, calibrated, on validation.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block of each.
    """
    own = adaptive_scores(probabilities)[np.arange(len(labels)), labels]
    return ConformalScores(scores=own, labels=np.asarray(labels), groups=np.asarray(groups))


def reference_of(
    model: Any,
    recipe: Recipe,
    collection: Collection,
    split: Split,
    conformal: ConformalScores,
) -> Reference:
    """What goes into the bundle of a model.

    Args:
        model: A keras.Model from RGB 0–255 to logits.
        recipe: What it was trained after.
        collection: The images.
        split: Which of them it learned from, and which are validation.
        conformal: How hard the images that it was tuned on were for it.

    Returns:
        Without a domain where all images are of one group: nothing tells what another's are like.
    """
    import keras

    spec = architecture(recipe.architecture)
    layer = spec.domain_layer or spec.saliency_layer
    pooled = keras.Model(model.input, keras.ops.mean(model.get_layer(layer).output, axis=(1, 2)))
    known = np.sort(np.concatenate([split.train, split.validation]))
    chosen = spread_out(known, _MOST_IMAGES)
    groups = collection.groups["grouped"][chosen]
    if len(np.unique(groups)) < 2:
        return Reference(conformal=conformal, domain=None)
    features = pooled.predict(collection.pictures.rgb[chosen], batch_size=32, verbose=0)
    return Reference(
        conformal=conformal,
        domain=learn_domain(
            layer,
            np.asarray(features),
            collection.labels[chosen],
            groups,
        ),
    )


def set_figures(
    probabilities: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    groups: Sequence[np.ndarray],
    conformals: Sequence[ConformalScores],
    *,
    level: float = DEFAULT_LEVEL,
) -> tuple[Figure, ...]:
    """How often prediction sets hold the truth on test images, and how large they are.

    Args:
        probabilities, labels, groups: Of each fold's test images.
        conformals: Of each fold's validation images.
        level: Coverage asked for.
    """
    thresholds = [
        conformal.thresholds(level, answers.shape[1])
        for answers, conformal in zip(probabilities, conformals, strict=True)
    ]
    sets = [
        prediction_set(row, limits)
        for answers, limits in zip(probabilities, thresholds, strict=True)
        for row in answers
    ]
    truth = np.concatenate(labels)
    hit = np.array([label in kept for label, kept in zip(truth, sets, strict=True)], float)
    size = np.array([len(kept) for kept in sets], float)
    name = f"{100 * level:.0f} % prediction sets"
    return bootstrap_figures(
        lambda rows: {
            f"coverage of {name}": float(hit[rows].mean()),
            f"mean size of {name}": float(size[rows].mean()),
        },
        np.concatenate(groups),
    )
