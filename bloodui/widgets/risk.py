"""How often a model's answers are wrong, by how many it gives: the coverage-risk curve."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from bloodui.render.card_words import risk_note, risk_rows
from bloodui.render.legend import with_legend_above
from bloodui.render.text import as_markdown, unbroken
from bloodui.widgets.tables import show_table
from models.answer.answer_bound import AnswerBound, bound_of, proof_in_words
from models.bundle.manifest import Manifest

_PLAIN = {"displayModeBar": False}
_GREY = "#8c8c8c"


def show_risk(manifest: Manifest, error_limit: float, *, key: str) -> None:
    """Draw what is proven of a model's answers, and its curve, as numbers too.

    Args:
        error_limit: Share of answers that may be wrong on this site.
        key: Of what is drawn, unlike any other on the page.
    """
    bound = bound_of(manifest, error_limit)
    st.markdown(as_markdown(proof_in_words(manifest, error_limit)))
    if not manifest.risk:
        return
    st.plotly_chart(risk_figure(manifest, bound), key=f"{key}-risk", config=_PLAIN)
    with st.expander("This curve as numbers", key=f"{key}-risk-numbers"):
        show_table(risk_rows(manifest))
    st.caption(unbroken(risk_note(manifest)))


def risk_figure(manifest: Manifest, bound: AnswerBound) -> go.Figure:
    """Share of answers that are wrong against the share of images answered, and its bound."""
    risk = manifest.risk
    shares = [100 * each.answered for each in risk]
    detail = [(each.threshold, each.n_groups) for each in risk]
    figure = go.Figure()
    for name, values, line in (
        ("wrong", [100 * each.wrong for each in risk], {"color": "#0072b2"}),
        ("proven at most", [100 * each.bound for each in risk], {"color": "#d55e00"}),
    ):
        figure.add_scatter(
            x=shares,
            y=values,
            customdata=detail,
            name=name,
            mode="lines+markers",
            line=line,
            hovertemplate="answered %{x:.1f} %, from probability %{customdata[0]:.3f} on: "
            "%{y:.1f} %, %{customdata[1]} groups<extra></extra>",
        )
    figure.add_hline(
        y=100 * bound.error_limit,
        line={"dash": "dot", "color": _GREY},
        annotation_text=f"allowed: {100 * bound.error_limit:g} %",
        annotation_position="top left",
    )
    chosen = next((each for each in risk if each.threshold == bound.threshold), None)
    if chosen is not None:
        figure.add_vline(x=100 * chosen.answered, line={"dash": "dot", "color": _GREY})
    figure.update_xaxes(title="Images answered, %", rangemode="tozero")
    figure.update_yaxes(title="Answers wrong, %", rangemode="tozero")
    return with_legend_above(figure, height=320)
