"""The decision in words: answered, not proven, abstained, outside or declined, and why."""

from __future__ import annotations

import streamlit as st

from bloodui.images import Outcome
from bloodui.render.text import as_markdown, decided, headline
from models.opinion import Opinion
from models.rate import percent

_SIGNS = {
    "answered": ":material/check:",
    "abstained": ":material/help:",
    "unproven": ":material/balance:",
    "outside": ":material/wrong_location:",
    "declined": ":material/block:",
}

LEGEND = (
    "Answered: sure enough, and such answers are proven to be seldom wrong. Not proven: sure "
    "enough, without that proof. Abstained: not sure enough. Outside: unlike what the model "
    "learned from. Declined: the image is not good enough, or shows no cell to a model of cells."
)
"""What the verdicts mean, in a line."""


def show_decision(opinion: Opinion) -> None:
    """Draw the decision with its reason, in colour and in words."""
    boxes = {"answered": st.info, "declined": st.error}
    boxes.get(opinion.decision, st.warning)(
        f"**{as_markdown(headline(opinion))}**  \n{as_markdown(opinion.reason)}",
        icon=_SIGNS[opinion.decision],
    )


def outcome_in_brief(outcome: Outcome) -> str:
    """An image's result in a row of thumbnails: decision, first class and its probability."""
    if outcome.opinion is None:
        return ":material/error: Not read"
    sign = _SIGNS[outcome.opinion.decision]
    prediction = outcome.opinion.prediction
    if prediction is None:
        return f"{sign} {'Declined' if outcome.opinion.domain is None else 'Outside'}"
    name = as_markdown(prediction.classes[prediction.top_class])
    top = as_markdown(percent(float(prediction.probabilities[prediction.top_class])))
    return f"{sign} {decided(outcome.opinion.decision)}: {name} {top}"
