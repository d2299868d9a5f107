"""A tray that nobody used is dropped: the window that still shows it sees that, and says so."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.settings import Settings

_LONGEST_PAUSE_S = 30.0


def show_lost_images(settings: Settings) -> None:
    """Say that images were dropped, and see to it that this is said as soon as they are."""
    if session.was_tray_lost():
        st.info(
            "Your images were dropped, with what was said of them, since nobody used them for "
            f"{settings.idle_minutes:g} minutes. Add them again to go on.",
            icon=":material/timer_off:",
        )
    if session.is_tray_missed():
        pause_s = min(60 * settings.idle_minutes / 4, _LONGEST_PAUSE_S)
        st.fragment(_look_again, run_every=pause_s)()


def _look_again() -> None:
    """Draw the page anew, and so without the images, once they are gone; looking uses none."""
    if session.is_tray_gone():
        st.rerun(scope="app")
