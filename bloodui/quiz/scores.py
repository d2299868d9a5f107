"""How well residents read: accuracy, agreement, and whether their confidence may be believed.

An image whose time ran out counts as wrong in the accuracy. It has no class, so the confusion
matrix, kappa and calibration leave it out; their n says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bloodui.quiz.quiz import Answer, Attempt
from models import agreement
from models.rate import Rate, proportion
from training.judge.basis import Basis
from training.judge.bootstrap import bootstrap_figures
from training.judge.measures import (
    confidence_bins,
    confusion_matrix,
    expected_calibration_error,
)

NO_ANSWER = -1
RELIABILITY_BINS = 5


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Answers of like confidence, and how many of them were right.

    Attributes:
        low, high: Bounds of the confidence, 0–1; the upper one belongs to the last bin alone.
        confidence: The mean of the answers.
        accuracy: Share of them that were right, with n and interval.
    """

    low: float
    high: float
    confidence: float
    accuracy: Rate


@dataclass(frozen=True, kw_only=True)
class Score:
    """One resident's figures, or those of several together.

    Attributes:
        accuracy: None where no image was read.
        kappa: Against the truth; None where it cannot be told (see `kappa`). Its interval takes
            longer: `kappa_with_truth`.
        confusion: Counts; rows are the truth, columns the answer.
        calibration_error: 0–1, or None without an answer.
        reliability: Bins that hold answers.
        median_s: Seconds an image, or None.
        n_timed_out: Images whose time ran out.
    """

    accuracy: Rate | None
    kappa: float | None
    confusion: tuple[tuple[int, ...], ...]
    calibration_error: float | None
    reliability: tuple[ReliabilityBin, ...]
    median_s: float | None
    n_timed_out: int


@dataclass(frozen=True, kw_only=True)
class PairKappa:
    """Agreement of two residents on the images that both answered; None where not to be told."""

    first: str
    second: str
    kappa: float | None
    n: int


def score(answers: Sequence[Answer], truths: Sequence[int], *, n_classes: int) -> Score:
    """The figures of answers, given by one resident or by several.

    Args:
        answers: In any order; images that were not read yet are not among them.
        truths: The class of each image of the quiz.
        n_classes: How many the quiz has.
    """
    images = np.array([answer.position for answer in answers], int)
    truth = np.asarray(truths, int)[images]
    said = np.array([NO_ANSWER if a.answer is None else a.answer for a in answers], int)
    sure = np.array([answer.confidence or 0.0 for answer in answers], float)
    right, given = said == truth, said != NO_ANSWER
    cells = confusion_matrix(said[given], truth[given], n_classes)
    return Score(
        accuracy=accuracy_of(right, images),
        kappa=kappa(said, truth),
        confusion=tuple(tuple(int(count) for count in row) for row in cells),
        calibration_error=calibration_error(sure[given], right[given]),
        reliability=reliability(sure[given], right[given], images[given], lowest=1 / n_classes),
        median_s=float(np.median([a.elapsed_s for a in answers])) if answers else None,
        n_timed_out=int((~given).sum()),
    )


def kappa_with_truth(answers: Sequence[Answer], truths: Sequence[int]) -> Rate | None:
    """Cohen's kappa of answers against the truth, with its interval; None as in `kappa`."""
    said = np.array([NO_ANSWER if a.answer is None else a.answer for a in answers], int)
    images = np.array([answer.position for answer in answers], int)
    return kappa_figure(said, np.asarray(truths, int)[images], images)


def accuracy_of(right: np.ndarray, images: np.ndarray) -> Rate | None:
    """Share of right answers, with its interval; None without an answer.

    Wilson's interval where every answer is to another image. Several readers' answers to one
    image are not independent: then images are drawn with replacement (bootstrap).

    Args:
        right: (n,) bool.
        images: (n,) int, the image of each answer.
    """
    if len(np.unique(images)) == len(images):
        return proportion("accuracy", int(right.sum()), len(right))
    return bootstrap_figures(lambda rows: {"accuracy": float(right[rows].mean())}, images)[0]


