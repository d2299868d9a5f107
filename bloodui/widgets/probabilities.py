"""The probability of every class beside the limit from which the model answers."""

from __future__ import annotations

import streamlit as st

from bloodui.render.text import (
    FULL_NAMES,
    as_html,
    as_markdown,
    set_in_words,
    unbroken,
)
from models.answer.prediction import Prediction
from models.rate import percent, told_apart

# Okabe and Ito's blue and orange; grey for the classes that do not come first.
OTHERS = "#8c8c8c"
_BLUE, _ORANGE = "#0072b2", "#d55e00"
FIRST = {
    "answered": _BLUE,
    "abstained": _ORANGE,
    "outside": _ORANGE,
    "unproven": f"repeating-linear-gradient(115deg,{_BLUE} 0 4px,transparent 4px 7px)",
}
"""How the bar of the class that comes first is filled, by the decision: an opinion that is not
proven has another form than an answer."""

_UNPROVEN = ("unproven", "outside")


def show_probabilities(prediction: Prediction) -> None:
    """Draw every class, the most probable first, and say what the threshold means."""
    with st.container(key="probabilities"):
        st.html(probabilities_html(prediction))
    if prediction.prediction_set:
        found, _, meaning = set_in_words(prediction).partition(". ")
        st.markdown(as_markdown(f"{found}."), help=as_markdown(meaning))
    _, threshold = told_apart(float(prediction.probabilities.max()), prediction.threshold)
    st.caption(
        unbroken(
            f"Dashed line: {threshold}"
            + (", for a file that was compressed this hard" if prediction.compressed else "")
            + ". Below it the model abstains"
            + (", above it nothing is proven" if prediction.decision in _UNPROVEN else "")
            + ". Calibrated on images of the model's own "
            "laboratories; on others too sure, perhaps."
        )
    )


def probabilities_html(prediction: Prediction) -> str:
    """A bar with its value for each class, the most probable on top, as HTML.

    The text takes the page's colour, so that it suits the light and the dark theme.
    """
    first = FIRST[prediction.decision]
    line = (
        '<span style="position:absolute;top:0;bottom:0;border-left:2px dashed currentColor;'
        f'left:{100 * prediction.threshold:.2f}%"></span>'
    )
    rows = []
    for index in (-prediction.probabilities).argsort(kind="stable"):
        share = float(prediction.probabilities[index])
        name = prediction.classes[index]
        is_first = int(index) == prediction.top_class
        value = told_apart(share, prediction.threshold)[0] if is_first else percent(share)
        rows.append(
            f'<div class="bloodui-class{" first" if is_first else ""}" role="listitem">'
            f'<span class="name">{as_html(name)}<small>{as_html(FULL_NAMES.get(name, ""))}</small>'
            f'</span><span class="bar"><span style="display:block;height:100%;'
            f'width:{100 * share:.2f}%;background:{first if is_first else OTHERS}"></span>{line}'
            f'</span><span class="value">{as_html(value)}</span></div>'
        )
    return f'<div role="list" aria-label="Probabilities">{"".join(rows)}</div>'
