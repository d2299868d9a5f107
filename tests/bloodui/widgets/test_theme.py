"""Charts are drawn in the colours of the theme, which can be read on its background."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

CONFIG = Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml"
PLACES_IN_STREAMLITS_PLOTLY_THEME = 10
LEAST_CONTRAST = 4.5


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" (WCAG 2.2)."""
    shares = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_theme_has_a_readable_colour_for_every_place_of_streamlits_charts(name: str) -> None:
    theme = tomllib.loads(CONFIG.read_text("utf-8"))["theme"][name]
    colours = theme["chartCategoricalColors"]
    # One too few, and the colours of all charts are Plotly's own.
    assert len(set(colours)) == len(colours) == PLACES_IN_STREAMLITS_PLOTLY_THEME
    background = luminance(theme["backgroundColor"])
    for colour in colours:
        darker, lighter = sorted((luminance(colour), background))
        assert (lighter + 0.05) / (darker + 0.05) >= LEAST_CONTRAST, colour
