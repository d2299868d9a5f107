"""One measured number, with how far it may be off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number with its 95 % interval.

    Attributes:
        name: The field's standard term, such as "accuracy" or "sensitivity Benign".
        value: The measured value, 0 to 1 for rates; NaN-free.
        low, high: Bounds of the 95 % interval.
        n: Number of images that the figure rests on.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
