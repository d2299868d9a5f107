"""Several images beside one another, each with its result, to be opened by a click."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from bloodui.session import Outcome
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
    if len(with_opinion) < 2:
        return
    height = 420 if len(with_opinion) >= SCROLLS_FROM else "content"
    with st.container(height=height, border=False, key="strip"):  # type: ignore[arg-type]
        grid = st.grid("auto", min_column_width=130)
        for outcome in with_opinion:
            with grid.cell():
                _show_one(outcome, is_open=outcome is opened, on_open=on_open)


def show_failures(outcomes: Sequence[Outcome]) -> None:
    """Draw the sentence on each image that could not be read; the others are not affected."""
    for outcome in outcomes:
        if outcome.error is not None:
            messages.show(messages.message_for(outcome.error), about=outcome.received.label)


def _show_one(outcome: Outcome, *, is_open: bool, on_open: Callable[[str], None]) -> None:
    received = outcome.received
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
    st.caption(outcome_in_brief(outcome) + (f"  \n{CAPTION}" if received.is_drawn else ""))
