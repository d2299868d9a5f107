"""Compare: two to six models on one image, or on a set of images with or without labels."""

import os

import streamlit as st

from bloodui import session
from bloodui.access.visitors import current_person
from bloodui.compare import image_set
from bloodui.compare.one_image import show_compared
from bloodui.images import SessionImage
from bloodui.inventory import Installed, read_inventory
from bloodui.settings import settings_from
from bloodui.widgets import thumbnails
from bloodui.widgets.intake import intake_form, offer_demo
from bloodui.widgets.messages import show_problems
from bloodui.widgets.models_form import models_form

settings = settings_from(os.environ)
inventory = read_inventory(settings)
ONE, SET = "Images one by one", "A set with labels"


def show_models() -> None:
    """Ask for models and for what to compare them on."""
    images: tuple[SessionImage, ...] = ()
    with st.container(key="asked"):
        models = models_form(inventory.models, settings.default_model, key="compared-models")
        kind = st.segmented_control("What to compare on", [ONE, SET], default=ONE, required=True)
        if models and kind == ONE:
            images = intake_form(models[0].manifest)
    if models and kind == SET:
        image_set.show_labelled_set(settings, current_person(settings), models)
    elif models:
        show_images(images, models)


def show_images(images: tuple[SessionImage, ...], models: tuple[Installed, ...]) -> None:
    """Draw what each model says of the image that is open, and of all."""
    readable = [each for each in images if each.micrograph is not None]
    thumbnails.show_removal(images)
    thumbnails.show_failures(images)
    opened = session.opened(images)
    if opened is None:
        st.markdown("Add an image, and see what each model says of it, where it looked, and why.")
        offer_demo(models[0].manifest)
        return
    thumbnails.show_strip(images)
    show_compared(opened, models)
    if len(readable) > 1:
        image_set.show_images(readable, models)


st.title("Compare models")
show_problems(inventory, current_person(settings))
if inventory.models:
    show_models()
