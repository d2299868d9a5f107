"""A confusion matrix to look at and to open: by count or by rate, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

BY_COUNT, BY_RATE = "Images", "Share of the true class"
# Cividis reads the same with and without colour vision.
_SCALE = "Cividis"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of the matrix: the true class and the class answered, as numbers of classes."""

    truth: int
    answer: int


def confusion_figure(
    classes: Sequence[str], confusion: Sequence[Sequence[int]], *, as_rate: bool
) -> go.Figure:
    """The matrix as a chart; rows are the truth, columns the answer.

    Args:
        classes: Names in the order of rows and columns.
        confusion: Images in each cell.
        as_rate: Whether cells show the share of their row, 0–100 %, instead of images.
    """
    counts = np.asarray(confusion, float)
    totals = counts.sum(axis=1, keepdims=True)
    rates = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    names = list(classes)
    words = [
        [
            f"{100 * rate:.1f} %" if as_rate else f"{count:.0f}"
            for count, rate in zip(*rows, strict=True)
        ]
        for rows in zip(counts, rates, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=rates,
            x=names,
            y=names,
            zmin=0,
            zmax=1,
            colorscale=_SCALE,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        )
    )
    # A heat map tells nobody of clicks: squares that cannot be seen lie over its cells.
    rows, columns = np.indices(counts.shape)
    figure.add_scatter(
        x=[names[column] for column in columns.ravel()],
        y=[names[row] for row in rows.ravel()],
        mode="markers+text",
        text=[word for line in words for word in line],
        textfont={"color": ["#000" if rate > 0.55 else "#fff" for rate in rates.ravel()]},
        marker={"symbol": "square", "size": 44, "opacity": 0.01},
        selected={"marker": {"opacity": 0.01}},
        unselected={"marker": {"opacity": 0.01}, "textfont": {}},
        customdata=np.stack([rows.ravel(), columns.ravel(), counts.ravel()], axis=1),
        hovertemplate="Truth %{y}, answered %{x}: %{customdata[2]} images<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title="Answered", side="top", fixedrange=True)
    figure.update_yaxes(title="Truth", autorange="reversed", fixedrange=True)
    figure.update_layout(
        height=150 + 52 * len(names),
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
        clickmode="select",
    )
    return figure


def show_confusion(
    classes: Sequence[str], confusion: Sequence[Sequence[int]], *, key: str
) -> Cell | None:
    """Draw the matrix with its switch; returns the cell that was opened, or None.

    A cell opens by a click, or by keyboard from the list under the matrix.
    """
    unit = st.segmented_control(
        "Cells show", (BY_COUNT, BY_RATE), default=BY_COUNT, key=f"{key}-unit"
    )
    event: Any = st.plotly_chart(
        confusion_figure(classes, confusion, as_rate=unit == BY_RATE),
        on_select="rerun",
        selection_mode="points",
        key=f"{key}-matrix",
        config={"displayModeBar": False},
    )
    cells = [
        Cell(truth=truth, answer=answer)
        for truth, row in enumerate(confusion)
        for answer, count in enumerate(row)
        if count
    ]
    # Mistakes first, the most frequent on top: they are what is looked for.
    cells.sort(key=lambda cell: (cell.truth == cell.answer, -confusion[cell.truth][cell.answer]))
    chosen: Cell | None = st.selectbox(
        "Images of a cell (or click on it)",
        cells,
        index=None,
        format_func=lambda cell: (
            f"{classes[cell.truth]} answered {classes[cell.answer]}: "
            f"{confusion[cell.truth][cell.answer]}"
        ),
        placeholder="Choose truth and answer",
        key=f"{key}-cell",
    )
    if chosen is not None:
        return chosen
    return clicked_cell(event)


def clicked_cell(event: Any) -> Cell | None:
    """The cell that a selection event of the chart names, or None."""
    points = event["selection"]["points"] if event else []
    if not points or "customdata" not in points[0]:
        return None
    truth, answer = points[0]["customdata"][0], points[0]["customdata"][1]
    return Cell(truth=int(truth), answer=int(answer))
