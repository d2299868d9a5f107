"""Second opinion: images in; quality, probabilities, map, model's card and report out."""

import os

import streamlit as st

from bloodui import session
from bloodui.forms.intake import intake_form, offer_demo
from bloodui.forms.model_choice import model_form
from bloodui.settings import settings_from
from bloodui.views import detail, strip
from bloodui.views.gate import enter_page
from bloodui.views.models import show_problems
from bloodui.views.progress import progress_bar

enter_page("second_opinion")

settings = settings_from(os.environ)
inventory = session.inventory(settings)

st.title("Second opinion")
show_problems(inventory)
if not inventory.models:
    st.stop()

intake, choice = st.columns([3, 2], gap="large")
with choice:
    readers = [each for each in inventory.models if not each.is_baseline] or inventory.models
    model = model_form(readers, settings.default_model)
with intake:
    received = session.receive(intake_form(model.manifest))
if not received:
    detail.show_empty()
    offer_demo(model.manifest)
    st.stop()

with progress_bar() as announce:
    outcomes = session.outcomes(received, model, announce)
strip.show_failures(outcomes)
opened = session.opened(outcomes)
strip.show_strip(outcomes, opened, session.open_image)
if opened.opinion is not None:
    detail.show_detail(opened, model)
