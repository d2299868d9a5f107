"""The button that hands out the report on one image, and what a report says of an image."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from bloodui.images import Outcome
from bloodui.render.evidence_words import evidence_in_brief, evidence_in_words, evidence_worth
from bloodui.render.map_words import map_in_brief, map_in_words, whose_map, worth_in_words
from bloodui.render.text import headline
from bloodui.reports.html import ReportRequest, report_html
from bloodui.settings import program_version
from bloodui.widgets.card import figures_table
from bloodui.widgets.mapped import Mapped
from models.bundle.card import Card

NAMES_HELP = (
    "Names of files may name a patient. They are on this page for you alone, and go into what you "
    "download only if you ask for it."
)


def report_request(
    outcome: Outcome, mapped: Mapped, card: Card, *, is_named: bool
) -> ReportRequest:
    """What a report holds of an image.

    Args:
        outcome: The image, with the map of its first class.
        mapped: The map that the report shows, and how.
        card: The model's.
        is_named: Whether the report names the image's file.
    """
    shown = mapped.opinion
    strongest = outcome.opinion.explanation if outcome.opinion is not None else None
    sentences: tuple[str, ...] = ()
    evidence = mapped.evidence
    if evidence is not None:
        sentences = (
            (*evidence_in_words(evidence), *evidence_worth(evidence.check))
            if mapped.is_shown
            else ("No map is drawn.", evidence_in_brief(evidence.check))
        )
    elif shown.explanation is not None and strongest is not None:
        method = shown.explanation.method
        check = card.saliency_check(method)
        if mapped.is_shown:
            whose = whose_map(shown)
            sentences = (
                *([f"The map is that {whose}."] if whose else []),
                *map_in_words(shown.explanation, strongest),
                *worth_in_words(check, method),
            )
        else:
            sentences = ("No map is drawn.", map_in_brief(check, method))
    return ReportRequest(
        label=outcome.image.label,
        name=outcome.image.name if is_named else "",
        is_drawn=outcome.image.is_drawn,
        opinion=shown,
        card=card,
        headline=headline(shown),
        is_map_shown=mapped.is_shown,
        sentences=sentences,
        figures=tuple(figures_table(card)),
        opacity=mapped.look.opacity,
        contour=mapped.look.contour,
        evidence=evidence,
    )


def show_download(outcome: Outcome, mapped: Mapped, card: Card) -> None:
    """Draw the button. The report is made when it is pressed, and kept nowhere.

    Args:
        mapped: What the page shows of the map.
    """
    is_named = bool(outcome.image.name) and st.checkbox(
        "With the file's name", key="report-name", help=NAMES_HELP
    )
    request = report_request(outcome, mapped, card, is_named=is_named)
    st.download_button(
        "Download the report (HTML)",
        data=lambda: report_html(
            request,
            version=program_version(),
            made=dt.datetime.now(dt.UTC),
        ).encode(),
        file_name=f"second-opinion-{outcome.image.label.lower().replace(' ', '-')}.html",
        mime="text/html",
        icon=":material/download:",
        on_click="ignore",
        key="report",
    )
