"""A measure against its limits as a small bullet chart (Few 2006, "Information Dashboard
Design"), in HTML that stretches with its column and follows the page's text colour.

Streamlit is not imported: pages and reports draw with the same code.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from bloodui.render.text import as_html
from models.image.quality import Measure

# Okabe and Ito's palette: told apart with every colour-vision deficiency.
BAND_COLOURS = {"good": "#009e73", "usable": "#e69f00", "declined": "#d55e00"}
BAND_WORDS = {"good": "good", "usable": "usable", "declined": "declined"}


@dataclass(frozen=True, kw_only=True)
class _Band:
    """A stretch of the axis with one verdict, as shares of its length."""

    start: float
    end: float
    verdict: str


def bullet_html(measure: Measure) -> str:
    """The measure's value on a bar of its limits, as an HTML element with a label in words."""
    low, high = _axis(measure)
    bands = "".join(
        _mark(
            f"left:{100 * band.start:.2f}%;width:{100 * (band.end - band.start):.2f}%;top:6px;"
            f"height:8px;background:{BAND_COLOURS[band.verdict]};opacity:0.8"
        )
        for band in _bands(measure, low, high)
    )
    share = 100 * min(max((measure.value - low) / (high - low), 0.01), 0.99)
    needle = _mark(
        f"left:calc({share:.2f}% - 2px);width:4px;top:0;height:20px;background:currentColor;"
        "border-radius:2px"
    )
    value = f"{number(measure.value)} {measure.unit}".strip()
    label = as_html(f"{measure.name}: {value}, {measure.verdict}")
    return (
        f'<div role="img" aria-label="{label}" class="bloodui-bullet" '
        f'style="position:relative;height:20px;min-width:6rem">{bands}{needle}</div>'
    )


def limits_in_words(measure: Measure) -> str:
    """The measure's limits in one phrase: "declined below 12, a warning below 30"."""
    limit = measure.limit
    parts = [
        f"{verb} {side} {number(value)}"
        for verb, side, value in (
            ("declined", "below", limit.declined_below),
            ("a warning", "below", limit.warned_below),
            ("a warning", "above", limit.warned_above),
            ("declined", "above", limit.declined_above),
        )
        if value is not None
    ]
    return ", ".join(parts) or "no limit"


def number(value: float) -> str:
    """A measured value with about three digits: at most three decimals, no powers of ten."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 0.1:
        return f"{value:.3g}"
    return f"{value:.3f}".rstrip("0") if abs(value) >= 0.0005 else "0"


def _axis(measure: Measure) -> tuple[float, float]:
    """Both ends of the axis: every limit and, within reason, the value have room on it.

    A value far outside would press the limits together; it is drawn at the end instead.
    """
    edges = _edges(measure) or [measure.value]
    lowest, highest = min(*edges, measure.value), max(edges)
    if lowest >= 0 and highest > 0:
        return 0.0, max(1.25 * highest, min(1.05 * measure.value, 4 * highest))
    span = (highest - min(edges)) or abs(highest) or 1.0
    value = min(max(measure.value, min(edges) - 2 * span), highest + 2 * span)
    return min(value, *edges) - 0.25 * span, max(value, *edges) + 0.25 * span


def _bands(measure: Measure, low: float, high: float) -> list[_Band]:
    cuts = sorted({low, high, *(edge for edge in _edges(measure) if low < edge < high)})
    return [
        _Band(
            start=(left - low) / (high - low),
            end=(right - low) / (high - low),
            verdict=measure.limit.verdict((left + right) / 2),
        )
        for left, right in pairwise(cuts)
    ]


def _edges(measure: Measure) -> list[float]:
    limit = measure.limit
    edges = (limit.declined_below, limit.warned_below, limit.warned_above, limit.declined_above)
    return [edge for edge in edges if edge is not None]


def _mark(style: str) -> str:
    return f'<span style="position:absolute;{style}"></span>'
