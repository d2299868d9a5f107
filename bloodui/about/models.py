"""The installed models, each with its card in full."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.inventory import Inventory
from bloodui.people import Person
from bloodui.render.text import as_markdown
from bloodui.widgets import messages
from bloodui.widgets.card import show_card, show_card_downloads
from models.errors import BlooduiError


def show_models(inventory: Inventory, person: Person) -> None:
    """Draw the card of every model, and what keeps others from being used."""
    messages.show_problems(inventory, person)
    for installed in inventory.models:
        with st.expander(
            as_markdown(installed.manifest.title), key=f"card-of-{installed.manifest.id}"
        ):
            try:
                card = session.card(installed)
                show_card_downloads(card, installed.manifest)
                show_card(card, installed.manifest)
            except BlooduiError as refused:
                messages.show(messages.message_for(refused))
