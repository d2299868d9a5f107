"""Tables of words from anywhere: nothing in a cell or a heading is more than text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from bloodui.render.text import as_markdown
from models.table_cell import as_cell


def show_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Draw a table whole, a row for each mapping from heading to cell.

    Streamlit takes every cell of such a table for Markdown.
    """
    escaped = [{as_markdown(key): as_markdown(cell) for key, cell in row.items()} for row in rows]
    st.table(escaped, border="horizontal")


def show_list(rows: Sequence[Mapping[str, object]]) -> None:
    """Draw a table that may be long: it can be sorted, searched and taken away as CSV.

    Numbers stay numbers. A text that a spreadsheet would take for a formula begins with '.
    """
    st.dataframe(_safe(rows), hide_index=True, placeholder="–")


def show_choices(
    rows: Sequence[Mapping[str, object]], columns: Mapping[str, Any], *, key: str
) -> int | None:
    """Draw a list, as `show_list` does, of which a row can be clicked on.

    Args:
        rows: At least one.
        columns: By heading, what Streamlit's `column_config` takes.
        key: Tells this list from others; another where the rows are others.

    Returns:
        Number of the row that was clicked on last, however the list is sorted; None for none.
    """
    chosen = st.dataframe(
        _safe(rows),
        hide_index=True,
        column_config=columns,
        row_height=48,
        placeholder="–",
        height=min(48 * len(rows) + 52, 530),
        key=f"rows-{key}",
        on_select="rerun",
        selection_mode="single-cell",
    )
    cells = chosen["selection"]["cells"]
    return int(cells[0][0]) if cells else None


def _safe(rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    return [
        {
            as_cell(key): as_cell(cell) if isinstance(cell, str) else cell
            for key, cell in row.items()
        }
        for row in rows
    ]
