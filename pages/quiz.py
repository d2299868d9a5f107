"""Quiz: an instructor's set, read by residents who follow its link; scores for both."""

import os

import streamlit as st

from bloodui import answers
from bloodui.access.visitors import current_person, is_login_configured, reading_key
from bloodui.inventory import read_inventory
from bloodui.quiz.instructor import Instructor
from bloodui.quiz.new_form import new_quiz_form
from bloodui.quiz.open_form import delete_form, open_quiz_form
from bloodui.quiz.resident import Resident
from bloodui.quiz.resident_screen import show_reading
from bloodui.quiz.results import show_results
from bloodui.settings import settings_from
from bloodui.widgets import messages

settings = settings_from(os.environ)
person = current_person(settings)
inventory = read_inventory(settings)


def show_instructor() -> None:
    """Draw the form of a new quiz, or the results of one."""
    st.title("Quiz")
    st.caption(
        "Make a set of images, share its link, and see how your residents read: for teaching, not "
        "for diagnosis. Results are yours alone."
    )
    instructor = Instructor(state=settings.state, person=person, has_login=is_login_configured())
    new, results = "New quiz", "My quizzes" if instructor.owner else "Results"
    todo = st.segmented_control(
        "What to do", [new, results], default=new, required=True, key="quiz-todo"
    )
    if todo == new:
        new_quiz_form(instructor, settings, inventory.models)
        return
    answers.keep_only(())
    opened = open_quiz_form(instructor)
    if opened is not None:
        with messages.errors_shown():
            show_results(*opened, inventory)
            delete_form(*opened)


if "quiz" in st.query_params:
    resident = Resident(state=settings.state, person=person, browser=reading_key())
    show_reading(resident, st.query_params["quiz"], inventory)
elif person.is_resident:
    st.info("Open the whole link of your quiz: this address has lost its end.")
else:
    show_instructor()
