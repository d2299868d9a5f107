"""Intervals of figures as Plotly draws them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models.rate import Rate


def whiskers(figures: Iterable[Rate], **looks: Any) -> dict[str, Any]:
    """An `error_x` or `error_y` that reaches from low to high; `looks` such as its thickness.

    A figure without an interval has no whisker.
    """
    reach = [(each.value, *(each.bounds or (each.value, each.value))) for each in figures]
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in reach],
        "arrayminus": [value - low for value, low, _ in reach],
        **looks,
    }
