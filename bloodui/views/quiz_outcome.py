"""A resident's own score at the end: figures, matrix, mistakes, and every image once more."""

from __future__ import annotations

import streamlit as st

from bloodui.quizzes.quiz import Answer, Quiz
from bloodui.quizzes.resident import Resident
from bloodui.quizzes.scores import kappa_with_truth, score
from bloodui.session import Inventory
from bloodui.views.quiz_feedback import show_answered, show_verdict
from bloodui.views.quiz_picture import show_small
from bloodui.views.quiz_scores import show_matrix, show_reliability, show_score
from bloodui.views.text import as_markdown

_COLUMNS = 4


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
        show_matrix(mine, quiz.rules.classes, key="outcome")
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
            show_small(image, _in_words(given, truths[given.position], quiz))
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


def _in_words(given: Answer, truth: int, quiz: Quiz) -> str:
    classes = quiz.rules.classes
    said = "time was over"
    if given.answer is not None:
        sure = f"{100 * (given.confidence or 0.0):.0f} %"
        said = f"you said {as_markdown(classes[given.answer])}, sure to {sure}"
    return f"it is **{as_markdown(classes[truth])}**, {said}"
