"""One image of a quiz with its truth, the resident's answer, and a model's answer and map."""

from __future__ import annotations

import streamlit as st

from bloodui import answers
from bloodui.answers import Question
from bloodui.inventory import Installed, Inventory
from bloodui.quiz.picture import show_image
from bloodui.quiz.quiz import Quiz, QuizImage
from bloodui.quiz.resident import Feedback
from bloodui.render.overlay import PlacedMap, place_map
from bloodui.render.pictures import picture_address
from bloodui.render.text import as_markdown, full_name, unbroken
from bloodui.widgets import messages
from bloodui.widgets.decision import show_decision
from bloodui.widgets.map_legend import check_of, show_scale, show_switch, show_why
from bloodui.widgets.probabilities import show_probabilities
from bloodui.widgets.viewer import Look
from models.answer.saliency import Explanation
from models.errors import BlooduiError
from models.image.scale import shrunk
from models.opinion import Opinion

_MAP = Look(opacity=0.6, contour=True, zoomed=False)
_WAITING_PX = 640


def show_answered(feedback: Feedback, quiz: Quiz, inventory: Inventory) -> None:
    """Draw the image, and what the quiz's model says and its map where it has one."""
    picture, said = st.columns([7, 5], gap="large")
    opinion = None
    installed = next(
        (each for each in inventory.models if each.manifest.id == quiz.rules.model_id), None
    )
    place = picture.empty()
    with said:
        if quiz.rules.model_id:
            # The picture is there while the model, which may take seconds, is asked.
            place.image(picture_address(shrunk(feedback.image.micrograph.rgb, _WAITING_PX)))
            opinion = _opinion(feedback.image, installed)
        placed = None
        if opinion is not None and opinion.prediction is not None:
            st.subheader(f"What {as_markdown(opinion.manifest.title)} says")
            show_decision(opinion)
            show_probabilities(opinion.prediction)
            if opinion.explanation is not None and installed is not None:
                placed = _show_map(opinion, opinion.explanation, installed)
        elif opinion is not None:
            st.markdown(as_markdown(opinion.reason))
    with place.container():
        show_image(feedback.image, placed, _MAP, key=f"answered:{feedback.image.position}")


def _show_map(opinion: Opinion, explanation: Explanation, installed: Installed) -> PlacedMap | None:
    """Draw the switch of the map and its words; answer with the map where it is to be drawn."""
    check = check_of(installed, explanation.method)
    is_shown = show_switch("Map over the image", check, explanation.method, key="quiz-map")
    if is_shown:
        show_scale(check)
    show_why(explanation, explanation, check, key="quiz-map-why")
    if not is_shown or explanation.raw_peak <= 0:
        return None
    height, width = opinion.micrograph.rgb.shape[:2]
    return place_map(
        *opinion.pictures[-1].on_original(explanation.map),
        width_px=width,
        height_px=height,
        check=check,
    )


def show_verdict(feedback: Feedback, quiz: Quiz) -> None:
    """Say whether the answer was right, and what the truth is."""
    classes, given = quiz.rules.classes, feedback.answer
    truth = as_markdown(full_name(classes[feedback.truth]))
    if given.answer is None:
        st.error(
            f"Time was over, which counts as wrong. It is **{truth}**.", icon=":material/timer_off:"
        )
        return
    sure = unbroken(f"{100 * (given.confidence or 0.0):.0f} %")
    if given.answer == feedback.truth:
        st.success(
            f"Right: **{truth}**. You were sure to {sure}, after {given.elapsed_s:.0f} s.",
            icon=":material/check_circle:",
        )
    else:
        st.error(
            f"Not right: it is **{truth}**. You said {as_markdown(classes[given.answer])}, sure "
            f"to {sure}, after {given.elapsed_s:.0f} s.",
            icon=":material/cancel:",
        )


def _opinion(image: QuizImage, installed: Installed | None) -> Opinion | None:
    if installed is None:
        st.caption("The model of this quiz is no longer installed here.")
        return None
    try:
        with st.spinner("Asking the model, which takes some seconds the first time"):
            return answers.opinion_alone(
                image.micrograph, installed, Question(despite_domain=image.is_drawn)
            )
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return None
