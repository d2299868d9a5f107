"""An image of a kind that the model does not know: why, what it resembles, and the way past it."""

from __future__ import annotations

import streamlit as st

from bloodui import answers
from bloodui.images import Outcome
from bloodui.render.text import as_markdown
from models.answer.domain import DomainVerdict


def show_domain(outcome: Outcome) -> None:
    """Say why a drawn image outside has an answer all the same; offer one of any other."""
    opinion = outcome.opinion
    if opinion is None or opinion.domain is None or opinion.domain.is_inside:
        return
    if opinion.prediction is not None:
        if outcome.image.is_drawn:
            st.caption("A drawing is no photograph; the answer below shows how this page works.")
    elif st.button(
        "Answer all the same",
        icon=":material/priority_high:",
        help="Probabilities of a model on images of a kind that it never saw are no evidence.",
    ):
        answers.insist(outcome.image.key)
        # The answer and its thumbnail come from the whole page, of which this is a part.
        st.rerun(scope="app")


def show_why_outside(verdict: DomainVerdict | None) -> None:
    """Draw, folded, what the verdict rests on, where an image is outside."""
    if verdict is None or verdict.is_inside:
        return
    with st.expander("Why is it outside?", key="why-outside"):
        st.markdown(as_markdown(verdict.measured))
        st.markdown(nearest_in_words(verdict))


def nearest_in_words(verdict: DomainVerdict) -> str:
    """The classes of the nearest training images, as Markdown."""
    names = ", ".join(f"{as_markdown(name)} {number}" for name, number in verdict.nearest)
    n_nearest = sum(number for _, number in verdict.nearest)
    return f"Nearest {n_nearest} of the images that it learned from: {names}."
