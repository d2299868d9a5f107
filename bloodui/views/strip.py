"""Several images beside one another, each with its result, to be opened by a click."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from bloodui import session
from bloodui.session import Outcome, Received
from bloodui.views import messages
from bloodui.views.decision import outcome_in_brief
from bloodui.views.pictures import picture_address, shrunk
from training.datasets.synthetic import CAPTION

THUMBNAIL_PX = 224
SCROLLS_FROM = 17


def show_strip(
    outcomes: Sequence[Outcome], opened: Outcome, on_open: Callable[[str], None]
) -> None:
    """Draw a thumbnail, the result and a button for each image that was read."""
    with_opinion = [outcome for outcome in outcomes if outcome.opinion is not None]
    _show_all(
        [(outcome.received, outcome_in_brief(outcome)) for outcome in with_opinion],
        opened.received,
        on_open,
    )


def show_choice(received: Sequence[Received], on_open: Callable[[str], None]) -> Received:
    """Draw a thumbnail and a button for each image that was read; answer with the opened one."""
    readable = [each for each in received if each.micrograph is not None]
    opened = next((each for each in readable if each.key == session.open_key()), readable[0])
    _show_all([(each, "") for each in readable], opened, on_open)
    return opened


def show_failures(failures: Sequence[Outcome | Received]) -> None:
    """Draw the sentence on each image that could not be read; the others are not affected."""
    for each in failures:
        if each.error is not None:
            received = each.received if isinstance(each, Outcome) else each
            messages.show(messages.message_for(each.error), about=received.label)


def _show_all(
    items: Sequence[tuple[Received, str]], opened: Received, on_open: Callable[[str], None]
) -> None:
    if len(items) < 2:
        return
    height = 420 if len(items) >= SCROLLS_FROM else "content"
    with st.container(height=height, border=False, key="strip"):  # type: ignore[arg-type]
        grid = st.grid("auto", min_column_width=130)
        for received, words in items:
            with grid.cell():
                _show_one(received, words, is_open=received is opened, on_open=on_open)


def _show_one(
    received: Received, words: str, *, is_open: bool, on_open: Callable[[str], None]
) -> None:
    if received.micrograph is not None:
        st.image(
            picture_address(shrunk(received.micrograph.rgb, THUMBNAIL_PX)),
            alt=received.label,
            width="stretch",
        )
    st.button(
        received.label,
        key=f"open:{received.key}",
        on_click=on_open,
        args=(received.key,),
        type="primary" if is_open else "secondary",
        width="stretch",
    )
    st.caption("  \n".join([*filter(None, [words]), *([CAPTION] if received.is_drawn else [])]))
