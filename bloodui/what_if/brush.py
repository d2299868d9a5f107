"""An image on which a rectangle can be drawn, to be covered."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from bloodui.render.pictures import picture_address
from models.image.degradation import Share
from models.image.scale import shrunk

_SHOWN_PX = 640
_GRID = 24


def show_brush(rgb: np.ndarray, *, key: str) -> Share | None:
    """Draw the image; answer with the rectangle drawn on it, in shares, or None."""
    state = st.plotly_chart(
        brush_figure(rgb),
        key=f"brush-{key}",
        on_select="rerun",
        selection_mode="box",
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["select2d", "pan2d", "zoom2d", "resetScale2d"]],
        },
        alt="The image as it was received. Draw a rectangle to cover it.",
    )
    return drawn_share(state)


def brush_figure(rgb: np.ndarray) -> go.Figure:
    """The image as a chart in which boxes can be drawn; axes are shares, 0 to 1."""
    height, width = rgb.shape[:2]
    # Plotly selects points, not images: an even grid that nobody sees makes boxes possible.
    across, down = np.meshgrid(np.linspace(0, 1, _GRID), np.linspace(0, 1, _GRID))
    figure = go.Figure(
        go.Scatter(
            x=across.ravel(),
            y=down.ravel(),
            mode="markers",
            marker={"opacity": 0.0, "size": 4},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    figure.add_layout_image(
        source=picture_address(shrunk(rgb, _SHOWN_PX)),
        xref="x",
        yref="y",
        x=0,
        y=0,
        sizex=1,
        sizey=1,
        xanchor="left",
        yanchor="top",
        sizing="stretch",
        layer="below",
    )
    figure.update_xaxes(range=[0, 1], visible=False, constrain="domain")
    figure.update_yaxes(
        range=[1, 0], visible=False, scaleanchor="x", scaleratio=height / width, constrain="domain"
    )
    figure.update_layout(
        height=380,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode="select",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure


def drawn_share(state: Any) -> Share | None:
    """The box of a chart's selection as shares of width and height; None without one."""
    boxes = ((state or {}).get("selection") or {}).get("box") or []
    if not boxes:
        return None
    left, right = sorted(min(max(float(edge), 0.0), 1.0) for edge in boxes[-1]["x"])
    top, bottom = sorted(min(max(float(edge), 0.0), 1.0) for edge in boxes[-1]["y"])
    if right - left < 0.01 or bottom - top < 0.01:
        return None
    return (left, top, right, bottom)
