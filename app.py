"""The dashboard: `streamlit run app.py`. Navigation and what stands on every page."""

import os

import streamlit as st

from bloodui.settings import settings_from
from bloodui.views.frame import show_frame
from bloodui.views.gate import pass_gate, show_login

st.set_page_config(page_title="bloodui", page_icon="🔬", layout="wide")
person = pass_gate(settings_from(os.environ), address=st.get_option("server.address"))
# A quiz's link leads to the address of the server itself, which every server knows from its start.
is_quiz = "quiz" in st.query_params
pages = [
    st.Page(
        "pages/second_opinion.py",
        title="Second opinion",
        icon=":material/biotech:",
        default=not is_quiz,
    ),
    st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
    st.Page("pages/what_if.py", title="What if", icon=":material/tune:"),
    st.Page("pages/quiz.py", title="Quiz", icon=":material/school:", default=is_quiz),
    st.Page("pages/about.py", title="About", icon=":material/info:"),
]
if person.is_admin:
    pages += [
        st.Page("pages/training.py", title="Training", icon=":material/model_training:"),
        st.Page("pages/evaluation.py", title="Evaluation", icon=":material/monitoring:"),
        st.Page("pages/registry.py", title="Registry", icon=":material/inventory_2:"),
    ]
page = st.navigation(pages, position="top")
show_frame()
show_login(person)
page.run()
