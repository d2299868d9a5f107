"""The data sets at hand → the index.csv of the one to learn from."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bloodui import session
from bloodui.data_sets import DataSets

OTHER = "Another index.csv on this machine"


def choose_index(index: Path, *, key: str) -> None:
    """Choose an index by its path in a form of this key, from a callback of another widget."""
    session.set_widgets({f"{key}-data": OTHER, f"{key}-index": str(index)})


def index_form(sets: DataSets, *, key: str) -> Path | None:
    """Ask for a data set, or for the path of an index.csv; None while there is none.

    Args:
        sets: The known ones.
        key: Tells this form from others on the page.
    """
    known = sets.known()
    labels = {path: f"{path.parent.name} ({path.parent.parent})" for path in known}
    chosen = st.selectbox(
        "Data",
        [*known, OTHER],
        format_func=lambda entry: labels.get(entry, str(entry)),
        key=f"{key}-data",
    )
    if isinstance(chosen, Path):
        return chosen
    text = st.text_input("Path of the index.csv", key=f"{key}-index").strip()
    return Path(text).expanduser() if text else None
