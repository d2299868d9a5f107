"""Classes, number and seed → a drawn data set, to try a training on."""

from __future__ import annotations

import streamlit as st

from bloodui.data_sets import DataSets
from bloodui.render.text import as_markdown
from bloodui.widgets import messages
from drawn.smears import SMEAR_CLASSES

_DEFAULT = ("Benign", "Early", "Pre", "Pro")


def drawn_set_form(sets: DataSets) -> None:
    """Ask for a drawn data set, and draw it when that is wanted."""
    with (
        st.expander("Draw smears to try a training on", key="draw-a-set"),
        st.form("drawn-set", border=False),
    ):
        labels = st.multiselect(
            "Classes",
            list(SMEAR_CLASSES),
            default=[name for name in _DEFAULT if name in SMEAR_CLASSES],
            format_func=lambda name: SMEAR_CLASSES[name].title,
        )
        number = st.number_input("Images of each class", 4, 2000, 24)
        seed = st.number_input("Seed", 0, 2**31 - 1, 1)
        name = st.text_input("Name of the data set", "drawn-subtypes")
        if st.form_submit_button("Draw", icon=":material/draw:"):
            with messages.errors_shown(name), st.spinner("Drawing"):
                index = sets.draw(
                    name=name.strip(), labels=labels, n_per_label=int(number), seed=int(seed)
                )
                st.success(
                    f"Drawn: {as_markdown(index.parent.name)}. It can be chosen under New run."
                )
    st.caption("Drawn images stand for no patient; what a model learns from them is no medicine.")
