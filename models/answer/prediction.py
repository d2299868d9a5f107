"""From logits to calibrated probabilities, and to the decision to answer or to abstain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.answer.prediction_set import (
    DEFAULT_LEVEL,
    ConformalScores,
    largest_useful,
    prediction_set,
)
from models.bundle.manifest import Manifest
from models.errors import BundleError
from models.rate import told_apart

LEAST_PROBABILITY = 1e-12
"""Under this a probability counts as this much where its logarithm is taken."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """What a model says of one image, and whether it answers at all.

    Attributes:
        classes: Class names, in the order of the arrays.
        logits: (C,) float32, read-only, as the model gave them.
        probabilities: (C,) float64, read-only, calibrated by the manifest's temperature; sum 1.
        top_class: Index of the most probable class; given when the model abstains, too.
        decision: "answered", or "abstained" where the top probability is below the threshold or
            the prediction set is too large to say anything.
        reason: The decision in one sentence, with the rule that it follows.
        prediction_set: Indices of the classes that cannot be ruled out, the most probable first;
            empty where the bundle has nothing to tell them by.
        level: Share of images of each class whose set shall hold it, 0–1.
    """

    classes: tuple[str, ...]
    logits: np.ndarray
    probabilities: np.ndarray
    top_class: int
    decision: Literal["answered", "abstained"]
    reason: str
    prediction_set: tuple[int, ...] = ()
    level: float = DEFAULT_LEVEL


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities of logits (..., C) divided by a temperature above 0; float64, sum 1.

    Source: Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def log_odds(logits: np.ndarray, class_index: int) -> np.ndarray:
    """Of calibrated logits (n, C), ln(p / (1 - p)) of one class, (n,) float64, natural units."""
    values = np.asarray(logits, np.float64)
    others = np.delete(values, class_index, axis=-1)
    highest = others.max(axis=-1, keepdims=True)
    against = highest[..., 0] + np.log(np.exp(others - highest).sum(axis=-1))
    return np.asarray(values[..., class_index] - against)


def predict_from_logits(
    logits: np.ndarray,
    manifest: Manifest,
    conformal: ConformalScores | None = None,
    *,
    level: float = DEFAULT_LEVEL,
) -> Prediction:
    """What these logits (C,) say under the manifest's classes, temperature and threshold.

    Args:
        logits: Of the manifest's model.
        conformal: What its prediction sets rest on; None for no set.
        level: Coverage asked of the sets.

    Raises:
        BundleError: the logits are not one finite number a class.
    """
    values = np.array(logits, dtype=np.float32)
    if values.shape != (len(manifest.classes),) or not np.isfinite(values).all():
        raise BundleError(
            f"Expected {len(manifest.classes)} finite logits, one a class, received {values} of "
            f"shape {values.shape}. The bundle '{manifest.id}' is damaged: train it again."
        )
    probabilities = softmax(values, manifest.temperature)
    for array in (values, probabilities):
        array.setflags(write=False)
    top_class = int(probabilities.argmax())
    n_classes = len(manifest.classes)
    kept = (
        prediction_set(probabilities, conformal.thresholds(level, n_classes)) if conformal else ()
    )
    largest = largest_useful(n_classes)
    is_sure = bool(probabilities[top_class] >= manifest.answer_threshold)
    is_answered = is_sure and len(kept) <= largest
    name = manifest.classes[top_class]
    top, threshold = told_apart(float(probabilities[top_class]), manifest.answer_threshold)
    return Prediction(
        classes=manifest.classes,
        logits=values,
        probabilities=probabilities,
        top_class=top_class,
        decision="answered" if is_answered else "abstained",
        reason=(
            f"{name} is the most probable class, at {top}; this model answers from {threshold}."
            if is_answered
            else f"No class is probable enough: {name} comes first at {top}, and this model "
            f"answers only from {threshold}."
            if not is_sure
            else f"{name} comes first at {top}, but {len(kept)} of {len(manifest.classes)} classes "
            f"cannot be ruled out; this model answers where at most {largest} remain."
        ),
        prediction_set=kept,
        level=level,
    )
