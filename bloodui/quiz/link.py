"""The link of a quiz, as text and as a code that a telephone reads."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import cv2
import numpy as np
import streamlit as st

from bloodui.quiz.quiz import Quiz
from bloodui.render.pictures import picture_address
from bloodui.settings import is_loopback

_QUIET = 4
"""Modules of white around the code, as ISO/IEC 18004 asks."""


def show_link(quiz: Quiz) -> None:
    """Draw the address under which residents read a quiz, and say who can open it."""
    page = (st.context.url or "").partition("?")[0]
    address = f"{page.removesuffix('quiz')}?quiz={quote(quiz.link)}"
    st.code(address, language=None, wrap_lines=True)
    if is_loopback(urlsplit(page).hostname):
        st.warning(
            "Nobody else can open this link: it leads to the computer that it is opened on. "
            "Whoever runs this installation can serve it to others; then copy the link from there.",
            icon=":material/link_off:",
        )
        return
    st.image(picture_address(qr_code(address)), width=180, caption="For a telephone")


def qr_code(text: str) -> np.ndarray:
    """A QR code, (n, n, 3) uint8, six pixels a module."""
    code = np.pad(cv2.QRCodeEncoder.create().encode(text), _QUIET, constant_values=255)
    return np.repeat(np.repeat(code, 6, axis=0), 6, axis=1)[..., None].repeat(3, axis=2)
