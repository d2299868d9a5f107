"""From which probability a model may answer: a bound on its wrong answers, not a target.

Learn then test (Angelopoulos et al. 2021, arXiv 2110.01052): thresholds are tested one after the
other, from the strictest to the loosest, until one cannot be proven; the last that could is taken.
Each is tested by Hoeffding's bound on the mean over groups (Hoeffding 1963, theorem 1), so that a
patient, case or block counts once, however many images it has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.bundle.manifest import RISK_CONFIDENCE, Emptied, Manifest, Risk
from models.rate import hoeffding_bound, percent, told_apart

DEFAULT_ERROR_LIMIT = 0.05
"""Share of a model's answers that may be wrong, where a site sets no other."""
LEAST_JPEG_QUALITY = 90
"""Of a file on which the bound is taken to hold where nothing was measured on compressed images."""
MOST_EMPTIED = 0.05
"""Share of its own fields that a model may answer with all cells painted out."""
LEAST_ANSWERED = 0.5
"""A threshold at which a model answers less of its images than this is not looked at."""

THRESHOLDS = (0.999, 0.998, 0.995, 0.99, 0.98, 0.97, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.0)
"""Those that are tested: set beforehand, so that no image that they are tested on chose them."""
_GROUPS = "groups of images (patients or cases; blocks of file numbers where those are unknown)"


@dataclass(frozen=True, kw_only=True)
class AnswerBound:
    """From where on a model may answer, if it may at all.

    Attributes:
        threshold: Probability from which it answers; None where nothing is proven, and it may not.
        error_limit: Share of its answers that may be wrong.
        n_groups: Number of patients, cases or blocks that this rests on: with an answer from there
            on, or where nothing is proven all that it was measured on.
        held_back: What it would do on its own fields with all cells painted out at the strictest
            threshold that few wrong answers would have let it take, and these fields did not;
            None where they stood in the way of nothing.
        compressed: Whether the threshold is of a compressed file, and higher than of another.
    """

    threshold: float | None
    error_limit: float
    n_groups: int
    held_back: Emptied | None = None
    compressed: bool = False

    @property
    def in_words(self) -> str:
        """What is proven of its answers, in a sentence, or why nothing is."""
        limit = f"at most {100 * self.error_limit:g} % of answers wrong"
        if self.threshold is not None:
            return (
                f"Proven on {self.n_groups} {_GROUPS}, of its own laboratories: {limit}, with "
                f"{100 * RISK_CONFIDENCE:g} % confidence."
            )
        if not self.n_groups:
            return (
                "Not proven: it was not measured from which probability on few of its answers are "
                "wrong."
            )
        if self.held_back is not None:
            share, most = told_apart(self.held_back.answered, MOST_EMPTIED)
            return (
                f"Not proven: with all cells painted out it would still answer {share} of its own "
                f"fields (n {self.held_back.n_images}), were it asked to be "
                f"{100 * self.held_back.threshold:g} % sure; at most {most} were wanted. It reads "
                "the picture, not only the cells."
            )
        needed = groups_needed(self.error_limit)
        if self.n_groups < needed:
            return (
                f"Not proven: it was measured on {self.n_groups} {_GROUPS}, and {limit} needs "
                f"{needed} without an error."
            )
        return (
            f"Not proven: of its answers on {self.n_groups} {_GROUPS} too many were wrong for "
            f"{limit}."
        )


def groups_needed(error_limit: float) -> int:
    """How many groups without one wrong answer prove a share of wrong answers, at least."""
    return math.ceil(math.log(1 - RISK_CONFIDENCE) / math.log1p(-error_limit))


def risk_curve(confidences: np.ndarray, wrong: np.ndarray, groups: np.ndarray) -> tuple[Risk, ...]:
    """What a model does from each of `THRESHOLDS` on at which it answers anything.

    Args:
        confidences: (n,) float, calibrated probability of the class that came first, of images
            that the model had not learned from.
        wrong: (n,) bool, whether another class was true.
        groups: (n,) int, patient, case or block of each image.
    """
    _, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    found = []
    for threshold in THRESHOLDS:
        is_answered = confidences >= threshold
        if not is_answered.any():
            continue
        answered = np.bincount(group_of, weights=is_answered, minlength=len(sizes))
        mistaken = np.bincount(group_of, weights=is_answered & wrong, minlength=len(sizes))
        some = answered > 0
        share = float((mistaken[some] / answered[some]).mean())
        found.append(
            Risk(
                threshold=threshold,
                answered=float((answered / sizes).mean()),
                wrong=share,
                bound=hoeffding_bound(share, int(some.sum()), confidence=RISK_CONFIDENCE),
                n_groups=int(some.sum()),
            )
        )
    return tuple(found)


