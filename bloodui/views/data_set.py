"""A data set: what it holds, some of its images, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from bloodui.data_sets import DataSets
from bloodui.views import messages
from bloodui.views.pictures import picture_address, shrunk
from bloodui.views.text import as_markdown
from training.datasets.index import ImageRecord
from training.datasets.report import DataReport

_SAMPLES = 4


def show_data_set(sets: DataSets) -> None:
    """Draw one of the known data sets, which the reader chooses."""
    known = sets.known()
    if not known:
        st.caption("No data set yet. Draw one, or name a folder by BLOODUI_DATA.")
        return
    index = st.selectbox(
        "Data set", known, format_func=lambda path: path.parent.name, key="data-set"
    )
    with messages.told(index.parent.name):
        records = sets.read(index).records
        st.dataframe(count_rows(records), hide_index=True)
        _show_samples(sets, index, records)
        if st.button(
            "Check the data set",
            icon=":material/fact_check:",
            help="Reads every file: duplicates, damaged files, labels that leak.",
        ):
            with st.spinner("Reading every file"):
                report = sets.check(index)
            _show_report(report)


def _show_report(report: DataReport) -> None:
    """Draw what is wrong with a data set, in sentences and lists."""
    sentences = report_sentences(report)
    if not sentences:
        st.success("Nothing was found wrong.")
    for sentence in sentences:
        st.warning(as_markdown(sentence))
    pairs = [{"Image": one.first, "Looks like": one.second} for one in report.near_duplicates]
    if pairs:
        with st.expander(f"{len(pairs):,} pairs that look the same"):
            st.dataframe(pairs, hide_index=True)


def report_sentences(report: DataReport) -> list[str]:
    """What a data set's report finds wrong, a sentence each; none where all is well."""
    sentences = [f"{each.name}: {each.reason}" for each in report.unreadable]
    sentences += [f"{name} is not the file that the index names." for name in report.altered]
    if report.exact_duplicates:
        n = sum(len(same) - 1 for same in report.exact_duplicates)
        sentences.append(f"{n:,} images are copies of others, to the byte.")
    if report.near_duplicates:
        sentences.append(f"{len(report.near_duplicates):,} pairs of images look the same.")
    sentences += [
        f"{one} and {two} look the same and bear two labels." for one, two in report.conflicts
    ]
    sentences += [str(leak) for leak in report.leaks]
    return [*sentences, *report.warnings]


def count_rows(records: Sequence[ImageRecord]) -> list[dict[str, str | int]]:
    """A row a label: its images, and the patients, cases or subjects that they come from."""
    rows: list[dict[str, str | int]] = []
    for dataset, label in sorted({(each.dataset, each.label) for each in records}):
        mine = [each for each in records if (each.dataset, each.label) == (dataset, label)]
        groups = {each.group for each in mine if each.group}
        rows.append(
            {
                "Data set": dataset,
                "Label": label,
                "Images": len(mine),
                "Groups": len(groups) if groups else "not known",
                "With masks": sum(each.mask is not None for each in mine),
            }
        )
    return rows


def _show_samples(sets: DataSets, index: Path, records: Sequence[ImageRecord]) -> None:
    labels = sorted({(each.dataset, each.label) for each in records})
    chosen = st.selectbox(
        "Samples of",
        labels,
        format_func=lambda pair: f"{pair[1]} ({pair[0]})",
        key=f"samples-{index}",
    )
    mine = [each for each in records if (each.dataset, each.label) == chosen]
    step = max(1, len(mine) // _SAMPLES)
    columns = st.columns(_SAMPLES)
    for column, record in zip(columns, mine[::step][:_SAMPLES], strict=False):
        with column, messages.told():
            st.image(picture_address(shrunk(sets.image(index, record.name), 280)))
            st.caption(as_markdown(record.name))
