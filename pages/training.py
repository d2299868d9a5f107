"""Training: data, recipe and changes in; runs that can be watched, stopped and resumed out."""

import os

import streamlit as st

from bloodui.access.visitors import current_person
from bloodui.data_sets import DataSets
from bloodui.settings import settings_from
from bloodui.studio.data_set import show_data_set
from bloodui.studio.drawn_set_form import drawn_set_form
from bloodui.studio.folder_form import folder_form
from bloodui.studio.run_form import run_form
from bloodui.studio.runs import show_runs
from bloodui.studio.studio import Studio
from bloodui.studio.study_form import study_form
from bloodui.widgets import messages

settings = settings_from(os.environ)
person = current_person(settings)
studio = Studio(settings=settings, person=person)
sets = DataSets(settings=settings, person=person)

st.title("Training")
new, data, running = st.tabs(["New run", "Data sets", "Runs"], key="training", on_change="rerun")
with new:
    kind = st.segmented_control(
        "What to run",
        ["One recipe", "A study"],
        default="One recipe",
        required=True,
        key="what-to-run",
    )
    order = study_form(sets, studio) if kind == "A study" else run_form(sets, studio)
    if order is not None:
        with messages.errors_shown(order.name):
            studio.submit_run(order)
            st.success("It is queued and goes on when this window is closed; see Runs.")
with data:
    folder_form(sets)
    drawn_set_form(sets)
    if data.open:
        show_data_set(sets)
with running:
    if running.open:
        show_runs(lambda: Studio(settings=settings, person=current_person(settings)))