def kappa(first: np.ndarray, second: np.ndarray) -> float | None:
    """Cohen's kappa of two raters on the images that both answered, see `models.agreement.kappa`.

    Args:
        first, second: (n,) int, class numbers; pairs with `NO_ANSWER` are left out.
    """
    both = (first != NO_ANSWER) & (second != NO_ANSWER)
    return agreement.kappa(first[both], second[both])


def kappa_figure(
    first: np.ndarray, second: np.ndarray, images: np.ndarray | None = None
) -> Rate | None:
    """Cohen's kappa with its 95 % interval, by drawing images with replacement (bootstrap).

    Args:
        first, second: As for `kappa`.
        images: (n,) int, the image of each pair; each pair is of another image where None.
    """
    both = (first != NO_ANSWER) & (second != NO_ANSWER)
    a, b = first[both], second[both]
    groups = np.arange(len(a)) if images is None else images[both]
    if kappa(a, b) is None:
        return None

    def measured(rows: np.ndarray) -> dict[str, float]:
        value = kappa(a[rows], b[rows])
        return {"kappa": float("nan") if value is None else value}

    bases = {"kappa": Basis(lowest=-1.0)}
    return next(iter(bootstrap_figures(measured, groups, bases=bases)), None)


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float | None:
    """Mean gap between confidence and accuracy, as `training.judge.measures` has it for models.

    Args:
        confidence: (n,) float, 0–1.
        right: (n,) bool.
    """
    return expected_calibration_error(confidence, right) if len(confidence) else None


def reliability(
    confidence: np.ndarray, right: np.ndarray, images: np.ndarray, *, lowest: float
) -> tuple[ReliabilityBin, ...]:
    """Accuracy by confidence, in five equal bins from chance to certainty; empty ones left out.

    Args:
        confidence: (n,) float, 0–1.
        right: (n,) bool.
        images: (n,) int, the image of each answer.
        lowest: Confidence of a guess, 1 / classes; what is below counts to the first bin.
    """
    sorted_in = confidence_bins(confidence, right, n_bins=RELIABILITY_BINS, lowest=lowest)
    bins = []
    for number in range(RELIABILITY_BINS):
        inside = sorted_in.number == number
        accuracy = accuracy_of(right[inside], images[inside])
        if accuracy is not None:
            bins.append(
                ReliabilityBin(
                    low=float(sorted_in.edges[number]),
                    high=float(sorted_in.edges[number + 1]),
                    confidence=float(sorted_in.mean_confidence[number]),
                    accuracy=accuracy,
                )
            )
    return tuple(bins)


def said_by(attempt: Attempt, n_images: int) -> np.ndarray:
    """The class that a resident named for each image, (n,) int, `NO_ANSWER` where none."""
    said = np.full(n_images, NO_ANSWER)
    for given in attempt.answers:
        if given.answer is not None:
            said[given.position] = given.answer
    return said


def kappas_among(attempts: Sequence[Attempt], n_images: int) -> tuple[PairKappa, ...]:
    """Cohen's kappa of every two residents."""
    said = {attempt.alias: said_by(attempt, n_images) for attempt in attempts}
    return tuple(
        PairKappa(
            first=one,
            second=two,
            kappa=kappa(said[one], said[two]),
            n=int(((said[one] != NO_ANSWER) & (said[two] != NO_ANSWER)).sum()),
        )
        for one, two in combinations(said, 2)
    )


def mean_kappa(pairs: Sequence[PairKappa]) -> float | None:
    """Mean of the pairs whose kappa can be told (Light 1971, Psychol Bull 76:365), or None."""
    kappas = [pair.kappa for pair in pairs if pair.kappa is not None]
    return float(np.mean(kappas)) if kappas else None
