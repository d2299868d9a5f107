"""The models that read cells → the one that is asked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui import session
from bloodui.inventory import Installed, names_of
from bloodui.render.text import as_markdown

_KEY = "fields-model"


def model_form(models: Sequence[Installed]) -> Installed:
    """Ask for a model where there are several, and say what it tells apart.

    Args:
        models: At least one.
    """
    names = names_of(models)
    ids = [each.manifest.id for each in models]
    chosen = models[0]
    if len(models) > 1:
        wanted = session.kept(_KEY)
        chosen = st.selectbox(
            "Model for cells",
            models,
            index=ids.index(wanted) if wanted in ids else 0,
            format_func=lambda installed: names[installed.manifest.id],
            key=_KEY,
            on_change=session.keeping(_KEY, _KEY, lambda installed: installed.manifest.id),
        )
    title = as_markdown(chosen.manifest.title)
    st.caption(f"{title}: {as_markdown(', '.join(chosen.manifest.classes))}.")
    return chosen
