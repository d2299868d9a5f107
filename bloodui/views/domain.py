"""An image of a kind that the model does not know: why, what it resembles, and the way past it."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.session import Outcome
from bloodui.views.text import as_markdown
from models.domain import DomainVerdict


def show_domain(outcome: Outcome) -> None:
    """Draw the verdict where the image is outside; say nothing where it is of the model's kind."""
    opinion = outcome.opinion
    if opinion is None or opinion.domain is None or opinion.domain.is_inside:
        return
    if opinion.prediction is not None:
        why = (
            "A drawing is no photograph; the answer below shows how this page works."
            if outcome.received.is_drawn
            else "You asked for an answer all the same. It means little."
        )
        st.warning(
            f"**Outside this model's domain.** {as_markdown(opinion.domain.reason)} {why}",
            icon=":material/wrong_location:",
        )
    st.caption(nearest_in_words(opinion.domain))
    if opinion.prediction is None:
        st.button(
            "Answer all the same",
            icon=":material/priority_high:",
            on_click=session.insist,
            args=(outcome.received.key,),
            help="Probabilities of a model on images of a kind that it never saw are no evidence.",
        )


def nearest_in_words(verdict: DomainVerdict) -> str:
    """The classes of the nearest training images, as Markdown."""
    names = ", ".join(f"{as_markdown(name)} {number}" for name, number in verdict.nearest)
    n_nearest = sum(number for _, number in verdict.nearest)
    return f"Nearest {n_nearest} of the images that it learned from: {names}."
