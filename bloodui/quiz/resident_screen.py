"""The resident's screen: begin, read image after image, see the answers, see the score."""

from __future__ import annotations

import time

import streamlit as st

from bloodui import answers
from bloodui.inventory import Inventory
from bloodui.quiz import remembered
from bloodui.quiz.answer_form import answer_form, begin_form
from bloodui.quiz.feedback import show_answered, show_verdict
from bloodui.quiz.figures import show_reliability, show_score
from bloodui.quiz.picture import PLAIN, show_image, show_small
from bloodui.quiz.quiz import AFTER_EACH, Answer, Quiz
from bloodui.quiz.resident import Reading, Resident
from bloodui.quiz.scores import kappa_with_truth, score
from bloodui.render.text import as_markdown, unbroken
from bloodui.widgets import messages
from bloodui.widgets.confusion import show_plain_confusion

_HURRY_S = 5
_COLUMNS = 4


def show_reading(resident: Resident, link: str, inventory: Inventory) -> None:
    """Draw what this session's attempt of a quiz is at; errors in their own words."""
    with messages.errors_shown():
        quiz = resident.quiz(link)
        st.title(as_markdown(quiz.rules.title))
        token = remembered.attempt(link)
        if token is None:  # the page was loaded anew
            token = resident.latest(link)
            if token:
                remembered.hold_attempt(link, token)
        if not token:
            answers.keep_only(())
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
            remembered.hold_feedback(settled)
    position = remembered.feedback_position()
    if position is not None:
        _show_progress(reading, position)
        feedback = resident.feedback(token, position)
        show_verdict(feedback, reading.quiz)
        is_last = reading.next_position is None
        st.button(
            "See your score" if is_last else "Next image",
            type="primary",
            icon=":material/arrow_forward:",
            shortcut="Ctrl+Enter",
            on_click=remembered.hold_feedback,
            args=(None,),
        )
        show_answered(feedback, reading.quiz, inventory)
    elif reading.next_position is None:
        show_outcome(resident, token, inventory)
        st.caption("Your first reading counts. Another one knows the answers.")
        st.button(
            "Read it once more", on_click=remembered.hold_attempt, args=(reading.quiz.link, "")
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
    answers.keep_only(())
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
        said = answer_form(reading.quiz, position, token=token)
        with st.expander("To go on elsewhere, or as somebody else", key="quiz-code-shown"):
            st.caption(
                "In this browser the link leads back to your reading until the browser is closed. "
                "Elsewhere, go on with this code. Keep it to yourself."
            )
            st.code(token, language=None, wrap_lines=True)
            st.button(
                "Begin as somebody else",
                on_click=remembered.hold_attempt,
                args=(reading.quiz.link, ""),
            )
    if said is not None:
        resident.answer(token, position, answer=said.answer, confidence=said.confidence)
        if reading.quiz.rules.answer_shown == AFTER_EACH:
            remembered.hold_feedback(position)
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


def show_outcome(resident: Resident, token: str, inventory: Inventory) -> None:
    """Draw the score of a finished attempt. Raises QuizError while images are left."""
    truths = resident.truths(token)
    reading = resident.reading(token)
    quiz, answers = reading.quiz, reading.attempt.answers
    mine = score(answers, truths, n_classes=len(quiz.rules.classes))
    st.subheader(f"Your score, {as_markdown(reading.attempt.alias)}")
    show_score(mine, kappa_with_truth(answers, truths))
    wrong = [given for given in answers if given.answer != truths[given.position]]
    matrix, sure = st.columns([7, 5], gap="large")
    with matrix:
        st.subheader("Truth and answer")
        show_plain_confusion(quiz.rules.classes, mine.confusion, key="outcome")
    with sure:
        st.subheader("How sure, how right")
        show_reliability(mine)
    st.subheader("Your mistakes")
    if not wrong:
        st.markdown("None.")
    columns = st.columns(_COLUMNS)
    for place, given in enumerate(wrong):
        with columns[place % _COLUMNS]:
            image = resident.feedback(token, given.position).image
            show_small(image, _mistake_in_words(given, truths[given.position], quiz))
    st.subheader("Look at an image again")
    chosen = st.selectbox(
        "Image",
        [*(given.position for given in wrong), *_others(wrong, len(answers))],
        format_func=lambda position: f"Image {position + 1}",
        key="quiz-again",
    )
    if chosen is not None:
        feedback = resident.feedback(token, chosen)
        show_verdict(feedback, quiz)
        show_answered(feedback, quiz, inventory)


def _others(wrong: list[Answer], n_images: int) -> list[int]:
    mistaken = {given.position for given in wrong}
    return [position for position in range(n_images) if position not in mistaken]


def _mistake_in_words(given: Answer, truth: int, quiz: Quiz) -> str:
    classes = quiz.rules.classes
    said = "time was over"
    if given.answer is not None:
        sure = unbroken(f"{100 * (given.confidence or 0.0):.0f} %")
        said = f"you said {as_markdown(classes[given.answer])}, sure to {sure}"
    return f"it is **{as_markdown(classes[truth])}**, {said}"
