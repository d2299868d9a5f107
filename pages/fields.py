"""Fields: every cell of a smear found, named, counted, and open to correction."""

import os

import streamlit as st

from bloodui import session
from bloodui.access.visitors import current_person
from bloodui.corrections.desk import Corrections
from bloodui.fields.case import forget_removed
from bloodui.fields.model_form import model_form
from bloodui.fields.saving import show_kept
from bloodui.fields.screen import NO_MODEL, show_case, show_empty
from bloodui.inventory import cell_models, read_inventory
from bloodui.settings import settings_from
from bloodui.widgets import messages, thumbnails
from bloodui.widgets.intake import intake_form

settings = settings_from(os.environ)
inventory = read_inventory(settings)
models = cell_models(inventory.models)

st.title("Fields")
messages.show_problems(inventory, current_person(settings))
if not models:
    messages.show(NO_MODEL)
else:
    # Another key: Streamlit keeps an expander open that was, and the fields come first.
    is_first = not session.has_images()
    with st.expander("Fields and model", expanded=is_first, key=f"fields-asked-{is_first}"):
        intake, choice = st.columns([3, 2], gap="large")
        with choice:
            installed = model_form(models)
        with intake:
            images = intake_form(installed.manifest)
        thumbnails.show_removal(images, are_fields=True)
    forget_removed()
    corrections = Corrections(state=settings.state, person=current_person(settings))
    if images:
        show_case(images, installed, corrections)
    else:
        show_empty()
    show_kept(corrections)
