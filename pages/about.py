"""About: intended use, what it is not, the models with their cards, licences, privacy."""

import os

import streamlit as st

from bloodui.about.models import show_models
from bloodui.about.privacy import show_privacy
from bloodui.access.visitors import current_person
from bloodui.inventory import read_inventory
from bloodui.settings import program_version, settings_from

st.title("About bloodui")
st.markdown(
    f"Version {program_version()}. A second reader for blood-cancer microscopy, for research and "
    "teaching. It says of one image: whether it is good enough, how probable each class is, "
    "where in the image the evidence lies, and what the model is good for."
)

st.header("Intended use")
st.markdown(
    "- Teaching how deep-learning models read smears and lymph-node sections, and how they fail.\n"
    "- Research on such models: comparing architectures, preprocessing and maps of evidence.\n"
    "- For readers who can judge the image themselves: haematologists, pathologists, laboratory "
    "scientists and their students."
)
st.header("What it is not")
st.markdown(
    "- Not a medical device, and not for diagnosis, screening or treatment. No answer here may "
    "decide anything about a patient.\n"
    "- Not a substitute for morphology in context, immunophenotyping, cytogenetics and molecular "
    "tests, on which these diagnoses rest.\n"
    "- Not tested in your laboratory. The models know the stains, cameras and magnifications "
    "that they were trained on; on others, a high probability means little.\n"
    "- Not able to find what it never learned: an image that looks like those of its classes is "
    "read as one of them, unless its quality is declined or the model abstains. What is not proven "
    "to be seldom wrong is marked so. An image unlike "
    "them is turned away."
)
settings = settings_from(os.environ)
st.header("Privacy")
show_privacy(settings)

st.header("Models")
show_models(read_inventory(settings), current_person(settings))

st.header("Licences")
st.markdown(
    "The program is under the Apache License 2.0. The pretrained backbones have their own "
    "notices, listed in the file NOTICE. Data sets and models keep their licences, which each "
    "card names; some allow research only."
)
