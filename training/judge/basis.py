"""What a figure rests on: which images, of how many groups, and what it could be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.rate import Rate, proportion

_ROUNDING = 1e-9  # bounds nearer than this are one

Sides = tuple[np.ndarray, ...]
"""(n,) bool a side: the images of a class, or those of it and all others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Basis:
    """What one figure rests on.

    Attributes:
        rows: (n,) bool, the images that are counted; None for all.
        parts: A figure that is a mean over classes has a part for each. A part is as sure as its
            smallest side: a sensitivity has one, the class; an AUROC two, the class and the rest.
            Empty for one part whose only side is `rows`.
        lowest, highest: What the figure could be.
    """

    rows: np.ndarray | None = None
    parts: tuple[Sides, ...] = ()
    lowest: float = 0.0
    highest: float = 1.0

    def figure(
        self, name: str, value: float, drawn: tuple[float, float], groups: np.ndarray
    ) -> Rate:
        """A figure with its interval, the n and the number of groups that it rests on.

        Args:
            name: See `models.rate.Rate`.
            value: As measured on all images.
            drawn: Bounds of what draws of groups gave.
            groups: (n,) int, patient, case or block of each image.
        """
        rows = np.ones(len(groups), bool) if self.rows is None else self.rows
        parts = self.parts or ((rows,),)
        found = [min(len(np.unique(groups[side])) for side in part) for part in parts]
        low, high = self.interval(value, drawn, found)
        return Rate(
            name=name,
            value=value,
            low=low,
            high=high,
            n=int(rows.sum()),
            groups=len(np.unique(groups[rows])),
        )

    def interval(
        self, value: float, drawn: tuple[float, float], found: Sequence[int]
    ) -> tuple[float, float] | tuple[None, None]:
        """The bounds of a figure: as drawn, unless every draw was the same; none for one group.

        Groups that all agree still leave room for some that don't: of n groups, Wilson's upper
        bound for 0 of n. In those the figure could be anything from lowest to highest. Of a rate
        of 0 or 1 this is Wilson's interval over groups.

        Args:
            value: As measured on all images.
            drawn: Bounds of what draws of groups gave.
            found: Number of groups of each part.
        """
        if max(found) < 2:
            return None, None
        if drawn[1] - drawn[0] > _ROUNDING:
            return float(drawn[0]), float(drawn[1])
        unseen = float(np.mean([share_unseen(n) for n in found]))
        return (
            value - unseen * (value - self.lowest),
            value + unseen * (self.highest - value),
        )


def share_unseen(n: int) -> float:
    """The largest share of groups that may differ where n groups agree: Wilson's upper bound."""
    none = proportion("groups that differ", 0, n)
    return none.high if none and none.high is not None else 1.0


def mean_over_classes(
    labels: np.ndarray, n_classes: int, *, lowest: float = 0.0, against_rest: bool = False
) -> Basis:
    """What a mean over the classes that are there rests on.

    Args:
        labels: (n,) int, the truth.
        n_classes: How many there are.
        lowest: See `Basis`.
        against_rest: Whether each class is measured against all others, as by an AUROC.
    """
    sides = [labels == number for number in range(n_classes) if (labels == number).any()]
    return Basis(
        parts=tuple((side, ~side) if against_rest else (side,) for side in sides), lowest=lowest
    )


def bases_of_measures(
    predicted: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> dict[str, Basis]:
    """What each measure of `training.judge.measures.measure_all` rests on, by its name.

    A sensitivity rests on the images of the class, a specificity on all others, a precision on
    those that were answered so, an F1 on those that are or were answered so; an AUROC on all.

    Args:
        predicted: (n,) int, the class that was answered.
        labels: (n,) int, the truth.
        classes: Names, in the order of their numbers.
    """
    each_class = mean_over_classes(labels, len(classes))
    found = {
        "balanced accuracy": each_class,
        "macro F1": each_class,
        "macro precision": each_class,
        "macro specificity": mean_over_classes(labels, len(classes), against_rest=True),
        "Matthews correlation": mean_over_classes(labels, len(classes), lowest=-1.0),
        "macro AUROC": mean_over_classes(labels, len(classes), against_rest=True),
        "Brier score": Basis(highest=2.0),
    }
    for number, name in enumerate(classes):
        true, called = labels == number, predicted == number
        found[f"sensitivity {name}"] = Basis(rows=true)
        found[f"specificity {name}"] = Basis(rows=~true)
        found[f"precision {name}"] = Basis(rows=called)
        found[f"F1 {name}"] = Basis(rows=true | called)
        found[f"AUROC {name}"] = Basis(parts=((true, ~true),))
    return found
