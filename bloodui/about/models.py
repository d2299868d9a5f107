"""The installed models, each with its card in full."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.inventory import Installed, Inventory
from bloodui.people import Person
from bloodui.render.text import as_markdown
from bloodui.widgets import messages
from bloodui.widgets.card import show_card, show_card_downloads
from models.errors import BlooduiError


def show_models(inventory: Inventory, person: Person) -> None:
    """Draw the card of every model, and what keeps others from being used."""
    messages.show_problems(inventory, person)
    for installed in inventory.models:
        _show_model(installed)


@st.fragment
def _show_model(installed: Installed) -> None:
    """Draw one card, once it is unfolded: all of them at once keep a browser busy for seconds."""
    folded = st.expander(
        as_markdown(installed.manifest.title),
        key=f"card-of-{installed.manifest.id}",
        on_change="rerun",
    )
    if not folded.open:
        return
    with folded:
        try:
            card = session.card(installed)
            show_card_downloads(card, installed.manifest)
            show_card(card, installed.manifest)
        except BlooduiError as refused:
            messages.show(messages.message_for(refused))
