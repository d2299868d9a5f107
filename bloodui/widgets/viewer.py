"""The image, to be zoomed and moved, with the saliency map over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from bloodui.render.outlines import Mark
from bloodui.render.overlay import FAINT_RGB, PlacedMap, contour_lines, heat_rgba
from bloodui.render.pictures import picture_address, transparent_address
from bloodui.render.text import as_plotly
from models.image.scale import shrunk

SHOWN_PX = 2048
"""Images with a longer side are shown smaller; the model still gets every pixel."""

HINT = "Ctrl and the wheel zoom, or two fingers; drag to move; a double click resets."
_HAIR_PX = 1e-6
_SCALE_BARS_UM = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """An image as the viewer needs it.

    Attributes:
        label: Its name on the page; also read out by a screen reader.
        rgb: (H, W, 3) uint8, the original.
        um_per_px: Micrometres a pixel, or None where unknown; then no scale bar is drawn.
    """

    label: str
    rgb: NDArray[np.uint8]
    um_per_px: float | None


@dataclass(frozen=True, kw_only=True)
class Look:
    """How the map is drawn: opacity 0–1 at its peak, contour, and whether to zoom to the peak."""

    opacity: float
    contour: bool
    zoomed: bool


def show_viewer(
    picture: Picture,
    placed: PlacedMap | None,
    look: Look,
    *,
    key: str,
    marks: Sequence[Mark] = (),
) -> None:
    """Draw the image with its map or outlines, to be zoomed and moved as the hint under it says.

    The wheel alone scrolls the page (`wheel.js`).

    Args:
        placed: The map on the original image; None where there is none to draw.
        key: Changes with the image, so that the zoom is kept while the map's look changes.
        marks: Parts that are outlined, in pixels of the original.
    """
    alt = f"{picture.label}, {picture.rgb.shape[1]} by {picture.rgb.shape[0]} pixels"
    if placed is not None:
        alt += ", with the saliency map over it"
    elif marks:
        alt += ", with what moved the answer outlined"
    with st.container(key="viewer", height=480, border=False):
        st.plotly_chart(
            viewer_figure(picture, placed, look, revision=key, marks=marks),
            key="viewer_chart",
            height="stretch",
            config={
                "scrollZoom": True,
                "displaylogo": False,
                "displayModeBar": True,
                "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "toImage"],
            },
            alt=alt,
        )
    st.caption(HINT)


def viewer_figure(
    picture: Picture,
    placed: PlacedMap | None,
    look: Look,
    *,
    revision: str,
    marks: Sequence[Mark] = (),
) -> go.Figure:
    """The image and its map or outlines as a figure whose axes are pixels of the original."""
    height, width = picture.rgb.shape[:2]
    images = [_layer(picture_address(shrunk(picture.rgb, SHOWN_PX)), (0, 0, width, height))]
    figure = go.Figure(go.Scatter(x=[0, width], y=[0, height], mode="markers", opacity=0))
    left, top, right, bottom = 0.0, 0.0, float(width), float(height)
    if placed is not None:
        # plotly.js takes layers of the very same place for one: the map lies a hair beside.
        beside = (placed.region[0] + _HAIR_PX, *placed.region[1:])
        heat = heat_rgba(placed.values, look.opacity, is_doubtful=placed.is_doubtful)
        images.append(_layer(transparent_address(heat), beside))
        if look.contour:
            _add_contour(figure, placed)
        if look.zoomed:
            left, top, right, bottom = _around(placed.peak, width, height)
    elif marks and look.zoomed:
        left, top, right, bottom = _around(marks[-1].middle, width, height)
    for mark in marks:
        _add_mark(figure, mark, look.opacity)
    if picture.um_per_px is not None:
        _add_scale_bar(figure, picture.um_per_px, width, height)
    figure.update_traces(hoverinfo="skip", showlegend=False)
    if marks:
        _add_words(figure, marks)
    figure.update_layout(
        images=images,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode="pan",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision=f"{revision}:{look.zoomed}",
        modebar={"bgcolor": "rgba(255,255,255,0.7)", "color": "#555555", "activecolor": "#0b6e7d"},
    )
    hidden = {"visible": False, "constrain": "domain"}
    figure.update_xaxes(range=[left, right], **hidden)
    figure.update_yaxes(range=[bottom, top], scaleanchor="x", **hidden)
    return figure


def _around(
    place: tuple[float, float], width: int, height: int
) -> tuple[float, float, float, float]:
    (x, y), reach = place, max(width, height) / 6
    return x - reach, y - reach, x + reach, y + reach


def _add_mark(figure: go.Figure, mark: Mark, opacity: float) -> None:
    gap = np.full((1, 2), np.nan)
    points = np.vstack([part for line in mark.lines for part in (line, gap)])
    line = {"color": f"rgb{mark.rgb}", "width": mark.line_px}
    edge = {"color": "white", "width": mark.line_px + 2}
    for each in [line | {"dash": "dot"}] if mark.is_doubtful else [edge, line]:
        figure.add_scatter(
            x=points[:, 0],
            y=points[:, 1],
            mode="lines",
            line=each,
            opacity=opacity * mark.opacity,
        )


def _add_words(figure: go.Figure, marks: Sequence[Mark]) -> None:
    """What a hover says of each part, and the numbers of those that carry the answer."""
    middles = np.array([mark.middle for mark in marks])
    figure.add_scatter(
        x=middles[:, 0],
        y=middles[:, 1],
        mode="markers+text",
        marker={"opacity": 0, "size": 18},
        text=[f"<b>{as_plotly(mark.label)}</b>" if mark.label else "" for mark in marks],
        textfont={"color": "white", "size": 14, "shadow": "0 0 3px black, 0 0 3px black"},
        customdata=[as_plotly(mark.words) for mark in marks],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )


def _layer(source: str, region: tuple[float, float, float, float]) -> dict[str, object]:
    left, top, right, bottom = region
    return {
        "source": source,
        "xref": "x",
        "yref": "y",
        "x": left,
        "y": top,
        "sizex": right - left,
        "sizey": bottom - top,
        "xanchor": "left",
        "yanchor": "top",
        "sizing": "stretch",
        "layer": "below",
    }


def _add_contour(figure: go.Figure, placed: PlacedMap) -> None:
    lines = contour_lines(placed)
    if not lines:
        return
    gap = np.full((1, 2), np.nan)
    points = np.vstack([part for line in lines for part in (line, gap)])
    # Black under white: one of the two stands out from any stain.
    strong = [{"color": "black", "width": 4}, {"color": "white", "width": 1.5}]
    faint = [{"color": f"rgb{FAINT_RGB}", "width": 1.5, "dash": "dot"}]
    for line in faint if placed.is_doubtful else strong:
        figure.add_scatter(x=points[:, 0], y=points[:, 1], mode="lines", line=line)


def _add_scale_bar(figure: go.Figure, um_per_px: float, width: int, height: int) -> None:
    fitting = [length for length in _SCALE_BARS_UM if length / um_per_px <= 0.25 * width]
    if not fitting:
        return
    length_um = fitting[-1]
    end, baseline = 0.04 * width + length_um / um_per_px, 0.95 * height
    for colour, line_px in (("white", 7), ("black", 4)):
        figure.add_scatter(
            x=[0.04 * width, end],
            y=[baseline, baseline],
            mode="lines",
            line={"color": colour, "width": line_px},
        )
    figure.add_annotation(
        x=0.04 * width,
        y=baseline,
        text=f"{length_um} µm",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        yshift=5,
        bgcolor="rgba(255,255,255,0.8)",
        font={"color": "black", "size": 13},
    )
