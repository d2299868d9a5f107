"""One measured number, with how far it may be off."""

from __future__ import annotations

from dataclasses import dataclass


def percent(rate: float) -> str:
    """A rate from 0 to 1 as a reader's per cent; never "100 %" for what is not certain."""
    if 0.999 < rate < 1:
        return "over 99.9 %"
    if 0 < rate < 0.001:
        return "under 0.1 %"
    return f"{100 * rate:.1f} %"


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

    @property
    def in_percent(self) -> str:
        """A rate with its interval: "98.4 % (97.4 to 99.0)"."""
        return f"{percent(self.value)} ({100 * self.low:.1f} to {100 * self.high:.1f})"

    @property
    def in_decimals(self) -> str:
        """Any figure with its interval: "0.984 (0.974 to 0.990)"."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"
