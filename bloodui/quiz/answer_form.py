"""What a resident gives: an alias to begin with, then a class and a confidence an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import streamlit as st

from bloodui import session
from bloodui.quiz import remembered
from bloodui.quiz.quiz import LONGEST_ALIAS, Quiz
from bloodui.quiz.resident import Resident
from bloodui.render.text import FULL_NAMES, PERCENT, as_markdown, unbroken
from bloodui.widgets import messages

_CHOSEN = "quiz-chosen"
_STEP = 5


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer as it was given: number of the class, and confidence 0–1."""

    answer: int
    confidence: float


def begin_form(resident: Resident, quiz: Quiz) -> None:
    """Ask for an alias, and begin; or go on with a reading by its code."""
    with st.form("quiz-begin"):
        alias = st.text_input(
            "Your alias",
            max_chars=LONGEST_ALIAS,
            help="Your instructor sees it beside your answers.",
            key="quiz-alias",
        )
        if st.form_submit_button("Begin", type="primary", icon=":material/play_arrow:"):
            with messages.errors_shown():
                remembered.hold_attempt(quiz.link, resident.begin(quiz.link, alias))
    st.caption(
        "Your first reading under an alias is the one that counts: a second one knows the answers. "
        "Take an alias that your instructor knows, not your real name. Kept on this server: "
        "alias, answers, confidence and times, until your instructor deletes the quiz. Only your "
        "instructor sees them; other readers never do."
    )
    with st.expander("Go on with a reading that you began before", key="quiz-go-on"):
        code = st.text_input("Code of your reading", key="quiz-code")
        if st.button("Go on", disabled=not code):
            with messages.errors_shown():
                reading = resident.reading(code)
                if reading.quiz.link == quiz.link:
                    remembered.hold_attempt(quiz.link, code.strip())
                else:
                    st.error("This code belongs to another quiz. Open that quiz's link.")
    if remembered.attempt(quiz.link):
        st.rerun()


def answer_form(quiz: Quiz, position: int, *, token: str) -> Said | None:
    """Ask for a class and a confidence; None until both are given.

    Args:
        position: Of the image.
        token: Of the attempt.
    """
    classes = quiz.rules.classes
    lowest = ceil(100 / len(classes) / _STEP) * _STEP
    answer = _class_choice(classes, of=(token, position))
    with st.form(f"quiz-answer-{position}", border=False):
        confidence = st.slider(
            "How sure are you?",
            lowest,
            100,
            _STEP * round((lowest + 100) / 2 / _STEP),
            _STEP,
            format=PERCENT,
            key=f"quiz-confidence-{position}",
            help=unbroken(f"{lowest} % is a guess among {len(classes)} classes, 100 % is certain."),
        )
        is_given = st.form_submit_button(
            "Give the answer",
            type="primary",
            icon=":material/check:",
            width="stretch",
            shortcut="Ctrl+Enter",
        )
    if not is_given:
        return None
    if answer is None:
        st.warning("Choose a class first.")
        return None
    return Said(answer=answer, confidence=confidence / 100)


def _class_choice(classes: Sequence[str], *, of: tuple[str, int]) -> int | None:
    """Draw a button for each class, with its key; answer with the one that was pressed last."""
    chosen_of, answer = session.held(_CHOSEN) or (None, None)
    if chosen_of != of:
        answer = None
    st.markdown("**What do you see?**")
    with st.container(gap="xsmall"):
        for number, name in enumerate(classes):
            is_chosen = number == answer
            full = FULL_NAMES.get(name, "")
            st.button(
                as_markdown(f"{name}: {full}" if full else name),
                icon=f":material/radio_button_{'checked' if is_chosen else 'unchecked'}:",
                type="primary" if is_chosen else "secondary",
                width="stretch",
                shortcut=str(number + 1) if number < 9 else None,
                on_click=session.hold,
                args=(_CHOSEN, (of, number)),
                key=f"quiz-class-{of[1]}-{number}",
            )
    return answer
