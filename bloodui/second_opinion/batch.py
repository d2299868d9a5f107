"""The images of the tray and what the model says of each: thumbnails, and a table to take away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import streamlit as st

from bloodui import answers, session
from bloodui.images import Outcome, SessionImage
from bloodui.inventory import Installed
from bloodui.render.overlay import is_doubtful
from bloodui.render.pictures import jpeg_address
from bloodui.reports.batch import VERDICTS, Entry, batch_csv, batch_html, verdict_of
from bloodui.second_opinion.download import NAMES_HELP, report_request
from bloodui.settings import program_version
from bloodui.widgets import messages, tables, thumbnails
from bloodui.widgets.card import figures_table
from bloodui.widgets.decision import LEGEND
from bloodui.widgets.mapped import Mapped
from bloodui.widgets.progress import progress_bar
from bloodui.widgets.viewer import Look
from models.bundle.card import Card
from models.cells.evidence import Evidence
from models.errors import BlooduiError
from models.image.scale import shrunk
from models.opinion import Opinion

PICTURES, TABLE = "Pictures", "Table"
_THUMBNAIL_PX = 64
_LOOK = Look(opacity=0.6, contour=True, zoomed=False)


def show_images(images: Sequence[SessionImage], installed: Installed) -> Outcome | None:
    """Draw the images at once, ask the model about each, and say what came of it.

    Returns:
        What came of the image that is open; None where none could be read.
    """
    view = PICTURES
    bar = st.container(horizontal=True, horizontal_alignment="distribute", key="batch")
    with bar:
        thumbnails.show_removal(images)
        if len(images) > 1:
            view = st.segmented_control(
                "Show as",
                [PICTURES, TABLE],
                default=PICTURES,
                required=True,
                key="batch-view",
                label_visibility="collapsed",
            )
    with progress_bar() as announce:
        strip = thumbnails.show_strip(images if view == PICTURES else ())
        outcomes = answers.outcomes(images, installed, announce, strip.tell)
    if len(images) > 1:
        st.caption(LEGEND)
    if view == TABLE:
        _show_table(outcomes, installed)
    thumbnails.show_failures(outcomes)
    opened = session.opened(images)
    return next((each for each in outcomes if each.image is opened), None)


def _show_table(outcomes: Sequence[Outcome], installed: Installed) -> None:
    """Draw the verdicts as a table, to be filtered, sorted, opened by a click and taken away."""
    found = [_verdict(each) for each in outcomes]
    counts = {verdict: found.count(verdict) for verdict in VERDICTS if verdict in found}
    wanted = st.segmented_control(
        "Only those that are",
        list(counts),
        selection_mode="multi",
        format_func=lambda verdict: f"{verdict} {counts[verdict]}",
        key="batch-filter",
        wrap=True,
    )
    rows = [
        (outcome, verdict)
        for outcome, verdict in zip(outcomes, found, strict=True)
        if not wanted or verdict in wanted
    ]
    chosen = tables.show_choices(
        [_row(outcome, verdict) for outcome, verdict in rows],
        {
            "Picture": st.column_config.ImageColumn(width="small"),
            "Probability": st.column_config.NumberColumn(format="%.1f\N{NARROW NO-BREAK SPACE}%%"),
        },
        key="-".join(["verdicts", *(wanted or ())]),
    )
    _open(rows[chosen][0].image if chosen is not None else None)
    _show_downloads([outcome for outcome, _ in rows], installed)


def _verdict(outcome: Outcome) -> str:
    return verdict_of(outcome.opinion, is_read=outcome.image.micrograph is not None)


def _open(image: SessionImage | None) -> None:
    """Open the image of the row that was clicked on, once: other ways may open another later."""
    key = image.key if image else None
    if key != session.held("batch-clicked"):
        session.hold("batch-clicked", key)
        if key is not None:
            session.open_image(key)


def _row(outcome: Outcome, verdict: str) -> dict[str, object]:
    micrograph = outcome.image.micrograph
    entry = _entry(outcome, verdict, is_named=True)
    return {
        "Picture": jpeg_address(shrunk(micrograph.rgb, _THUMBNAIL_PX)) if micrograph else None,
        "Image": outcome.image.label,
        "Verdict": verdict,
        "First class": entry.top_class,
        # Nothing is 100 % sure.
        "Probability": None
        if entry.probability is None
        else min(99.9, round(100 * entry.probability, 1)),
        "File": outcome.image.name,
        "Quality": entry.quality.capitalize(),
        "Why": entry.why,
    }


def _entry(
    outcome: Outcome,
    verdict: str,
    *,
    is_named: bool,
    card: Card | None = None,
    evidence_of: Callable[[Opinion], Evidence | None] = lambda _: None,
) -> Entry:
    """What is said of an image in table, CSV and report; with a card, what the report draws."""
    opinion, why = outcome.opinion, ""
    if opinion is not None:
        why = opinion.reason
        if opinion.is_outside and opinion.prediction is not None and opinion.domain is not None:
            why = f"{opinion.domain.reason} It was asked all the same: what it says is not proven."
    elif outcome.error is not None:
        why = messages.message_for(outcome.error).text
    return Entry(
        label=outcome.image.label,
        name=outcome.image.name if is_named else "",
        opinion=opinion,
        verdict=verdict,
        why=why,
        report=report_request(
            outcome, _mapped(opinion, card), card, evidence_of(opinion), is_named=is_named
        )
        if opinion is not None and card is not None
        else None,
    )


def _mapped(opinion: Opinion, card: Card) -> Mapped:
    """What a report on several shows of an image's map: one that may be believed."""
    explanation = opinion.explanation
    is_shown = explanation is not None and not is_doubtful(card.saliency_check(explanation.method))
    return Mapped(opinion=opinion, look=_LOOK, is_shown=is_shown)


def _show_downloads(outcomes: Sequence[Outcome], installed: Installed) -> None:
    """Draw the buttons that hand out what the table shows; made when pressed, and kept nowhere."""
    try:
        card = session.card(installed)
    except BlooduiError:
        return  # the page says so of each image
    with st.container(horizontal=True, vertical_alignment="center", key="batch-downloads"):
        is_named = any(each.image.name for each in outcomes) and st.checkbox(
            "With the files' names", key="batch-names", help=NAMES_HELP
        )

        evidence_of = answers.evidence_later(installed)

        def entries() -> list[Entry]:
            return [
                _entry(each, _verdict(each), is_named=is_named, card=card, evidence_of=evidence_of)
                for each in outcomes
            ]

        st.download_button(
            "Download the table (CSV)",
            data=lambda: batch_csv(entries(), installed.manifest, is_named=is_named),
            file_name="second-opinions.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
            key="batch-csv",
        )
        if any(each.opinion is not None for each in outcomes):
            st.download_button(
                f"Download one report of {len(outcomes)} (HTML)",
                data=lambda: batch_html(
                    entries(),
                    card,
                    figures_table(card),
                    version=program_version(),
                    made=dt.datetime.now(dt.UTC),
                ).encode(),
                file_name="second-opinions.html",
                mime="text/html",
                icon=":material/download:",
                on_click="ignore",
                key="batch-report",
            )
