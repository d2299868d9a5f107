"""One image in detail: decision, picture with map, probabilities, quality, steps, card, report."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from bloodui import session
from bloodui.forms.saliency import MapRequest, map_form
from bloodui.session import Installed, Outcome
from bloodui.views import download, messages
from bloodui.views.card import show_card_in_brief
from bloodui.views.decision import show_decision
from bloodui.views.domain import show_domain
from bloodui.views.members import show_members
from bloodui.views.overlay import place_map
from bloodui.views.probabilities import show_probabilities
from bloodui.views.quality import show_quality
from bloodui.views.saliency import check_of, has_failed, show_map_words, strength
from bloodui.views.steadiness import show_steadiness
from bloodui.views.steps import show_steps
from bloodui.views.text import as_markdown
from bloodui.views.viewer import Look, Picture, show_viewer
from models.errors import BlooduiError
from models.opinion import Opinion
from training.datasets.synthetic import CAPTION

_PLAIN = Look(opacity=0.0, contour=False, zoomed=False)


def show_empty() -> None:
    """Draw what to expect, while there is no image."""
    st.markdown(
        "Add a microscope image and read, within seconds: whether the image is good enough, the "
        "probability of every class, where in the image the evidence lies, and what the model "
        "is and is not good for. Images stay in memory and are dropped when you remove them."
    )


@st.fragment
def show_detail(outcome: Outcome, installed: Installed) -> None:
    """Draw everything on one image. A change of the map draws this part alone again."""
    opinion = outcome.opinion
    if opinion is None:
        return
    drawn = f" · {CAPTION}" if outcome.received.is_drawn else ""
    heading = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    heading.subheader(f"{outcome.received.label}{drawn}", width="content")
    report = heading.container(width="content")
    show_decision(opinion)
    show_domain(outcome)
    for note in opinion.micrograph.notes:
        st.caption(as_markdown(note))
    picture, answer = st.columns([7, 5], gap="large")
    with picture:
        shown, look = _show_picture(outcome, opinion, installed)
    with answer:
        if opinion.prediction is not None:
            st.subheader("Probabilities")
            show_probabilities(opinion.prediction, opinion.manifest.answer_threshold)
            show_steadiness(opinion, installed)
        st.subheader("Image quality")
        show_quality(opinion.quality)
    show_members(opinion)
    if opinion.pictures:
        st.subheader("What the model saw, step by step")
        show_steps(opinion.pictures)
    st.subheader("The model in brief")
    try:
        card = session.card(installed)
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return
    show_card_in_brief(card, opinion.manifest)
    with report:
        download.show_download(outcome, shown, card, look)


def _show_picture(outcome: Outcome, opinion: Opinion, installed: Installed) -> tuple[Opinion, Look]:
    """Draw the picture over its controls. Returns the opinion with the map that is shown."""
    rgb = opinion.micrograph.rgb
    picture = Picture(label=outcome.received.label, rgb=rgb, um_per_px=opinion.micrograph.um_per_px)
    place = st.container()
    if opinion.prediction is None or opinion.explanation is None:
        with place:
            show_viewer(picture, None, _PLAIN, key=outcome.received.key)
        return opinion, _PLAIN
    request = map_form(opinion.manifest, opinion.prediction.top_class)
    shown = _asked(opinion, installed, request)
    explanation = shown.explanation or opinion.explanation
    relative = strength(explanation, opinion.explanation)
    look = replace(request.look, opacity=request.look.opacity * relative)
    check = check_of(installed, explanation.method)
    placed = None
    if request.is_shown and explanation.raw_peak > 0:
        placed = place_map(
            explanation.map,
            shown.pictures[-1].region,
            width_px=rgb.shape[1],
            height_px=rgb.shape[0],
            is_grey=has_failed(check),
        )
    with place:
        show_viewer(picture, placed, look, key=outcome.received.key)
    show_map_words(explanation, opinion.explanation, check)
    return shown, look


def _asked(opinion: Opinion, installed: Installed, request: MapRequest) -> Opinion:
    """The opinion with the map that is asked for; the given one where none can be made."""
    if request.class_index is None and request.method is None:
        return opinion
    try:
        with st.spinner("Making the map. Some methods take several seconds."):
            return session.opinion(
                opinion.micrograph,
                installed,
                class_index=request.class_index,
                method=request.method,
                despite_domain=True,
            )
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return opinion
