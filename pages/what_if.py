"""What if: one image made worse by hand, and how every model's answer and map move."""

import os

import streamlit as st

from bloodui import session
from bloodui.forms.intake import intake_form, offer_demo
from bloodui.forms.models_choice import models_form
from bloodui.settings import settings_from
from bloodui.views import strip
from bloodui.views.gate import enter_page
from bloodui.views.models import show_problems
from bloodui.views.what_if import show_what_if

enter_page("what_if")

settings = settings_from(os.environ)
inventory = session.inventory(settings)

st.title("What if")
show_problems(inventory)
if not inventory.models:
    st.stop()
models = models_form(inventory.models, settings.default_model, key="what-if-models", at_least=1)
if not models:
    st.stop()
received = session.receive(intake_form(models[0].manifest))
strip.show_failures(received)
if not any(each.micrograph is not None for each in received):
    st.markdown(
        "Add an image, make it worse by hand (blur, stain, light, a covered patch), and watch "
        "which model's answer moves, and whether it should."
    )
    offer_demo(models[0].manifest)
    st.stop()
show_what_if(strip.show_choice(received, session.open_image), models)
