"""The dashboard: `streamlit run app.py`. Navigation and what stands on every page."""

import streamlit as st

from bloodui.views.frame import show_frame

st.set_page_config(page_title="bloodui", page_icon="🔬", layout="wide")
page = st.navigation(
    [
        st.Page(
            "pages/second_opinion.py",
            title="Second opinion",
            icon=":material/biotech:",
            default=True,
        ),
        st.Page("pages/about.py", title="About", icon=":material/info:"),
    ],
    position="top",
)
show_frame()
page.run()
