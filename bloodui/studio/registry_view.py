"""The registry: what is wrong with it, models in use and kept, and the history of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui import session
from bloodui.render.text import as_markdown
from bloodui.studio.studio import Studio
from bloodui.widgets import messages
from bloodui.widgets.tables import show_list
from models.errors import BundleError
from training.registry.faults import Fault
from training.registry.folders import RegistryModel
from training.registry.history import Event
from training.registry.promotion import model_before


def show_faults(studio: Studio) -> bool:
    """Draw what is wrong with the registry, with its repair, and say whether that stops changes."""
    with st.container(key="registry-faults"):  # the tabs below stay open whatever is in it
        for sentence in session.held("repaired") or ():
            st.success(as_markdown(sentence), icon=":material/build:")
        session.hold("repaired", ())
        faults = studio.check_registry()
        for fault in faults:
            _show_fault(fault)
        if any(fault.is_repairable for fault in faults):
            _repair_form(studio)
        with messages.errors_shown():
            if n_aside := len(studio.names_set_aside()):
                were = "folder was" if n_aside == 1 else "folders were"
                st.info(f"{n_aside} {were} set aside: see Models.", icon=":material/inventory_2:")
    return any(fault.stops for fault in faults)


def _show_fault(fault: Fault) -> None:
    words = f"{as_markdown(fault.what)}  \n{as_markdown(fault.to_do)}"
    if fault.stops:
        st.error(f"{words}  \nNothing can be promoted, retired or imported until then.")
    else:
        st.warning(words)


def _repair_form(studio: Studio) -> None:
    with st.form("repair"):
        st.markdown(
            "**Repair** makes the lists and the history agree with the models that are there. "
            "No model is deleted: what nothing vouches for is set aside, and can be taken back."
        )
        reason = st.text_input("Why it is repaired (for the history)")
        if st.form_submit_button("Repair", icon=":material/build:"):
            with messages.errors_shown():
                session.hold("repaired", studio.repair_registry(reason=reason))
                st.rerun()


def show_promoted(studio: Studio, *, is_stopped: bool) -> None:
    """Draw every model of the registry with what an admin can do with it."""
    with messages.errors_shown():
        models = studio.models()
        if not models and not is_stopped:
            st.caption("Only the shipped models are in use.")
        for model in models:
            _show_model(studio, model, is_stopped=is_stopped)


def _show_model(studio: Studio, model: RegistryModel, *, is_stopped: bool) -> None:
    name = model.manifest.id
    with st.container(border=True, key=f"model-{name}"):
        st.markdown(f"**{as_markdown(name)}**  \n{as_markdown(model.manifest.title)}")
        if model.is_in_use:
            st.badge(f"in use{_used_for(model)}", icon=":material/check:", color="green")
        else:
            st.badge("kept, not in use", color="gray")
        if is_stopped:
            return
        reason = st.text_input("Reason", key=f"reason-{name}").strip()
        with st.container(horizontal=True):
            for alias in model.aliases or ():
                if st.button(
                    f"Retire from {as_markdown(alias)}", key=f"retire-{alias}", disabled=not reason
                ):
                    with messages.errors_shown(name):
                        studio.retire(alias, reason=reason)
                        st.rerun()
                before = model_before(studio.history(), alias)
                if before and st.button(
                    f"Roll {as_markdown(alias)} back",
                    key=f"rollback-{alias}",
                    disabled=not reason,
                    help=f"To {as_markdown(before)}, which was used before.",
                ):
                    with messages.errors_shown(name):
                        studio.rollback(alias, reason=reason)
                        st.rerun()
            if not model.is_in_use and st.button(
                "Promote", key=f"promote-{name}", disabled=not reason
            ):
                with messages.errors_shown(name):
                    studio.promote_model(name, reason=reason)
                    st.rerun()


def _used_for(model: RegistryModel) -> str:
    if model.aliases is None:
        return "; for what is not known, since the history is damaged"
    return f" for {as_markdown(', '.join(model.aliases))}" if model.aliases else ""


def show_set_aside(studio: Studio) -> None:
    """Draw what was set aside, which nobody is offered, and the way back."""
    try:
        names = studio.names_set_aside()
    except BundleError:
        return  # the page has told it
    if not names:
        return
    st.subheader("Set aside")
    st.caption(
        "Nothing vouches for these, and nobody is offered them. Take back what you know to be "
        "right: it is then kept, and may be promoted. What holds no whole model is left to you, "
        "on the server."
    )
    for name in names:
        with st.container(border=True, key=f"aside-{name}"):
            st.markdown(as_markdown(name))
            reason = st.text_input("Reason", key=f"aside-reason-{name}").strip()
            if st.button("Take back", key=f"back-{name}", disabled=not reason):
                with messages.errors_shown(name):
                    studio.take_back(name, reason=reason)
                    st.rerun()


def show_history(studio: Studio) -> None:
    """Draw what was done with models, the latest first."""
    with messages.errors_shown():
        rows = history_rows(studio.history())
        if rows:
            show_list(rows)
        else:
            st.caption("Nothing has been promoted, retired or imported yet.")


def history_rows(history: Sequence[Event]) -> list[dict[str, str]]:
    """A row for each event, the latest first."""
    return [
        {
            "When (UTC)": event.time,
            "What": event.kind,
            "For": event.alias,
            "Model": event.bundle_id,
            "Before": event.previous,
            "By": event.by,
            "Why": event.reason,
        }
        for event in reversed(history)
    ]
