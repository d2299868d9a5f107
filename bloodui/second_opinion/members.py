"""What each member of an ensemble says, under what they say together."""

from __future__ import annotations

import streamlit as st

from bloodui.render.text import as_markdown
from bloodui.widgets.probability_grid import GridRow, show_grid
from models.opinion import Opinion


def member_rows(opinion: Opinion) -> list[GridRow]:
    """A row for the ensemble, then one for each member with its weight."""
    together = GridRow(
        title=opinion.manifest.title,
        note="together",
        classes=opinion.manifest.classes,
        opinion=opinion,
    )
    return [
        together,
        *(
            GridRow(
                title=member.title,
                note=f"weight {round(100 * member.weight)} %",
                classes=said.manifest.classes,
                opinion=said,
            )
            for member, said in zip(opinion.manifest.members, opinion.members, strict=True)
        ),
    ]


def show_members(opinion: Opinion) -> None:
    """Draw the members' opinions; nothing for a single network."""
    if not opinion.members:
        return
    with st.expander("What its members say", key="members"):
        show_grid(member_rows(opinion))
        first = as_markdown(opinion.members[0].manifest.title)
        st.caption(
            f"The map and the steps are those of {first}. The page Compare shows the map of "
            "every model."
        )
