"""Compare: two to six models on one image, or on a set of images with or without labels."""

import os

import streamlit as st

from bloodui import compare_session, session
from bloodui.access import current_person
from bloodui.forms.intake import intake_form, offer_demo
from bloodui.forms.models_choice import models_form
from bloodui.settings import settings_from
from bloodui.views import compared_set, strip
from bloodui.views.compared import show_compared
from bloodui.views.gate import enter_page
from bloodui.views.models import show_problems

enter_page("compare")

settings = settings_from(os.environ)
inventory = session.inventory(settings)
ONE, SET = "Images one by one", "A set with labels"

st.title("Compare models")
show_problems(inventory)
if not inventory.models:
    st.stop()
models = models_form(inventory.models, settings.default_model, key="compared-models")
kind = st.segmented_control("What to compare on", [ONE, SET], default=ONE, required=True)
if not models:
    st.stop()

if kind == SET:
    compared_set.show_labelled_set(settings, current_person(settings), models)
    st.stop()

received = session.receive(intake_form(models[0].manifest))
readable = [each for each in received if each.micrograph is not None]
strip.show_failures(received)
compare_session.keep_only({each.micrograph.sha256 for each in readable if each.micrograph})
if not readable:
    st.markdown("Add an image, and see what each model says of it, where it looked, and why.")
    offer_demo(models[0].manifest)
    st.stop()
opened = strip.show_choice(readable, session.open_image)
show_compared(opened, models)
if len(readable) > 1:
    compared_set.show_images(readable, models)
