"""The button that hands out the report on one image."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from bloodui.reports.html import ReportRequest, report_html
from bloodui.session import Outcome
from bloodui.settings import program_version
from bloodui.views.card import figures_table
from bloodui.views.saliency import map_in_words, worth_in_words
from bloodui.views.text import headline
from bloodui.views.viewer import Look
from models.card import Card
from models.opinion import Opinion


def show_download(outcome: Outcome, shown: Opinion, card: Card, look: Look) -> None:
    """Draw the button. The report is made when it is pressed, and kept nowhere.

    Args:
        shown: The opinion with the map that the page shows.
    """
    strongest = outcome.opinion.explanation if outcome.opinion is not None else None
    sentences: tuple[str, ...] = ()
    if shown.explanation is not None and strongest is not None:
        method = shown.explanation.method
        sentences = (
            *map_in_words(shown.explanation, strongest),
            *worth_in_words(card.saliency_check(method), method),
        )
    request = ReportRequest(
        label=outcome.received.label,
        is_drawn=outcome.received.is_drawn,
        opinion=shown,
        card=card,
        headline=headline(shown),
        sentences=sentences,
        figures=tuple(figures_table(card)),
        opacity=look.opacity,
        contour=look.contour,
    )
    st.download_button(
        "Download the report (HTML)",
        data=lambda: report_html(
            request,
            version=program_version(),
            made=dt.datetime.now(dt.UTC),
        ).encode(),
        file_name=f"second-opinion-{outcome.received.label.lower().replace(' ', '-')}.html",
        mime="text/html",
        icon=":material/download:",
        on_click="ignore",
        key="report",
    )
