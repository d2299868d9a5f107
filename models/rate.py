"""One measured number, with how far it may be off."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self

from pydantic import model_validator

from models.errors import BundleError
from models.stored import Stored

_HALVINGS = 30


def percent(rate: float) -> str:
    """A rate from 0 to 1 as a reader's per cent; never "100 %" for what is not certain."""
    if 0.999 < rate < 1:
        return "over 99.9 %"
    if 0 < rate < 0.001:
        return "under 0.1 %"
    return f"{100 * rate:.1f} %"


def told_apart(rate: float, limit: float) -> tuple[str, str]:
    """A rate and a limit as a reader's per cents, with as many decimals as tell them apart.

    Whatever is said of one being below or above the other is true of the written numbers, too.
    """
    words = percent(rate), percent(limit)
    decimals = 2
    while words[0] == words[1] and rate != limit and decimals < 12:
        words = f"{100 * rate:.{decimals}f} %", f"{100 * limit:.{decimals}f} %"
        decimals += 1
    return words


def hoeffding_bound(mean: float, n: int, *, confidence: float) -> float:
    """The least true share that a mean of n shares rules out (Hoeffding 1963, theorem 1).

    Args:
        mean: Of n independent numbers, each between 0 and 1.
        confidence: With which it is ruled out, above 0 and below 1.
    """
    low, high = mean, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle >= 1 or math.exp(-n * _divergence(mean, middle)) <= 1 - confidence:
            high = middle
        else:
            low = middle
    return high


def _divergence(mean: float, limit: float) -> float:
    """Kullback and Leibler's, of a coin of one chance from a coin of another."""
    if mean >= 1:
        return math.inf
    first = mean * math.log(mean / limit) if mean > 0 else 0.0
    return first + (1 - mean) * math.log((1 - mean) / (1 - limit))


class Rate(Stored):
    """One measured number with its 95 % interval, if it can have one."""

    refused_as = BundleError
    called = "the figure"

    name: str
    """The field's standard term, such as "accuracy" or "sensitivity Benign"."""
    value: float
    """The measured value, 0 to 1 for rates."""
    low: float | None
    """Lower bound of the 95 % interval; None where there is none, as of a single patient."""
    high: float | None
    """Upper bound of the 95 % interval; None where there is none."""
    n: int
    """Number of images that the figure rests on: of a class's sensitivity those of the class."""
    groups: int | None = None
    """Number of patients, cases or blocks that these images are of; None where it is not known."""

    @model_validator(mode="before")
    @classmethod
    def _claims_no_certainty(cls, data: Any) -> Any:
        """An interval without width, as cards of before hold some, is none."""
        if not isinstance(data, dict) or "low" not in data or data["low"] != data.get("high"):
            return data
        return {**data, "low": None, "high": None}

    @model_validator(mode="after")
    def _has_both_bounds_or_none(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError(
                f"Expected both bounds of '{self.name}' or none, received {self.low} and "
                f"{self.high}. Give both."
            )
        return self

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Lower and upper bound of the 95 % interval; None where there is none."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def is_above(self, limit: float) -> bool:
        """Whether the whole interval is above this; not so where there is none."""
        return self.low is not None and self.low > limit

    @property
    def interval_in_percent(self) -> str:
        """The interval of a rate: "97.4 to 99.0", or "no interval"."""
        return _between(self.bounds, lambda bound: f"{100 * bound:.1f}")

    @property
    def interval_in_decimals(self) -> str:
        """The interval of any figure: "0.974 to 0.990", or "no interval"."""
        return _between(self.bounds, lambda bound: f"{bound:.3f}")

    @property
    def in_percent(self) -> str:
        """A rate with its interval: "98.4 % (97.4 to 99.0)"."""
        return f"{percent(self.value)} ({self.interval_in_percent})"

    @property
    def in_decimals(self) -> str:
        """Any figure with its interval: "0.984 (0.974 to 0.990)"."""
        return f"{self.value:.3f} ({self.interval_in_decimals})"

    @property
    def size_in_words(self) -> str:
        """What it rests on: "n = 946 of 120 groups", without groups where these are the images."""
        if self.groups in (None, self.n):
            return f"n = {self.n:,}"
        return f"n = {self.n:,} of {self.groups:,} group{'' if self.groups == 1 else 's'}"


def _between(bounds: tuple[float, float] | None, written: Callable[[float], str]) -> str:
    return " to ".join(map(written, bounds)) if bounds else "no interval"


def proportion(name: str, n_right: int, n: int) -> Rate | None:
    """A rate with its 95 % interval by Wilson's score, without continuity correction.

    Source: Wilson 1927, J Am Stat Assoc 22:209; recommended for small n by Brown, Cai and
    DasGupta 2001, Statistical Science 16:101. None where n is 0.
    """
    if n == 0:
        return None
    from scipy.stats import binomtest

    interval = binomtest(n_right, n).proportion_ci(0.95, method="wilson")
    low, high = float(interval.low), float(interval.high)
    return Rate(name=name, value=n_right / n, low=low, high=high, n=n)
