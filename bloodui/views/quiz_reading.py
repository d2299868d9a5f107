"""The resident's screen: begin, read image after image, see the answers, see the score."""

from __future__ import annotations

import time

import streamlit as st

from bloodui import quiz_session, session
from bloodui.forms.quiz_answer import answer_form, begin_form
from bloodui.quizzes.quiz import AFTER_EACH, Quiz
from bloodui.quizzes.resident import Reading, Resident
from bloodui.session import Inventory
from bloodui.views import messages
from bloodui.views.quiz_feedback import show_answered, show_verdict
from bloodui.views.quiz_outcome import show_outcome
from bloodui.views.quiz_picture import PLAIN, show_image
from bloodui.views.text import as_markdown

_HURRY_S = 5


def show_reading(resident: Resident, link: str, inventory: Inventory) -> None:
    """Draw what this session's attempt of a quiz is at; errors in their own words."""
    with messages.told():
        quiz = resident.quiz(link)
        st.title(as_markdown(quiz.rules.title))
        token = quiz_session.attempt(link)
        if not token:
            session.forget_images()
            _show_invitation(quiz)
            begin_form(resident, quiz)
            return
        _show_attempt(resident, token, inventory)


def _show_attempt(resident: Resident, token: str, inventory: Inventory) -> None:
    settled = resident.settle(token)
    reading = resident.reading(token)
    is_shown_each = reading.quiz.rules.answer_shown == AFTER_EACH
    if settled is not None:
        st.toast(f"Time is over for image {settled + 1}.", icon=":material/timer_off:")
        if is_shown_each:
            quiz_session.hold_feedback(settled)
    position = quiz_session.feedback_position()
    if position is not None:
        _show_progress(reading, position)
        feedback = resident.feedback(token, position)
        show_verdict(feedback, reading.quiz)
        is_last = reading.next_position is None
        st.button(
            "See your score" if is_last else "Next image",
            type="primary",
            icon=":material/arrow_forward:",
            on_click=quiz_session.hold_feedback,
            args=(None,),
        )
        show_answered(feedback, reading.quiz, inventory)
    elif reading.next_position is None:
        show_outcome(resident, token, inventory)
        st.button(
            "Read it once more", on_click=quiz_session.hold_attempt, args=(reading.quiz.link, "")
        )
    else:
        _show_task(resident, token, reading)


def _show_invitation(quiz: Quiz) -> None:
    rules = quiz.rules
    limit = (
        f"{rules.seconds_per_image} seconds each" if rules.seconds_per_image else "no time limit"
    )
    st.markdown(
        f"**{quiz.n_images} images, {limit}.** Name the class of each and say how sure you are. "
        f"You see the right answers {as_markdown(rules.answer_shown)}. An answer is given once."
    )


def _show_progress(reading: Reading, position: int) -> None:
    n_images = reading.quiz.n_images
    st.progress(position / n_images, text=f"Image {position + 1} of {n_images}")


def _show_task(resident: Resident, token: str, reading: Reading) -> None:
    session.forget_images()
    task = resident.task(token)
    if task is None:
        return
    position = task.image.position
    _show_progress(reading, position)
    picture, answer = st.columns([7, 4], gap="large")
    with picture:
        show_image(task.image, None, PLAIN, key=f"{token}:{position}")
    with answer:
        if task.remaining_s is not None:
            _show_time(time.monotonic() + task.remaining_s, reading.quiz.rules.seconds_per_image)
        said = answer_form(reading.quiz, position)
        with st.expander("If this page is closed or reloaded"):
            st.caption("Open the link again and go on with this code. Keep it to yourself.")
            st.code(token, language=None, wrap_lines=True)
    if said is not None:
        resident.answer(token, position, answer=said.answer, confidence=said.confidence)
        if reading.quiz.rules.answer_shown == AFTER_EACH:
            quiz_session.hold_feedback(position)
        st.rerun()


@st.fragment(run_every=1.0)
def _show_time(deadline: float, limit_s: int | None) -> None:
    """Draw the seconds that are left, each second anew; the page goes on when none is.

    Args:
        deadline: By this process's monotonic clock. What counts is the service's clock.
        limit_s: Seconds in all.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        st.rerun(scope="app")
    share = 100 * left / max(limit_s or 1, 1)
    colour = "#d55e00" if left <= _HURRY_S else "#0072b2"
    st.html(
        f'<div class="bloodui-time" role="timer"><span>{int(left) + 1} s left</span>'
        f'<span class="bar"><i style="width:{share:.1f}%;background:{colour}"></i></span></div>'
    )
