"""Quiz: an instructor's set, read by residents who follow its link; scores for both."""

import os

import streamlit as st

from bloodui import session
from bloodui.access import current_person, is_login_configured
from bloodui.forms.quiz_new import new_quiz_form
from bloodui.forms.quiz_open import delete_form, open_quiz_form
from bloodui.quizzes.instructor import Instructor
from bloodui.quizzes.resident import Resident
from bloodui.settings import settings_from
from bloodui.views import messages
from bloodui.views.gate import enter_page
from bloodui.views.quiz_reading import show_reading
from bloodui.views.quiz_results import show_results

enter_page("quiz")

settings = settings_from(os.environ)
person = current_person(settings)
inventory = session.inventory(settings)

if "quiz" in st.query_params:
    resident = Resident(state=settings.state, person=person)
    show_reading(resident, st.query_params["quiz"], inventory)
    st.stop()

st.title("Quiz")
st.caption(
    "Make a set of images, share its link, and see how your residents read: for teaching, not for "
    "diagnosis. Results are yours alone."
)
instructor = Instructor(state=settings.state, person=person, has_login=is_login_configured())
NEW, RESULTS = "New quiz", "My quizzes" if instructor.owner else "Results"
todo = st.segmented_control(
    "What to do", [NEW, RESULTS], default=NEW, required=True, key="quiz-todo"
)
if todo == NEW:
    new_quiz_form(instructor, settings, inventory.models)
    st.stop()
session.forget_images()
opened = open_quiz_form(instructor)
if opened is not None:
    with messages.told():
        show_results(*opened, inventory)
        delete_form(*opened)
