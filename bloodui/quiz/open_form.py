"""A login's quizzes, or a key → the results of a quiz."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from bloodui.quiz.instructor import Instructor
from bloodui.quiz.quiz import Quiz
from bloodui.widgets import messages


def open_quiz_form(instructor: Instructor) -> tuple[Instructor, Quiz] | None:
    """Ask which quiz to open; returns it with the instructor who may, or None."""
    # Hidden, since results may be shown to a class; in a form, since leaving a hidden field by
    # the Tab key does not send it.
    with st.form("quiz-open", border=False):
        key = st.text_input(
            "Key of a quiz",
            type="password",
            key="quiz-key",
            autocomplete="off",
            help="It was shown once, when the quiz was made.",
        ).strip()
        st.form_submit_button("Open", icon=":material/key:")
    keyed = replace(instructor, key=key)
    with messages.errors_shown():
        found = keyed.quizzes()
        if not found:
            st.info(
                "You have no quiz yet. Make one under New quiz."
                if instructor.owner
                else "Nobody logs in here, so each quiz has a key. Paste yours above."
            )
            return None
        if len(found) == 1:
            return keyed, found[0]
        number = st.selectbox(
            "My quizzes",
            range(len(found)),
            format_func=lambda place: f"{found[place].rules.title} ({found[place].id})",
            key="quiz-mine",
        )
        return keyed, found[number]
    return None


def delete_form(instructor: Instructor, quiz: Quiz) -> None:
    """Delete a quiz, after a second look."""
    with st.expander("Delete this quiz", key=f"quiz-delete-{quiz.id}"):
        st.markdown("Its images, its link and every answer are gone for good.")
        is_sure = st.checkbox("Yes, delete it", key=f"quiz-sure-{quiz.id}")
        if st.button("Delete", icon=":material/delete:", disabled=not is_sure):
            with messages.errors_shown():
                instructor.delete(quiz.id)
                st.success("Deleted.")
