"""Second opinion: images in; quality, probabilities, map, model's card and report out."""

import os

import streamlit as st

from bloodui import session
from bloodui.access.visitors import current_person
from bloodui.inventory import read_inventory
from bloodui.second_opinion import batch, detail, many
from bloodui.second_opinion.model_form import model_form
from bloodui.settings import settings_from
from bloodui.widgets.intake import intake_form, offer_demo
from bloodui.widgets.messages import show_problems

settings = settings_from(os.environ)
inventory = read_inventory(settings)
ONE, MANY = "Images one by one", "Folder, ZIP or many"


def show_opinion(kind: str) -> None:
    """Ask for a model and images, one or many, and draw what the model says of them."""
    with st.container(key="asked"):
        intake, choice = st.columns([3, 2], gap="large")
        with choice:
            known = inventory.models
            readers = [each for each in known if not each.is_baseline] or known
            model = model_form(readers, settings.default_model)
        with intake:
            if kind == MANY:
                many.images_form(model)
            else:
                images = intake_form(model.manifest)
    if kind == MANY:
        many.show_batch()
        return
    if not images:
        detail.show_empty()
        offer_demo(model.manifest)
        return
    opened = batch.show_images(images, model)
    if opened is not None:
        detail.show_detail(opened, model)


with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Second opinion", width="content")
    kind = st.segmented_control(
        "What to read",
        [ONE, MANY],
        default=MANY if session.batch() is not None else ONE,
        required=True,
        key="one-or-many",
        label_visibility="collapsed",
    )
show_problems(inventory, current_person(settings))
if inventory.models:
    show_opinion(kind)
