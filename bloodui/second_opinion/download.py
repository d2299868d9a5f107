"""The button that hands out the report on one image, and what a report says of an image."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import streamlit as st

from bloodui.images import Outcome
from bloodui.render.evidence_words import (
    TITLE,
    evidence_in_brief,
    evidence_in_words,
    evidence_worth,
)
from bloodui.render.map_words import map_in_brief, map_in_words, whose_map, worth_in_words
from bloodui.render.overlay import is_doubtful
from bloodui.render.text import headline
from bloodui.reports.html import ReportRequest, report_html
from bloodui.settings import program_version
from bloodui.widgets.card import figures_table
from bloodui.widgets.mapped import Mapped
from models.bundle.card import Card
from models.cells.evidence import Evidence

NAMES_HELP = (
    "Names of files may name a patient. They are on this page for you alone, and go into what you "
    "download only if you ask for it."
)


NOT_WORKED_OUT = (
    f"{TITLE} was not worked out for this image yet. Open the image on the page, and the next "
    "report has it."
)


def report_request(
    outcome: Outcome,
    mapped: Mapped,
    card: Card,
    evidence: Evidence | None,
    *,
    is_named: bool,
) -> ReportRequest:
    """What a report on several images holds of one: evidence by cells, where a page showed it.

    Args:
        outcome: The image, with the map of its first class.
        mapped: That map, shown where there is no evidence by cells that may be believed.
        card: The model's.
        evidence: By cells, of the first class; None where no page has worked it out.
        is_named: Whether the report names the image's file.
    """
    if evidence is not None and not is_doubtful(evidence.check):
        mapped = replace(mapped, is_shown=True, evidence=evidence)
    request = _request(outcome, mapped, card, is_named=is_named)
    has_map = outcome.opinion is not None and outcome.opinion.explanation is not None
    if evidence is not None or not has_map or not any(check.passes for check in card.evidence):
        return request
    on_map = request.sentences if mapped.is_shown else ()
    return replace(request, sentences=(NOT_WORKED_OUT, *on_map))


def _request(outcome: Outcome, mapped: Mapped, card: Card, *, is_named: bool) -> ReportRequest:
    """What a report holds of an image whose map is drawn as the page draws it."""
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
    request = _request(outcome, mapped, card, is_named=is_named)
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
