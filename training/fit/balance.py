"""What evens out classes of unequal size: draws, repeated images and weighted losses."""

from __future__ import annotations

import numpy as np


def repeats(labels: np.ndarray, balance: str) -> np.ndarray:
    """Image numbers of one epoch, in which images of rare classes come up several times.

    Args:
        labels: (n,) int.
        balance: "none" for each image once; "balanced" for as many of each class as of the
            largest, "sqrt" for the square root of that factor.

    Returns:
        (m,) int, every image at least once, the same each time.
    """
    everything = np.arange(len(labels))
    if balance == "none":
        return everything
    counts = np.bincount(labels)
    parts = []
    for label in np.unique(labels):
        factor = counts.max() / counts[label]
        wanted = round(counts[label] * (factor**0.5 if balance == "sqrt" else factor))
        parts.append(np.resize(everything[labels == label], wanted))
    return np.sort(np.concatenate(parts))


def chances(labels: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """How likely each image is to be drawn, (n,) float that sums to 1.

    Every class is as likely as another, and within a class a laboratory goes by the square root of
    its number of images: so neither the class nor the laboratory with most images rules, and what
    one laboratory alone shows of a class is not repeated without end.

    Args:
        labels: (n,) int, class of each image.
        sources: (n,) int, data set of each image.
    """
    pairs, places, counts = np.unique(
        np.stack([labels, sources]), axis=1, return_inverse=True, return_counts=True
    )
    share = np.sqrt(counts)
    of_class = np.bincount(pairs[0], share)
    each = share / of_class[pairs[0]] / counts
    wanted: np.ndarray = each[places.ravel()]
    wanted /= wanted.sum()
    return wanted


def class_weights(labels: np.ndarray, balance: str, *, n_classes: int) -> dict[int, float] | None:
    """The weight of each class in the loss, 1 on average over the images; None for "none".

    Args:
        labels: (n,) int.
        balance: "none", "balanced" for inverse frequency, "sqrt" for its square root.
        n_classes: Number of classes, those without images too.
    """
    if balance == "none":
        return None
    counts = np.bincount(labels, minlength=n_classes)
    weights = len(labels) / (n_classes * np.maximum(counts, 1))
    if balance == "sqrt":
        weights = np.sqrt(weights)
    weights = weights / (weights * counts).sum() * counts.sum()
    return {number: float(weight) for number, weight in enumerate(weights)}
