"""A model's card to take away, as one page and as data; and what it lacks."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from bloodui.reports.card import card_html, card_json
from bloodui.settings import program_version
from bloodui.views.card_words import lacking
from bloodui.views.text import as_markdown
from models.card import Card
from models.manifest import Manifest


def show_card_downloads(card: Card, manifest: Manifest) -> None:
    """Draw both buttons. A file is made when its button is pressed, and kept nowhere."""
    with st.container(horizontal=True):
        st.download_button(
            "Card (HTML)",
            data=lambda: card_html(
                card, manifest, version=program_version(), made=dt.datetime.now(dt.UTC)
            ).encode(),
            file_name=f"card-{manifest.id}.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            key=f"card-html-{manifest.id}",
        )
        st.download_button(
            "Card (JSON)",
            data=lambda: card_json(card, manifest).encode(),
            file_name=f"card-{manifest.id}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key=f"card-json-{manifest.id}",
        )


def show_lacking(card: Card, manifest: Manifest) -> None:
    """Say what stands in the way of a promotion, and what could be measured before one."""
    from training.registry import missing_from_card

    missing = missing_from_card(card, manifest)
    if missing:
        st.warning(
            f"Its card is not complete, so it cannot be promoted: {as_markdown('; '.join(missing))}"
        )
    unmeasured = lacking(card)
    if unmeasured:
        st.caption(
            f"Not measured: {as_markdown('; '.join(unmeasured))}. A promotion does not need them. "
            "The command line measures what audits can: `python -m training audit-card`."
        )
