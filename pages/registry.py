"""Registry: which model clinicians use, and who changed that when, and why."""

import os

import streamlit as st

from bloodui.access.visitors import current_person
from bloodui.inventory import read_inventory
from bloodui.settings import settings_from
from bloodui.studio.finished_runs import FinishedRuns
from bloodui.studio.registry_form import (
    ensemble_form,
    export_form,
    import_form,
    promote_form,
)
from bloodui.studio.registry_view import (
    show_faults,
    show_history,
    show_promoted,
    show_set_aside,
)
from bloodui.studio.studio import Studio
from bloodui.widgets.messages import errors_shown

settings = settings_from(os.environ)
studio = Studio(settings=settings, person=current_person(settings))

st.title("Registry")
st.caption(
    "Nothing is used by clinicians before an admin has read its evaluation and promoted it. "
    "Shipped models cannot be changed here."
)
is_stopped = show_faults(studio)
promote, together, models, exchange, history = st.tabs(
    ["Promote a run", "Ensemble", "Models", "Import, export", "History"]
)
with promote, errors_shown():
    promote_form(FinishedRuns(studio=studio))
with together, errors_shown():
    ensemble_form(FinishedRuns(studio=studio))
with models:
    show_promoted(studio, is_stopped=is_stopped)
    show_set_aside(studio)
with exchange:
    import_form(studio)
    export_form(studio, read_inventory(settings))
with history:
    show_history(studio)
