"""A data set: what it holds, some of its images, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from bloodui.data_sets import DataSets
from bloodui.render.pictures import picture_address
from bloodui.render.text import as_markdown
from bloodui.studio.data_check import check_form
from bloodui.studio.data_findings import findings_of
from bloodui.widgets import messages
from bloodui.widgets.tables import show_list
from models.image.scale import shrunk
from training.audits.data_report import DataReport
from training.data.index import ImageRecord
from training.recipes.recipe import RECIPES, read_recipe

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
    with messages.errors_shown(index.parent.name):
        records = sets.read(index).records
        show_list(count_rows(records))
        _show_samples(sets, index, records)
        name = st.selectbox(
            "Audit it for a recipe, too",
            sorted(path.stem for path in RECIPES.glob("*.toml")),
            index=None,
            placeholder="No recipe: the labels of each data set as they are",
            key="check-recipe",
            help="What gives the recipe's classes away, or stands on two sides of its splits: what "
            "its run would refuse to start on.",
        )
        check_form(
            sets,
            index,
            read_recipe(name) if name else None,
            key="set",
            form="run",
            title="Check the data set",
        )


def report_sentences(report: DataReport) -> list[str]:
    """What a data set's report finds, a sentence each, grave things first."""
    return [each.sentence for each in findings_of(report)]


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
                "Groups": f"{len(groups):,}" if groups else "not known",
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
        with column, messages.errors_shown():
            st.image(picture_address(shrunk(sets.micrograph(index, record.name).rgb, 280)))
            st.caption(as_markdown(record.name))
