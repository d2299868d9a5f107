"""One image of a quiz with its truth, the resident's answer, and a model's answer and map."""

from __future__ import annotations

import streamlit as st

from bloodui import quiz_session
from bloodui.quizzes.quiz import Quiz, QuizImage
from bloodui.quizzes.resident import Feedback
from bloodui.session import Installed, Inventory
from bloodui.views import messages, quiz_picture
from bloodui.views.overlay import PlacedMap, place_map
from bloodui.views.pictures import picture_address, shrunk
from bloodui.views.probabilities import show_probabilities
from bloodui.views.saliency import check_of, has_failed, show_map_words
from bloodui.views.text import as_markdown, full_name
from bloodui.views.viewer import Look
from models.errors import BlooduiError
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
        is_shown, check = False, None
        if opinion is not None and opinion.prediction is not None:
            st.subheader(f"What {as_markdown(opinion.manifest.title)} says")
            show_probabilities(opinion.prediction, opinion.manifest.answer_threshold)
            if opinion.explanation is not None:
                is_shown = st.toggle("Map over the image", value=True, key="quiz-map")
                if installed is not None:
                    check = check_of(installed, opinion.explanation.method)
                show_map_words(opinion.explanation, opinion.explanation, check)
        elif opinion is not None:
            st.markdown(as_markdown(opinion.reason))
    with place.container():
        placed = None
        if is_shown and opinion is not None:
            placed = _placed(opinion, is_grey=has_failed(check))
        quiz_picture.show_image(
            feedback.image, placed, _MAP, key=f"answered:{feedback.image.position}"
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
    sure = f"{100 * (given.confidence or 0.0):.0f} %"
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
            return quiz_session.opinion_of_one(image.micrograph, installed, is_drawn=image.is_drawn)
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return None


def _placed(opinion: Opinion, *, is_grey: bool) -> PlacedMap | None:
    explanation = opinion.explanation
    if explanation is None or explanation.raw_peak <= 0:
        return None
    height, width = opinion.micrograph.rgb.shape[:2]
    return place_map(
        explanation.map,
        opinion.pictures[-1].region,
        width_px=width,
        height_px=height,
        is_grey=is_grey,
    )
