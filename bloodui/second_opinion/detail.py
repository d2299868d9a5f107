"""One image in detail: the verdict first, picture and probabilities, and the rest folded."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.images import Outcome
from bloodui.inventory import Installed
from bloodui.render.evidence_words import reads_in_words
from bloodui.render.overlay import is_doubtful
from bloodui.render.text import as_markdown
from bloodui.second_opinion import download
from bloodui.second_opinion.domain import show_domain, show_why_outside
from bloodui.second_opinion.members import show_members
from bloodui.second_opinion.quality import show_quality
from bloodui.second_opinion.steadiness import show_steadiness
from bloodui.second_opinion.steps import show_steps
from bloodui.widgets import messages
from bloodui.widgets.decision import show_decision
from bloodui.widgets.mapped import show_mapped
from bloodui.widgets.probabilities import show_probabilities
from drawn.smears import CAPTION
from models.errors import BlooduiError


def show_empty() -> None:
    """Draw what to expect, while there is no image."""
    st.markdown(
        "Add a microscope image and read, within seconds: whether the image is good enough, the "
        "probability of every class, where in the image the evidence lies, and what the model "
        "is and is not good for. Images stay in memory, on all pages, until you remove them."
    )


@st.fragment
def show_detail(outcome: Outcome, installed: Installed) -> None:
    """Draw everything on one image. A change of the map draws this part alone again."""
    opinion = outcome.opinion
    if opinion is None:
        return
    drawn = f" · {CAPTION}" if outcome.image.is_drawn else ""
    with st.container(key="verdict"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.subheader(f"{outcome.image.label}{drawn}", width="content")
            if outcome.image.name:
                st.caption(as_markdown(outcome.image.name), width="content")
        show_decision(opinion)
        beside = st.empty()
        show_domain(outcome)
    for note in opinion.micrograph.notes:
        st.caption(as_markdown(note))
    picture, answer = st.columns([7, 5], gap="large")
    with answer:  # before the map, which takes longer
        if opinion.prediction is not None:
            show_probabilities(opinion.prediction)
    with picture:
        mapped = show_mapped(outcome.image.label, opinion, installed)
    evidence = mapped.evidence
    is_believed = evidence is not None and (mapped.is_shown or not is_doubtful(evidence.check))
    if opinion.decision in ("answered", "unproven") and evidence is not None and is_believed:
        beside.markdown(as_markdown(" ".join(reads_in_words(evidence))))
    with answer:
        if opinion.prediction is not None:
            show_steadiness(opinion, installed)
        show_quality(opinion.quality)
        show_why_outside(opinion.domain)
        show_members(opinion)
        if opinion.pictures:
            with st.expander("What the model saw, step by step", key="steps"):
                show_steps(opinion.pictures)
        try:
            download.show_download(outcome, mapped, session.card(installed))
        except BlooduiError as error:
            messages.show(messages.message_for(error))
