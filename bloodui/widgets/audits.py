"""What audits added to a card: worse images as curves, its domain as bars, shortcuts, mistakes."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st

from bloodui.render.card_words import (
    DOMAIN_NOTE,
    EVIDENCE_NOTE,
    MISTAKES_NOTE,
    ROBUSTNESS_NOTE,
    SALIENCY_NOTE,
    SHORTCUTS_NOTE,
    SUBGROUPS_NOTE,
    domain_rows,
    mistake_rows,
    robustness_rows,
    saliency_rows,
    shortcut_rows,
    shortcut_verdict,
    subgroup_rows,
)
from bloodui.render.evidence_words import checked_rows
from bloodui.render.legend import with_legend_above
from bloodui.render.text import as_markdown, as_plotly, unbroken
from bloodui.render.whiskers import whiskers
from bloodui.widgets.tables import show_table
from models.bundle.card import Card
from models.bundle.manifest import Manifest
from models.image.degradation import STRENGTHS

# Okabe and Ito's palette, and a sign for each kind: told apart without colours, too.
_LOOKS = (
    ("#0072b2", "circle"),
    ("#e69f00", "square"),
    ("#009e73", "diamond"),
    ("#d55e00", "cross"),
    ("#cc79a7", "triangle-up"),
    ("#56b4e9", "star"),
)


def audit_sections(card: Card, manifest: Manifest) -> dict[str, Callable[[], None]]:
    """What audits measured, by title: what draws it. Nothing of what was not measured."""
    found: dict[str, Callable[[], None]] = {}
    if card.shortcuts:
        found["Shortcuts"] = lambda: _show_shortcuts(card, manifest)
    if card.robustness:
        found["Worse images"] = lambda: _show_robustness(card, manifest)
    if card.domain:
        found["Domain"] = lambda: _show_domain(card, manifest)
    if card.saliency or card.evidence:
        found["Maps"] = lambda: _show_maps(card)
    if card.mistakes:
        found["Mistakes"] = lambda: _show_rows(mistake_rows(card), MISTAKES_NOTE)
    if card.subgroups:
        found["Data sets"] = lambda: _show_rows(subgroup_rows(card), SUBGROUPS_NOTE)
    return found


def _show_shortcuts(card: Card, manifest: Manifest) -> None:
    for sentence in shortcut_verdict(card, manifest):
        st.markdown(f"- {as_markdown(sentence)}")
    _show_rows(shortcut_rows(card), SHORTCUTS_NOTE)


def _show_robustness(card: Card, manifest: Manifest) -> None:
    st.plotly_chart(
        robustness_figure(card),
        key=f"robustness-{manifest.id}",
        config={"displayModeBar": False},
    )
    _show_rows(robustness_rows(card), ROBUSTNESS_NOTE)


def _show_domain(card: Card, manifest: Manifest) -> None:
    st.plotly_chart(
        domain_figure(card), key=f"domain-{manifest.id}", config={"displayModeBar": False}
    )
    _show_rows(domain_rows(card), DOMAIN_NOTE)


def _show_maps(card: Card) -> None:
    """How far to believe evidence by cells, then maps."""
    if card.evidence:
        _show_rows(checked_rows(card.evidence), EVIDENCE_NOTE)
    if card.saliency:
        _show_rows(saliency_rows(card), SALIENCY_NOTE)


def _show_rows(rows: list[dict[str, str]], note: str) -> None:
    show_table(rows)
    if note:
        st.caption(unbroken(note))


def robustness_figure(card: Card) -> go.Figure:
    """Accuracy against strength, a line a kind, all from the images as they are (strength 0)."""
    start = [row for row in card.robustness if not row.kind]
    figure = go.Figure()
    for place, (kind, (colour, sign)) in enumerate(zip(STRENGTHS, _LOOKS, strict=True)):
        worse = [row for row in card.robustness if row.kind == kind]
        if not worse:
            continue
        rows = start + sorted(worse, key=lambda row: row.strength)
        accuracy = [row.accuracy for row in rows]
        # Lines of one strength lie a little apart, so that their intervals can be seen.
        shift = 0.06 * (place - (len(STRENGTHS) - 1) / 2)
        figure.add_scatter(
            x=[row.strength + (shift if row.strength else 0.0) for row in rows],
            y=[each.value for each in accuracy],
            error_y=whiskers(accuracy, thickness=1, width=2),
            customdata=[
                [row.strength, row.accuracy.interval_in_percent, row.accuracy.size_in_words]
                for row in rows
            ],
            hovertemplate=f"{kind} %{{customdata[0]}}: %{{y:.1%}} (%{{customdata[1]}}), "
            "%{customdata[2]}<extra></extra>",
            mode="lines+markers",
            line={"color": colour},
            marker={"symbol": sign, "size": 9},
            name=kind,
        )
    figure.update_xaxes(
        title="Strength (0: as they are)", tickvals=list(range(6)), range=[-0.3, 5.3]
    )
    figure.update_yaxes(title="Accuracy", range=[0, 1.02], tickformat=".0%")
    return with_legend_above(figure, height=380)


def domain_figure(card: Card) -> go.Figure:
    """Share of images of each kind that is turned away, as bars; its own kind in another colour."""
    shares = [row.turned_away for row in card.domain]
    figure = go.Figure()
    figure.add_bar(
        x=[share.value for share in shares],
        y=[as_plotly(row.kind) for row in card.domain],
        orientation="h",
        error_x=whiskers(shares, thickness=1, width=3),
        marker={"color": ["#d55e00" if row.auroc is None else "#0072b2" for row in card.domain]},
        customdata=[[share.interval_in_percent, share.size_in_words] for share in shares],
        hovertemplate="%{y}: %{x:.1%} (%{customdata[0]}), %{customdata[1]}<extra></extra>",
    )
    figure.update_xaxes(title="Turned away", range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(
        height=60 + 28 * len(shares), margin={"l": 10, "r": 10, "t": 10, "b": 10}, showlegend=False
    )
    return figure
