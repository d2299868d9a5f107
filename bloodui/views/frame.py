"""What stands on every page: the banner on intended use, and the page's style."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

STYLE = Path(__file__).with_name("style.css")
BANNER = "Research and teaching only. An opinion, not a diagnosis."


def show_frame() -> None:
    """Load the style and draw the banner."""
    st.html(STYLE)
    st.html(f'<div class="bloodui-banner" role="note"><strong>{BANNER}</strong></div>')
