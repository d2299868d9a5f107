"""The registry: models in use and kept, and the history of what was done with them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui.studio import PromotedModel, Studio
from bloodui.views import messages
from bloodui.views.text import as_markdown
from training.registry import Deed


def show_promoted(studio: Studio) -> None:
    """Draw every model of the registry with what an admin can do with it."""
    with messages.told():
        models = studio.models()
        if not models:
            st.caption("Only the shipped models are in use.")
        for model in models:
            _show_model(studio, model)


def _show_model(studio: Studio, model: PromotedModel) -> None:
    name = model.manifest.id
    with st.container(border=True, key=f"model-{name}"):
        st.markdown(f"**{as_markdown(name)}**  \n{as_markdown(model.manifest.title)}")
        if model.aliases:
            st.badge(
                f"in use for {', '.join(model.aliases)}", icon=":material/check:", color="green"
            )
        else:
            st.badge("kept, not in use", color="gray")
        reason = st.text_input("Reason", key=f"reason-{name}").strip()
        with st.container(horizontal=True):
            for alias in model.aliases:
                if st.button(f"Retire from {alias}", key=f"retire-{alias}", disabled=not reason):
                    with messages.told(name):
                        studio.retire(alias, reason=reason)
                        st.rerun()
                if st.button(f"Roll {alias} back", key=f"rollback-{alias}", disabled=not reason):
                    with messages.told(name):
                        studio.rollback(alias, reason=reason)
                        st.rerun()
            if not model.aliases and st.button(
                "Promote", key=f"promote-{name}", disabled=not reason
            ):
                with messages.told(name):
                    studio.promote_model(name, reason=reason)
                    st.rerun()


def show_history(studio: Studio) -> None:
    """Draw what was done with models, the latest first."""
    with messages.told():
        rows = history_rows(studio.history())
        if rows:
            st.dataframe(rows, hide_index=True)
        else:
            st.caption("Nothing has been promoted, retired or imported yet.")


def history_rows(history: Sequence[Deed]) -> list[dict[str, str]]:
    """A row a deed, the latest first."""
    return [
        {
            "When (UTC)": deed.time,
            "What": deed.deed,
            "For": deed.alias,
            "Model": deed.bundle_id,
            "Before": deed.previous,
            "By": deed.by,
            "Why": deed.reason,
        }
        for deed in reversed(history)
    ]
