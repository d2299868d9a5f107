"""What is said of a map of evidence: its scale, what it shows, and what it is worth."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.inventory import Installed
from bloodui.render.evidence_words import evidence_rows, evidence_worth
from bloodui.render.map_words import map_in_brief, map_in_words, worth_in_words
from bloodui.render.overlay import DOUBTFUL_STRENGTH, is_doubtful
from bloodui.render.text import as_markdown
from bloodui.widgets import tables
from models.answer.saliency import SALIENCY_METHODS, Explanation
from models.bundle.card import EvidenceCheck, SaliencyCheck
from models.cells.evidence import Evidence
from models.errors import BlooduiError


def show_switch(label: str, check: SaliencyCheck | None, method: str, *, key: str) -> bool:
    """Draw the switch of a map and, in a line, whether it may be believed; answer with its state.

    It is on at first only where the map may be.
    """
    brief = map_in_brief(check, method)
    return show_switch_of(label, brief, doubtful=is_doubtful(check), key=key)


def show_switch_of(label: str, brief: str, *, doubtful: bool, key: str) -> bool:
    """The same, given that line and whether the map is not to be believed."""
    is_shown = st.toggle(label, value=not doubtful, key=f"{key}:{doubtful}")
    sign = ":material/visibility_off:" if doubtful else ":material/check:"
    st.markdown(f"{sign} {as_markdown(brief)}")
    return is_shown


def show_scale(check: SaliencyCheck | None) -> None:
    """Draw the colours of a map, from no evidence to most, as they are on the picture."""
    weak = f"filter:grayscale(1);opacity:{DOUBTFUL_STRENGTH}"
    style = f' style="{weak}"' if is_doubtful(check) else ""
    st.html(
        f'<div class="bloodui-scale"><span>no evidence</span><span class="bar"{style}></span>'
        "<span>most evidence</span></div>"
    )


def show_why(
    explanation: Explanation, strongest: Explanation, check: SaliencyCheck | None, *, key: str
) -> None:
    """Draw, folded, what the map shows and how its method was checked.

    Args:
        strongest: As in `map_in_words`.
        check: Of the map's method on its model.
        key: Of the expander.
    """
    with st.expander("Why, and what the map shows", key=key):
        st.markdown(" ".join(as_markdown(part) for part in map_in_words(explanation, strongest)))
        for sentence in worth_in_words(check, explanation.method):
            st.markdown(as_markdown(sentence))
        st.caption(
            f"{as_markdown(SALIENCY_METHODS[explanation.method])}. A map tells what moved the "
            "model, not what is pathological. The raw peak is its strength before scaling: compare "
            "it between images of one model and method only."
        )


def show_evidence_scale(check: EvidenceCheck | None) -> None:
    """Draw what the outlines mean, as they are on the picture."""
    if is_doubtful(check):
        st.caption("Grey outlines: the stronger, the more the answer moves without what is inside.")
        return
    st.html(
        '<div class="bloodui-outlines"><span class="for">speaks for the class</span>'
        '<span class="against">speaks against it</span>'
        "<span>the thicker, the more</span></div>"
    )


def show_why_evidence(evidence: Evidence, *, key: str) -> None:
    """Draw, folded, how evidence by cells was checked, and how far each part moved the answer.

    Args:
        key: Of the expander.
    """
    with st.expander("Why, and what the map shows", key=key):
        for sentence in evidence_worth(evidence.check):
            st.markdown(as_markdown(sentence))
        st.caption(
            "Each part is painted over on the picture that the model sees, and how far the "
            "log-odds of the class fall is its weight (+1: the odds are e times lower). What moves "
            "the model need not be pathological."
        )
        tables.show_list(evidence_rows(evidence))


def check_of(installed: Installed, method: str) -> SaliencyCheck | None:
    """What was measured of a method on an installed model; None where nothing was.

    None also where the card cannot be read, which is said where the card is drawn.
    """
    try:
        return session.card(installed).saliency_check(method)
    except BlooduiError:
        return None


def evidence_check_of(installed: Installed) -> EvidenceCheck | None:
    """The same of evidence by cells: on the kind of pictures on which it passed, if on any."""
    try:
        checks = session.card(installed).evidence
    except BlooduiError:
        return None
    return next((each for each in checks if each.passes), checks[0] if checks else None)
