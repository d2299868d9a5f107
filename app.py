"""The dashboard: `python -m bloodui serve`. Navigation and what stands on every page.

Streamlit reads this file twice: its server as a module, for `app`, and each visit as a script.
"""

import os

import streamlit as st

from bloodui import session
from bloodui.access.gate import pass_gate, show_login
from bloodui.access.server import announced, guards
from bloodui.access.visitors import tray_key
from bloodui.settings import settings_from
from bloodui.widgets.frame import show_frame
from bloodui.widgets.tray import show_lost_images


def show() -> None:
    """Draw the page that a visitor chose."""
    st.set_page_config(page_title="bloodui", page_icon="🔬", layout="wide")
    settings = settings_from(os.environ)
    person = pass_gate(settings)
    # A quiz's link leads to the address of the server itself, which every server knows from its
    # start.
    is_quiz = person.is_resident or "quiz" in st.query_params
    quiz = st.Page("pages/quiz.py", title="Quiz", icon=":material/school:", default=is_quiz)
    pages = [
        st.Page(
            "pages/second_opinion.py",
            title="Second opinion",
            icon=":material/biotech:",
            default=not is_quiz,
        ),
        st.Page("pages/fields.py", title="Fields", icon=":material/grid_view:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("pages/what_if.py", title="What if", icon=":material/tune:"),
        quiz,
        st.Page("pages/about.py", title="About", icon=":material/info:"),
    ]
    if person.is_admin:
        pages += [
            st.Page("pages/training.py", title="Training", icon=":material/model_training:"),
            st.Page("pages/evaluation.py", title="Evaluation", icon=":material/monitoring:"),
            st.Page("pages/registry.py", title="Registry", icon=":material/inventory_2:"),
        ]
    page = st.navigation([quiz] if person.is_resident else pages, position="top")
    show_frame()
    show_login(person)
    with session.page(page.title, tray_key(settings)):
        show_lost_images(settings)
        page.run()


if __name__ == "__main__":
    show()
else:
    app = st.App(__file__, middleware=guards(), lifespan=announced)
