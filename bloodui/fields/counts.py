"""What is said beside a differential: what its limits hold, and how many more cells to count."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.fields.words import between
from bloodui.render.differential_words import (
    IF_RIGHT,
    LIMITS_EXPLAINED,
    erythroblasts_in_words,
    more_in_words,
)
from bloodui.render.text import as_markdown, unbroken
from models.cells.count import BLAST, PRESETS, Differential

_TARGET, _PLUS_MINUS, _KIND = "fields-target", "fields-plus-minus", "fields-kind"
_WITHIN = (0.02, 0.05, 0.1)


def show_counts(counted: Differential) -> None:
    """Draw what is to be known of a differential beside its shares."""
    st.subheader("The count")
    for words in _beside(counted):
        st.caption(words)
    _show_target(counted)
    _show_more(counted)


def _beside(counted: Differential) -> list[str]:
    words = [LIMITS_EXPLAINED]
    if counted.n_white and not counted.is_error_known:
        words.append("The model's error is not known: its card does not tell of it.")
    per_100 = erythroblasts_in_words(counted)
    if per_100:
        words.append(f"Erythroblasts per 100 white cells: {per_100}.")
    return [unbroken(each) for each in words]


def _show_target(counted: Differential) -> None:
    target = st.segmented_control(
        "Count to",
        PRESETS,
        default=session.kept(_TARGET) or PRESETS[0],
        required=True,
        key=_TARGET,
        on_change=session.keeping(_TARGET, _TARGET, int),
        help="White cells: 100 or 200 in routine blood (ICSH), 400 in the reference differential "
        "of two readers (CLSI H20), 500 in marrow.",
    )
    left = max(0, target - counted.n_white)
    words = f"{counted.n_white} of {target}" + (f", {left} more." if left else ": reached.")
    st.progress(min(1.0, counted.n_white / target), text=words)


def _show_more(counted: Differential) -> None:
    names = [each.name for each in counted.kinds]
    if not names or counted.n_white == 0:
        return
    wanted = session.kept(_KIND) or BLAST
    kind = st.selectbox(
        "How sure of",
        names,
        index=names.index(wanted) if wanted in names else 0,
        key=_KIND,
        on_change=session.keeping(_KIND, _KIND, str),
    )
    within = st.segmented_control(
        "Within",
        _WITHIN,
        default=session.kept(_PLUS_MINUS) or _WITHIN[1],
        required=True,
        format_func=lambda share: f"± {100 * share:.0f} points",
        key=_PLUS_MINUS,
        help="Percentage points of the share.",
        on_change=session.keeping(_PLUS_MINUS, _PLUS_MINUS, float),
    )
    words = [f"{as_markdown(kind.capitalize())}: {more_in_words(counted, kind, within)}"]
    target = session.kept(_TARGET) or PRESETS[0]
    at = counted.limits_at(kind, target)
    if at is not None:
        words.append(f"In {target} white cells of the same share: {between(*at)} %, {IF_RIGHT}.")
    st.caption(unbroken(" ".join(words)))
