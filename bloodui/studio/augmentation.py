"""What a recipe's augmentations make of a drawn image."""

from __future__ import annotations

import streamlit as st

from bloodui.render.pictures import picture_address
from drawn.smears import CAPTION, SMEAR_CLASSES, draw
from models.image.scale import shrunk
from training.recipes.recipe import Recipe

_VERSIONS = 8


def show_preview(recipe: Recipe) -> None:
    """Draw an image and versions of it as the network would be shown them, on demand.

    Keras makes them, which takes some seconds the first time: a button asks for it.
    """
    known = set(recipe.task.classes)
    labels = [name for name, each in SMEAR_CLASSES.items() if each.class_name in known]
    label, partner = (labels or ["Pre"])[0], (labels or ["Pro"])[-1]
    seed = st.number_input("Seed of the preview", 0, 9999, 1, key="preview-seed")
    if not st.button("Show augmented versions", key="preview"):
        st.caption("The image is drawn; the variation is the recipe's.")
        return
    from training.fit.preview import preview

    with st.spinner("Varying the image"):
        versions = preview(
            recipe,
            draw(label, seed=int(seed)).rgb,
            _VERSIONS,
            int(seed),
            partner=draw(partner, seed=int(seed) + 1).rgb,
        )
    columns = st.columns(4)
    for number, rgb in enumerate(versions):
        columns[number % 4].image(picture_address(shrunk(rgb, 240)))
    st.caption(CAPTION)
