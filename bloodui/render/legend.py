"""Where a chart's legend stands."""

from __future__ import annotations

import plotly.graph_objects as go


def with_legend_above(figure: go.Figure, *, height: int) -> go.Figure:
    """The figure, of that height in pixels, with its legend in a line above and narrow margins."""
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02},
    )
    return figure
