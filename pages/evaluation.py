"""Evaluation: runs and installed models side by side; matrix, curves and mistakes of a run."""

import os

import streamlit as st

from bloodui import session
from bloodui.access import current_person
from bloodui.forms.evaluation_choice import evaluation_form
from bloodui.run_results import RunResults
from bloodui.settings import settings_from
from bloodui.studio import Studio
from bloodui.views import messages
from bloodui.views.evaluation import show_comparison, show_run
from bloodui.views.gate import enter_page
from bloodui.views.study import show_study

enter_page("evaluation")

settings = settings_from(os.environ)
studio = Studio(settings=settings, person=current_person(settings))
results = RunResults(studio=studio)

st.title("Evaluation")
models, studies = st.tabs(["Runs and models", "Studies"], key="evaluation", on_change="rerun")
if studies.open:
    with studies:
        finished = {study.name: study for study in results.finished_studies()}
        if not finished:
            st.info("No study has finished yet. Studies are started on the page Training.")
            st.stop()
        name = st.selectbox("Study", list(finished), key="judged-study")
        with messages.told(name):
            show_study(results.study(finished[name]), key=finished[name].id)
else:
    with models:
        choice = evaluation_form(results, session.inventory(settings))
        if choice is None:
            st.info("Choose a run or a model. A run appears here when it has finished.")
            st.stop()
        show_comparison(dict(choice.cards), choice.split)
        for name, run in choice.runs.items():
            st.header(name)
            show_run(results, run, choice.cards[name], choice.split)
