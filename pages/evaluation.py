"""Evaluation: models and runs of one question side by side; each one's matrix and mistakes."""

import os

import streamlit as st

from bloodui.access.visitors import current_person
from bloodui.inventory import read_inventory
from bloodui.settings import settings_from
from bloodui.studio.evaluation import show_comparison, show_judged
from bloodui.studio.evaluation_form import evaluation_form
from bloodui.studio.finished_runs import FinishedRuns
from bloodui.studio.studio import Studio
from bloodui.studio.study import follow_link, show_study
from bloodui.widgets import messages
from bloodui.widgets.messages import show_problems

settings = settings_from(os.environ)
inventory = read_inventory(settings)
results = FinishedRuns(studio=Studio(settings=settings, person=current_person(settings)))


def show_models_and_runs() -> None:
    """Ask for a question, and draw the figures of its models and runs, and one's matrix."""
    show_problems(inventory, results.studio.person)
    choice = evaluation_form(results, inventory, settings.default_model)
    if choice is None:
        return
    show_comparison(choice.judged, choice.cards, choice.split)
    name = st.selectbox("Look closer at", list(choice.judged), key="judged-closer")
    show_judged(
        results,
        choice.judged[name],
        choice.cards[name],
        choice.split,
        error_limit=settings.error_limit,
    )


def show_studies() -> None:
    """Ask for a study, and draw what it found."""
    finished = {study.name: study for study in results.finished_studies()}
    if not finished:
        st.info("No study has finished yet. Studies are started on the page Training.")
        return
    name = st.selectbox("Study", list(finished), key="judged-study")
    with messages.errors_shown(name):
        show_study(results.study(finished[name]), key=finished[name].id)


st.title("Evaluation")
follow_link(results)
models, studies = st.tabs(["Models and runs", "Studies"], key="evaluation", on_change="rerun")
with models:
    show_models_and_runs()  # open or not: what is not drawn forgets what was chosen in it
if studies.open:
    with studies, messages.errors_shown():
        show_studies()
