"""Where images and the names of their files are, for how long, and who sees them."""

from __future__ import annotations

import streamlit as st

from bloodui.settings import Settings


def show_privacy(settings: Settings) -> None:
    """Draw what becomes of images on this installation."""
    st.markdown(
        "- **Your images stay in the memory** of the machine that runs this program, for your "
        "browser and your login alone. Second opinion, Fields, Compare, What if and Quiz share "
        "them, and they are there with the models that you chose when you load the page again.\n"
        "- **They are dropped** when you remove them or log out, within two minutes after you "
        f"close the last window, and when you do nothing for {settings.idle_minutes:g} minutes. "
        "On a computer that others use, remove them before you go.\n"
        "- **Nothing of an image is written** to the log, and to disk only where you make a quiz "
        "of it, until the quiz is deleted, and where you keep corrections of cells, with your "
        "consent: a picture of each, until you take them back. The file's metadata (which may "
        "name a patient) is dropped, but for the image's orientation and pixel size.\n"
        "- **The name of a file** is shown to you, and goes as its image goes. It is never stored "
        "or logged, and stands in a report or table that you download only if you ask for it.\n"
        "- **Reports** are made when you download them, and carry the image and its hash: treat "
        "them as you would the image."
    )
