"""What stands on every page: the banner on intended use, and the page's style."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

STYLE = Path(__file__).with_name("style.css")
WHEEL = Path(__file__).with_name("wheel.js")
BANNER = "Research and teaching only. An opinion, not a diagnosis."


def show_frame() -> None:
    """Load the style and draw the banner."""
    st.html(STYLE)
    # Plotly zooms by the wheel wherever the pointer is: over a picture the page could not be
    # scrolled. The content security policy names this script by its hash.
    st.html(f"<script>{WHEEL.read_text(encoding='utf-8')}</script>", unsafe_allow_javascript=True)
    st.html(f'<div class="bloodui-banner" role="note"><strong>{BANNER}</strong></div>')
