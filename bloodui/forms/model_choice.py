"""A list of the installed models → the one to question."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui.inventory import Installed, names_of
from bloodui.views.text import as_markdown


def model_form(models: Sequence[Installed], default_id: str) -> Installed:
    """Ask for the model; its intended use and classes stand under it.

    Args:
        models: At least one.
        default_id: The model that is chosen at first, if it is installed.
    """
    ids = [installed.manifest.id for installed in models]
    names = names_of(models)
    chosen = st.selectbox(
        "Model",
        models,
        index=ids.index(default_id) if default_id in ids else 0,
        format_func=lambda installed: names[installed.manifest.id],
        key="model",
    )
    manifest = chosen.manifest
    st.caption(
        f"{as_markdown(manifest.intended_use)}  \n"
        f"Classes: {as_markdown(', '.join(manifest.classes))}."
    )
    return chosen
