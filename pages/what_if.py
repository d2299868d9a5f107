"""What if: one image made worse by hand, and how every model's answer and map move."""

import os

import streamlit as st

from bloodui import answers, session
from bloodui.access.visitors import current_person
from bloodui.inventory import read_inventory
from bloodui.settings import settings_from
from bloodui.what_if.before_after import show_what_if
from bloodui.widgets import thumbnails
from bloodui.widgets.intake import intake_form, offer_demo
from bloodui.widgets.messages import show_problems
from bloodui.widgets.models_form import models_form

settings = settings_from(os.environ)
inventory = read_inventory(settings)


def show_models() -> None:
    """Ask for models and images, and draw how the answers move when an image gets worse."""
    default = settings.default_model
    with st.container(key="asked"):
        models = models_form(inventory.models, default, key="what-if-models", at_least=1)
        if not models:
            return
        images = intake_form(models[0].manifest)
    thumbnails.show_removal(images)
    thumbnails.show_failures(images)
    opened = session.opened(images)
    if opened is not None:
        thumbnails.show_strip(images)
        show_what_if(opened, models)
        return
    answers.keep_only(())
    st.markdown(
        "Add an image, make it worse by hand (blur, stain, light, a covered patch), and watch "
        "which model's answer moves, and whether it should."
    )
    offer_demo(models[0].manifest)


st.title("What if")
show_problems(inventory, current_person(settings))
if inventory.models:
    show_models()
