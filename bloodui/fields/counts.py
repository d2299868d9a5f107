"""What is said beside a differential: what its limits hold, and how many more cells to count."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.render.differential_words import LIMITS_EXPLAINED, erythroblasts_in_words
from bloodui.render.text import as_markdown, unbroken
from bloodui.reports.field import Aim, aim_in_words, to_go_in_words
from models.cells.count import PRESETS, Differential

_TARGET, _PLUS_MINUS, _KIND = "fields-target", "fields-plus-minus", "fields-kind"
_WITHIN = (0.02, 0.05, 0.1)


def show_counts(counted: Differential) -> None:
    """Draw what is to be known of a differential beside its shares."""
    st.subheader("The count")
    for words in _beside(counted):
        st.caption(words)
    _show_target(counted)
    _show_more(counted)


def aim_of(counted: Differential) -> Aim:
    """What the reader wants to know of a differential, or what is asked at first."""
    first = Aim()
    names = [each.name for each in counted.kinds]
    kind = session.kept(_KIND) or first.kind
    return Aim(
        n_white=session.kept(_TARGET) or first.n_white,
        kind=kind if kind in names else next(iter(names), ""),
        plus_minus=session.kept(_PLUS_MINUS) or first.plus_minus,
    )


def _beside(counted: Differential) -> list[str]:
    words = [] if counted.is_mostly_unnamed else [LIMITS_EXPLAINED]
    if words and counted.n_white and not counted.is_error_known:
        words.append("The model's error is not known: its card does not tell of it.")
    per_100 = erythroblasts_in_words(counted)
    if per_100:
        words.append(f"Erythroblasts per 100 white cells: {per_100}.")
    return [unbroken(each) for each in words]


def _show_target(counted: Differential) -> None:
    target = st.segmented_control(
        "Count to",
        PRESETS,
        default=aim_of(counted).n_white,
        required=True,
        key=_TARGET,
        on_change=session.keeping(_TARGET, _TARGET, int),
        help="White cells: 100 or 200 in routine blood (ICSH), 400 in the reference differential "
        "of two readers (CLSI H20), 500 in marrow.",
    )
    st.progress(min(1.0, counted.n_white / target), text=to_go_in_words(counted, target))


def _show_more(counted: Differential) -> None:
    names = [each.name for each in counted.kinds]
    if not names or counted.n_white == 0:
        return
    aim = aim_of(counted)
    kind = st.selectbox(
        "How sure of",
        names,
        index=names.index(aim.kind),
        key=_KIND,
        on_change=session.keeping(_KIND, _KIND, str),
    )
    within = st.segmented_control(
        "Within",
        _WITHIN,
        default=aim.plus_minus,
        required=True,
        format_func=lambda share: f"± {100 * share:.0f} points",
        key=_PLUS_MINUS,
        help="Percentage points of the share.",
        on_change=session.keeping(_PLUS_MINUS, _PLUS_MINUS, float),
    )
    chosen = Aim(n_white=aim.n_white, kind=kind, plus_minus=within)
    st.caption(as_markdown(aim_in_words(counted, chosen)))
