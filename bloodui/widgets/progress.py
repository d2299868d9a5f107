"""A bar for work that takes longer than a moment; it is gone when the work is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from bloodui.render.text import as_markdown


@contextmanager
def progress_bar() -> Iterator[Callable[[float, str], None]]:
    """Give a function (share done 0–1, words) that draws a bar from its first call on."""
    place = st.empty()

    def announce(share: float, words: str) -> None:
        place.progress(share, text=as_markdown(words))

    try:
        yield announce
    finally:
        place.empty()
