"""About: intended use, what it is not, the models with their cards, licences, privacy."""

import os

import streamlit as st

from bloodui import session
from bloodui.settings import program_version, settings_from
from bloodui.views.gate import enter_page
from bloodui.views.models import show_models, show_problems

enter_page("about")


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
    "read as one of them, unless its quality is declined or the model abstains. An image unlike "
    "them is turned away."
)
st.header("Privacy")
st.markdown(
    "Images stay in the memory of the machine that runs this program, in your session alone. "
    "They are dropped when you remove them, open another page or close the window. Nothing of an "
    "image is written to the log, and to disk only where you make a quiz of it, until the quiz is "
    "deleted. No file name is kept, and the file's metadata (which may name a patient) is "
    "dropped, but for the image's orientation and pixel size. Reports are made when you download "
    "them, and carry the image and its hash: treat them as you would the image."
)

st.header("Models")
inventory = session.inventory(settings_from(os.environ))
show_problems(inventory)
show_models(inventory)

st.header("Licences")
st.markdown(
    "The program is under the Apache License 2.0. The pretrained backbones have their own "
    "notices, listed in the file NOTICE. Data sets and models keep their licences, which each "
    "card names; some allow research only."
)
