"""The installed models, each with its card in full."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.session import Inventory
from bloodui.views import messages
from bloodui.views.card import show_card
from bloodui.views.card_page import show_card_downloads
from bloodui.views.text import as_markdown
from models.errors import BlooduiError


def show_problems(inventory: Inventory) -> None:
    """Draw that folders cannot be used, or that there is no model at all."""
    if inventory.errors:
        messages.show(messages.UNUSABLE_FOLDER)
    if not inventory.models:
        messages.show(messages.NO_MODELS)


def show_models(inventory: Inventory) -> None:
    """Draw the card of every model."""
    for installed in inventory.models:
        with st.expander(as_markdown(installed.manifest.title)):
            try:
                card = session.card(installed)
                show_card_downloads(card, installed.manifest)
                show_card(card, installed.manifest)
            except BlooduiError as refused:
                messages.show(messages.message_for(refused))
