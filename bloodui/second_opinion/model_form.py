"""A list of the installed models → the one to question."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui import session
from bloodui.inventory import Installed, names_of
from bloodui.render.text import as_markdown
from bloodui.widgets import messages
from bloodui.widgets.card import show_card_in_brief
from models.errors import BlooduiError


def model_form(models: Sequence[Installed], default_id: str) -> Installed:
    """Ask for the model; its classes stand under it, and, folded, what its card says.

    Args:
        models: At least one.
        default_id: The model that is chosen at first, if it is installed; later it is the one that
            was chosen last, on whatever page the reader was since.
    """
    ids = [installed.manifest.id for installed in models]
    names = names_of(models)
    wanted = (session.kept("model"), default_id)
    chosen = st.selectbox(
        "Model",
        models,
        index=next((ids.index(each) for each in wanted if each in ids), 0),
        format_func=lambda installed: names[installed.manifest.id],
        key="model",
        on_change=session.keeping("model", "model", lambda installed: installed.manifest.id),
    )
    manifest = chosen.manifest
    session.keep("model", manifest.id)
    st.caption(f"Classes: {as_markdown(', '.join(manifest.classes))}.")
    _show_card(chosen)
    return chosen


def _show_card(installed: Installed) -> None:
    """Draw that there are leaks, where there are, and, folded, what the card says."""
    try:
        card = session.card(installed)
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return
    if card.allowed_leaks:
        st.error(
            "**Something other than the cells gave the labels away in what this model learned "
            "from.** It was trained all the same: see below, in brief.",
            icon=":material/error:",
        )
    with st.expander("The model in brief", key="model-in-brief"):
        st.markdown(as_markdown(installed.manifest.intended_use))
        show_card_in_brief(card, installed.manifest)
