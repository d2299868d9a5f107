"""Many images at once, as files, ZIP archives or a folder: read one after the other, none kept."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from bloodui import answers, session
from bloodui.batch.archive import Archive, is_archive_name
from bloodui.batch.background import Batch
from bloodui.batch.inputs import FaultyItem, Item, items_of
from bloodui.batch.summary import DECISIONS, counts_in_words
from bloodui.batch.tables import Row, write_csv, write_parquet
from bloodui.errors import ArchiveError
from bloodui.images import MOST_BYTES
from bloodui.inventory import Installed
from bloodui.render.text import as_markdown, decided
from bloodui.widgets import messages, tables
from bloodui.widgets.progress import progress_bar
from models.folder_files import is_hidden

MOST_FILE_MB = 500
"""Of a ZIP archive; `server.maxUploadSize` lets as much pass."""
MOST_IMAGES = 20_000
_IN_PARTS = "Give them in parts, or use the command line: python -m bloodui read."
_LOOK_EVERY_S = 2.0
"""After each look Streamlit collects garbage, which takes the readers their time."""
_FILES, _FOLDER = "many-files", "many-folder"
_READ_NAMES = (*map(decided, DECISIONS), "Not read")


@dataclass(frozen=True, kw_only=True)
class UploadedItem:
    """A file of an uploader. Its bytes go with it, once it is read."""

    name: str
    data: bytes = field(repr=False)
    state: str = ""

    def read(self) -> bytes:
        """Its bytes."""
        return self.data


def images_form(installed: Installed) -> None:
    """Ask for images, and begin to read them; while there are results of others, say so."""
    if session.batch() is not None:
        st.caption("Remove the results to read other images.")
        return
    files, folder = st.columns(2, gap="large")
    with files:
        key = session.key_of_empty(_FILES)
        given = st.file_uploader(
            "Images and ZIP archives of images",
            accept_multiple_files=True,
            max_upload_size=MOST_FILE_MB,
            key=key,
            help="As many as you like; each image within the limits of a single one. Nothing is "
            "unpacked to the disk.",
        )
    with folder:
        folder_key = session.key_of_empty(_FOLDER)
        in_folder = st.file_uploader(
            "A folder of images",
            accept_multiple_files="directory",
            max_upload_size=MOST_FILE_MB,
            key=folder_key,
            help="With the folders in it. What is hidden is left out.",
        )
    st.caption(
        "No image is kept here: each is read, and what the model says of it stays in memory, in a "
        "table, until you remove it, close the window or leave it unused."
    )
    files_given = [*given, *in_folder]
    if not files_given:
        return
    n_bytes = sum(file.size for file in files_given)
    if n_bytes > MOST_BYTES:  # of which nothing is looked into
        st.error(
            f"These files have {n_bytes / 2**20:,.0f} MiB; {MOST_BYTES / 2**20:,.0f} MiB at most "
            f"are read at once. {_IN_PARTS}"
        )
        return
    items = _items_in(files_given)
    if not items:
        return
    number = "1 image" if len(items) == 1 else f"{len(items):,} images"
    if len(items) > MOST_IMAGES:
        st.error(f"These are {number}; {MOST_IMAGES:,} at most are read at once. {_IN_PARTS}")
    elif st.button(f"Read {number}", type="primary", icon=":material/play_arrow:", key="many-read"):
        _begin(items, installed, (key, folder_key))


def _begin(items: Sequence[Item], installed: Installed, widget_keys: Sequence[str]) -> None:
    """Begin to read, and empty the uploaders; or say why it cannot be done."""
    try:
        with progress_bar() as announce:
            announce(0.0, "Loading the model")
            batch = answers.read_many(items, installed)
    except Exception as error:  # noqa: BLE001 - the page goes on, and tells of it
        messages.show(messages.message_for(error))
        return
    session.keep_batch(batch)
    for each in widget_keys:
        session.taken_files(each)
    st.rerun()


def _items_in(files: Sequence[Any]) -> list[Item]:
    """The images of uploaded files, those in archives by name."""
    items: list[Item] = []
    for file in files:
        if any(map(is_hidden, file.name.split("/"))):
            continue
        if not is_archive_name(file.name):
            items.append(UploadedItem(name=file.name, data=file.getvalue()))
            continue
        try:
            items += items_of(Archive(file.getvalue()), name=file.name)
        except ArchiveError as error:
            items.append(FaultyItem(name=file.name, fault=str(error)))
    return items


def show_batch() -> None:
    """Draw how far the images are read, or what came of them."""
    batch: Batch | None = session.batch()
    if batch is not None and batch.is_running:
        st.fragment(_show_progress, run_every=_LOOK_EVERY_S)()
    elif batch is not None:
        _show_result(batch)


def _show_progress() -> None:
    """Draw how far the batch is; where it is done, or gone, draw the page anew."""
    batch: Batch | None = session.batch()
    if batch is None or not batch.is_running:
        st.rerun(scope="app")
    st.progress(batch.n_done / batch.n_items, text=as_markdown(batch.words))
    st.button("Cancel", icon=":material/stop:", on_click=batch.stop, key="many-cancel")


def _show_result(batch: Batch) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="many-result"):
        number = "1 image" if batch.n_items == 1 else f"{batch.n_items:,} images"
        n_read = sum(batch.tally.counted(batch.manifest)["decisions"].values())
        words = f"{number} given: {n_read:,} read, {batch.n_done - n_read:,} not read"
        stopped = ", then it was stopped" if batch.n_done < batch.n_items else ""
        by = as_markdown(batch.manifest.title)
        st.markdown(f"**{words}{stopped}**, by {by}", width="content")
        st.button(
            "Remove the results",
            icon=":material/delete_sweep:",
            on_click=session.keep_batch,
            args=(None,),
            type="tertiary",
            key="many-remove",
        )
    if batch.error is not None:
        messages.show(messages.message_for(batch.error))
    if batch.n_done:
        _show_table(batch)


def _show_table(batch: Batch) -> None:
    """Draw the verdicts as a table, to be filtered, sorted and taken away."""
    rows = batch.rows()
    found = [_verdict(row) for row in rows]
    counts = {verdict: found.count(verdict) for verdict in _READ_NAMES if verdict in found}
    _show_counts(batch)
    wanted = st.segmented_control(
        "Only those that are",
        list(counts),
        selection_mode="multi",
        format_func=lambda verdict: f"{verdict} {counts[verdict]:,}",
        key="many-filter",
        wrap=True,
    )
    shown = [
        (number, row)
        for number, (row, verdict) in enumerate(zip(rows, found, strict=True), start=1)
        if not wanted or verdict in wanted
    ]
    tables.show_list([_line(number, row) for number, row in shown])
    st.caption(
        "To see where the model looked, give an image for itself, under *Images one by one*."
    )
    _show_downloads(shown, batch)


def _show_counts(batch: Batch) -> None:
    """Draw what they come to, in a line for each kind of count."""
    counted = batch.tally.counted(batch.manifest)
    for title, key in (
        ("Answered with", "classes"),
        ("Abstained, though first came", "abstained_between"),
        ("Not proven, though first came", "unproven_between"),
        ("Declined for", "declined_for"),
        ("Not read", "errors"),
    ):
        if counted[key]:
            st.markdown(f"{title}: {as_markdown(counts_in_words(counted[key]))}")
    if batch.groups:
        n_files = sum(map(len, batch.groups))
        number = "a group" if len(batch.groups) == 1 else f"{len(batch.groups):,} groups"
        st.markdown(
            f"{n_files:,} images in {number} look alike: likely duplicates, which count several "
            "times here."
        )


def _verdict(row: Row) -> str:
    return decided(str(row["decision"] or "not read"))


def _line(number: int, row: Row) -> dict[str, object]:
    """A row as the page shows it."""
    probabilities = [value for name, value in row.items() if name.startswith("p_")]
    most = max((each for each in probabilities if each is not None), default=None)
    return {
        "Image": number,
        "File": row["path"],
        "Verdict": _verdict(row),
        "First class": row["top_class"] or "",
        # Nothing is 100 % sure.
        "Probability, %": None if most is None else min(99.9, round(100 * most, 1)),
        "Quality": (row["quality"] or "").capitalize(),
        "Alike": row["duplicate_group"],
        "Why": row["reason"] or row["error_message"] or "",
    }


def _show_downloads(shown: Sequence[tuple[int, Row]], batch: Batch) -> None:
    """Draw the buttons that hand out what the table shows; made when pressed, and kept nowhere."""
    with st.container(horizontal=True, vertical_alignment="center", key="many-downloads"):
        is_named = st.checkbox(
            "With the files' names",
            key="many-names",
            help="Names of files often hold names of patients.",
        )

        def rows() -> list[Row]:
            return [row if is_named else row | {"path": f"Image {n}"} for n, row in shown]

        def as_csv() -> bytes:
            text = io.StringIO(newline="")
            write_csv(text, rows(), batch.manifest)
            return text.getvalue().encode()

        def as_parquet() -> bytes:
            data = io.BytesIO()
            write_parquet(data, rows(), batch.manifest)
            return data.getvalue()

        st.download_button(
            "Download the table (CSV)",
            data=as_csv,
            file_name="second-opinions.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
            key="many-csv",
        )
        st.download_button(
            "Download the table (Parquet)",
            data=as_parquet,
            file_name="second-opinions.parquet",
            mime="application/vnd.apache.parquet",
            icon=":material/table:",
            on_click="ignore",
            key="many-parquet",
        )
