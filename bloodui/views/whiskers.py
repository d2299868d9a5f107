"""Intervals of figures as Plotly draws them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models.figure import Figure


def whiskers(figures: Iterable[Figure], **looks: Any) -> dict[str, Any]:
    """An `error_x` or `error_y` that reaches from low to high; `looks` such as its thickness."""
    shown = list(figures)
    return {
        "type": "data",
        "symmetric": False,
        "array": [figure.high - figure.value for figure in shown],
        "arrayminus": [figure.value - figure.low for figure in shown],
        **looks,
    }
