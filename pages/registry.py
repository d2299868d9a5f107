"""Registry: which model clinicians use, and who changed that when, and why."""

import os

import streamlit as st

from bloodui import session
from bloodui.access import current_person
from bloodui.forms.registry import ensemble_form, import_form, promote_form, shipped_form
from bloodui.run_results import RunResults
from bloodui.settings import settings_from
from bloodui.studio import Studio
from bloodui.views.gate import enter_page
from bloodui.views.registry import show_history, show_promoted

enter_page("registry")

settings = settings_from(os.environ)
studio = Studio(settings=settings, person=current_person(settings))

st.title("Registry")
st.caption(
    "Nothing is used by clinicians before an admin has read its evaluation and promoted it. "
    "Shipped models cannot be changed here."
)
promote, together, models, exchange, history = st.tabs(
    ["Promote a run", "Ensemble", "Models", "Import, export", "History"]
)
with promote:
    promote_form(RunResults(studio=studio))
with together:
    ensemble_form(RunResults(studio=studio))
with models:
    show_promoted(studio)
with exchange:
    import_form(studio)
    shipped_form(studio, session.inventory(settings))
with history:
    show_history(studio)
