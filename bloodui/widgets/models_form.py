"""A list of the installed models → the several to question side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui import session
from bloodui.inventory import Installed, names_of

AT_MOST = 6


def models_form(
    models: Sequence[Installed], default_id: str, *, key: str, at_least: int = 2
) -> tuple[Installed, ...]:
    """Ask for up to six models; at first those that were chosen last, or of the default's task.

    Of these not the ones whose first use may take a conversion, if enough others are left.

    Args:
        models: At least one.
        default_id: The model whose task is taken at first.
        key: Tells this form from others.
        at_least: How many are needed; fewer give an empty answer, with a hint.
    """
    by_id = {installed.manifest.id: installed for installed in models}
    names = names_of(models)
    lead = by_id.get(default_id, models[0]).manifest
    same_task = [i for i, each in by_id.items() if each.manifest.task == lead.task]
    ready = [i for i in same_task if i == default_id or not session.may_need_conversion(by_id[i])]
    at_first = ready if len(ready) >= at_least else same_task
    chosen = st.multiselect(
        "Models, two to six" if at_least > 1 else "Models, up to six",
        list(by_id),
        default=[each for each in session.kept(key) or at_first if each in by_id][:AT_MOST],
        format_func=names.__getitem__,
        max_selections=AT_MOST,
        key=key,
        on_change=session.keeping(key, key, tuple),
    )
    session.keep(key, tuple(chosen))
    if len(chosen) < at_least:
        st.info(
            "Choose at least two models to compare." if at_least > 1 else "Choose a model.",
            icon=":material/compare_arrows:",
        )
        return ()
    return tuple(by_id[bundle_id] for bundle_id in chosen)
