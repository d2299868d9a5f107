"""A folder of images → its index.csv, and whatever of the folder is not in it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bloodui.data_sets import DataSets
from bloodui.render.text import as_markdown
from bloodui.widgets import messages
from bloodui.widgets.tables import show_list
from training.data.adapt import Adapted
from training.data.inspection import Unreadable


def folder_form(sets: DataSets) -> None:
    """Ask for a folder of images, and write its index when that is wanted."""
    with (
        st.expander("Index a folder of images", key="index-a-folder"),
        st.form("folder", border=False),
    ):
        text = st.text_input(
            "Folder of images on this machine",
            help="A public release as it was unpacked, or a folder for each class. The index.csv "
            "is written into it.",
        )
        if st.form_submit_button("Index it", icon=":material/folder_open:") and text.strip():
            folder = Path(text.strip()).expanduser()
            with messages.errors_shown(folder.name), st.spinner("Reading every file"):
                _show(sets.adapt(folder))


def _show(adapted: Adapted) -> None:
    """Draw what is in the new index, and what is not."""
    unreadable = [fact for fact in adapted.facts if isinstance(fact, Unreadable)]
    n_images = len(adapted.facts) - len(unreadable)
    st.success(
        f"{n_images:,} images, read as {as_markdown(adapted.kind)}. Choose another index.csv under "
        f"New run: {as_markdown(str(adapted.index))}"
    )
    for note in adapted.notes:
        st.info(as_markdown(note))
    rows = [{"Left out": each.name, "Why": each.reason} for each in unreadable]
    rows += [{"Left out": name, "Why": reason} for name, reason in adapted.skipped]
    if rows:
        st.warning(f"{len(rows):,} of the folder's files, folders or links are not in the index.")
        show_list(rows)
