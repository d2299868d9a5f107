"""Training: data, recipe and changes in; runs that can be watched, stopped and resumed out."""

import os

import streamlit as st

from bloodui.access import current_person
from bloodui.data_sets import DataSets
from bloodui.forms.drawn_set import drawn_set_form
from bloodui.forms.run_request import run_form
from bloodui.forms.study_request import study_form
from bloodui.settings import settings_from
from bloodui.studio import Studio
from bloodui.views import messages
from bloodui.views.data_set import show_data_set
from bloodui.views.gate import enter_page
from bloodui.views.runs import show_runs

enter_page("training")

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
    order = study_form(sets) if kind == "A study" else run_form(sets)
    if order is not None:
        with messages.told(order.name):
            studio.submit_run(order)
            st.success("It is queued and goes on when this window is closed; see Runs.")
with data:
    drawn_set_form(sets)
    if data.open:
        show_data_set(sets)
with running:
    if running.open:
        show_runs(studio)