def emptied_curve(confidences: np.ndarray, is_own_kind: np.ndarray) -> tuple[Emptied, ...]:
    """What a model does from each of `THRESHOLDS` on, on its own fields with all cells painted out.

    Args:
        confidences: (n,) float, calibrated probability of the class that came first.
        is_own_kind: (n,) bool, whether the model takes the field for its own kind.
    """
    return tuple(
        Emptied(
            threshold=threshold,
            answered=float((is_own_kind & (confidences >= threshold)).mean()),
            n_images=len(confidences),
        )
        for threshold in THRESHOLDS
        if len(confidences)
    )


def answer_bound(
    curve: Sequence[Risk], error_limit: float, emptied: Sequence[Emptied] = ()
) -> AnswerBound:
    """From where on a model may answer.

    Args:
        curve: See `risk_curve`; empty where nothing is known.
        error_limit: Share of its answers that may be wrong, above 0 and below 1.
        emptied: See `emptied_curve`; empty where nothing is known.
    """
    proven = held_back = None
    for risk in curve:
        # Neither looks at what was wrong: a threshold that is passed over spoils no test.
        if risk.answered < LEAST_ANSWERED or risk.n_groups < groups_needed(error_limit):
            continue
        if risk.bound > error_limit:
            break
        without_cells = emptied_at(emptied, risk.threshold)
        if without_cells is not None and without_cells.answered > MOST_EMPTIED:
            held_back = without_cells
            break
        proven = risk
    if proven is None:
        n_groups = max((risk.n_groups for risk in curve), default=0)
        return AnswerBound(
            threshold=None, error_limit=error_limit, n_groups=n_groups, held_back=held_back
        )
    return AnswerBound(
        threshold=proven.threshold,
        error_limit=error_limit,
        n_groups=proven.n_groups,
        held_back=held_back,
    )


def bound_of(manifest: Manifest, error_limit: float) -> AnswerBound:
    """From where on a model may answer files that were not compressed hard.

    Args:
        manifest: Of the model.
        error_limit: Share of its answers that may be wrong, above 0 and below 1.
    """
    return answer_bound(manifest.risk, error_limit, manifest.emptied)


def emptied_at(curve: Sequence[Emptied], threshold: float) -> Emptied | None:
    """What is known of a model on its own fields without cells from a threshold on.

    Where it was not measured at this one, that of the next below, where it answers no fewer; a
    manifest's curve reaches as far as its risk. None of an empty curve.
    """
    return next((each for each in curve if each.threshold <= threshold), None)


def least_jpeg_quality(manifest: Manifest) -> int:
    """Down to which JPEG quality, 1 to 100, it is known how often a model's answers are wrong."""
    measured = (each.jpeg_quality for each in manifest.risk_compressed)
    return min(measured, default=LEAST_JPEG_QUALITY)


def bound_of_file(manifest: Manifest, error_limit: float, jpeg_quality: int | None) -> AnswerBound:
    """From where on a model may answer for a file.

    A hard compressed one asks for proof on every curve down to a quality no higher than its own,
    and for the strictest of their thresholds: it is never answered where a better one is not.

    Args:
        manifest: Of the model.
        error_limit: Share of its answers that may be wrong, above 0 and below 1.
        jpeg_quality: Of the file, 0 where a lossy one does not tell; None for what lost nothing.
    """
    bound = bound_of(manifest, error_limit)
    quality = LEAST_JPEG_QUALITY if jpeg_quality is None else jpeg_quality
    if quality >= LEAST_JPEG_QUALITY or bound.threshold is None:
        return bound
    for each in manifest.risk_compressed:
        further = answer_bound(each.risk, error_limit)
        if further.threshold is None:
            return further
        if further.threshold > bound.threshold:
            bound = replace(further, compressed=True)
        if each.jpeg_quality <= quality:
            return bound
    return AnswerBound(threshold=None, error_limit=error_limit, n_groups=0)


def proof_in_words(manifest: Manifest, error_limit: float) -> str:
    """What is proven of a model's answers, and of which files, in a few sentences.

    Args:
        manifest: Of the model.
        error_limit: Share of its answers that may be wrong, above 0 and below 1.
    """
    bound = bound_of(manifest, error_limit)
    if bound.threshold is None:
        return bound.in_words
    words = f"{bound.in_words} It answers from a probability of {bound.threshold:g}"
    if bound.held_back is not None:
        words += (
            f" (from {bound.held_back.threshold:g} it would answer "
            f"{told_apart(bound.held_back.answered, MOST_EMPTIED)[0]} of its own fields with all "
            "cells painted out)"
        )
    above = LEAST_JPEG_QUALITY
    for each in manifest.risk_compressed:
        threshold = bound_of_file(manifest, error_limit, each.jpeg_quality).threshold
        if threshold is None:
            break
        words += f", JPEG files of quality {each.jpeg_quality} to {above - 1} from {threshold:g}"
        above = each.jpeg_quality
    words += f". JPEG files below quality {above} are not answered."
    without_cells = emptied_at(manifest.emptied, bound.threshold)
    if without_cells is None:
        return words
    return (
        f"{words} With all cells painted out it answers {percent(without_cells.answered)} of its "
        f"own fields (n {without_cells.n_images})."
    )
