"""From logits to calibrated probabilities, and to the decision to answer or to abstain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, bound_of_file
from models.answer.prediction_set import DEFAULT_LEVEL, ConformalScores, prediction_set
from models.bundle.manifest import Manifest
from models.errors import BundleError
from models.rate import told_apart

LEAST_PROBABILITY = 1e-12
"""Under this a probability counts as this much where its logarithm is taken."""


@dataclass(frozen=True, kw_only=True)
class AnswerRules:
    """What a site asks of its models.

    Attributes:
        set_level: Share of the images of each class whose prediction set shall hold it, 0–1.
        error_limit: Share of a model's answers that may be wrong, 0–1.
    """

    set_level: float = DEFAULT_LEVEL
    error_limit: float = DEFAULT_ERROR_LIMIT


DEFAULT_RULES = AnswerRules()


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """What a model says of one image, and whether it answers at all.

    Attributes:
        classes: Class names, in the order of the arrays.
        logits: (C,) float32, read-only, as the model gave them.
        probabilities: (C,) float64, read-only, calibrated by the manifest's temperature; sum 1.
        top_class: Index of the most probable class; given when the model abstains, too.
        decision: "answered"; "abstained" where the top probability is below the threshold; or
            "unproven" where it is not, but nothing bounds how many of such answers are wrong;
            "outside" where the model does not know such images, and was asked all the same.
        reason: The decision in words, with the rule that it follows.
        threshold: Probability below which the model abstains, 0–1.
        prediction_set: Indices of the classes that cannot be ruled out, the most probable first;
            empty where the bundle has nothing to tell them by.
        level: Share of images of each class whose set shall hold it, 0–1.
        compressed: Whether the threshold is higher than it would be, had the file been compressed
            less.
    """

    classes: tuple[str, ...]
    logits: np.ndarray
    probabilities: np.ndarray
    top_class: int
    decision: Literal["answered", "abstained", "unproven", "outside"]
    reason: str
    threshold: float
    prediction_set: tuple[int, ...] = ()
    level: float = DEFAULT_LEVEL
    compressed: bool = False


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


def without_proof(prediction: Prediction, why: str, *, is_outside: bool) -> Prediction:
    """The same, where what a model promises does not hold: what was answered is unproven, and no
    set is known to hold the true class.

    Args:
        why: A sentence.
        is_outside: Whether the model does not know such images: that is the decision then.
    """
    prediction = replace(prediction, prediction_set=())
    if is_outside:
        return replace(prediction, decision="outside", reason=f"Not proven: {why}")
    if prediction.decision == "abstained":
        return replace(
            prediction, reason=f"{prediction.reason} Nor would an answer be proven: {why}"
        )
    name = prediction.classes[prediction.top_class]
    top, _ = told_apart(float(prediction.probabilities[prediction.top_class]), prediction.threshold)
    return replace(
        prediction, decision="unproven", reason=f"{name} comes first at {top}. Not proven: {why}"
    )


def predict_from_logits(
    logits: np.ndarray,
    manifest: Manifest,
    conformal: ConformalScores | None = None,
    *,
    rules: AnswerRules = DEFAULT_RULES,
    jpeg_quality: int | None = None,
) -> Prediction:
    """What these logits (C,) say under the manifest's classes and temperature.

    The model answers from the threshold that its risk proves; where it proves none, it abstains
    below the manifest's threshold, and what is above is unproven.

    Args:
        logits: Of the manifest's model.
        conformal: What its prediction sets rest on; None for no set.
        rules: What is asked of sets and answers.
        jpeg_quality: How hard the file was compressed, see `bound_of_file`.

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
    kept: tuple[int, ...] = ()
    if conformal is not None:
        limits = conformal.thresholds(rules.set_level, len(manifest.classes))
        kept = prediction_set(probabilities, limits)
    bound = bound_of_file(manifest, rules.error_limit, jpeg_quality)
    threshold = manifest.answer_threshold if bound.threshold is None else bound.threshold
    is_sure = bool(probabilities[top_class] >= threshold)
    name = manifest.classes[top_class]
    top, least = told_apart(float(probabilities[top_class]), threshold)
    least += " in a file that was compressed this hard" if bound.compressed else ""
    decision: Literal["answered", "abstained", "unproven"] = "abstained"
    reason = (
        f"No class is probable enough: {name} comes first at {top}, and this model "
        f"answers only from {least}."
    )
    if is_sure and bound.threshold is None:
        decision, reason = "unproven", f"{name} comes first at {top}. {bound.in_words}"
    elif is_sure:
        decision = "answered"
        reason = (
            f"{name} is the most probable class, at {top}; this model answers from {least}. "
            f"{bound.in_words}"
        )
    return Prediction(
        classes=manifest.classes,
        logits=values,
        probabilities=probabilities,
        top_class=top_class,
        decision=decision,
        reason=reason,
        threshold=threshold,
        prediction_set=kept,
        level=rules.set_level,
        compressed=bound.compressed,
    )
