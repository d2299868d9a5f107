"""What a study found: its models side by side, what bigger pictures buy, its folds and pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from bloodui import session
from bloodui.render.card_words import SPLITS, rate_in_words
from bloodui.render.text import as_markdown, as_plotly
from bloodui.render.whiskers import whiskers
from bloodui.studio.comparison import (
    comparison_figure,
    comparison_rows,
)
from bloodui.studio.finished_runs import FinishedRuns
from bloodui.widgets.tables import show_list, show_table
from training.studies.result import StudyResult
from training.studies.tables import ALL_PARTS, StudyRow

_PLAIN = {"displayModeBar": False}


def follow_link(results: FinishedRuns) -> None:
    """Open the study that the link to this page names, before anything is drawn."""
    wanted = session.asked_by_link("study")
    for study in results.finished_studies() if wanted else ():
        if study.id == wanted:
            session.set_widgets({"evaluation": "Studies", "judged-study": study.name})


def show_study(study: StudyResult, *, key: str) -> None:
    """Draw a study on one kind of split, which is asked for where there are several.

    Args:
        study: Its results.
        key: Tells it from others on the page.
    """
    for name, why in study.not_run.items():
        st.warning(f"{as_markdown(name)} was not run. {as_markdown(why)}", icon=":material/block:")
    for name, why in study.left_out.items():
        st.warning(f"**{as_markdown(name)}**: {as_markdown(why)}", icon=":material/block:")
    splits = list(dict.fromkeys(row.evaluation.split for row in study.rows))
    split = st.segmented_control(
        "Split of the study",
        splits,
        default=splits[-1],
        format_func=lambda name: as_markdown(SPLITS.get(name, name.replace("_", " ")).capitalize()),
        required=True,
        key=f"{key}-split",
    )
    rows = [row for row in study.rows if row.evaluation.split == split]
    whole = {row.model: row.evaluation for row in rows if row.part == ALL_PARTS}
    st.plotly_chart(comparison_figure(whole), key=f"{key}-{split}-models", config=_PLAIN)
    with st.expander("The same as numbers", key=f"{key}-numbers"):
        show_table(comparison_rows(whole))
    if len(sizes_of(rows)) > 1:
        st.subheader("What bigger pictures buy")
        st.plotly_chart(size_figure(rows), key=f"{key}-{split}-sizes", config=_PLAIN)
    _show_table("Fold by fold", part_lines(rows))
    pairs = [line for line in study.comparisons if line["split"] == split]
    _show_table("Each two models on the same images", pairs)
    _show_table("Classical classifiers on the features", study.bench)


def sizes_of(rows: Sequence[StudyRow]) -> list[int]:
    """The input sizes of the models, in pixels, in order."""
    return sorted({row.input_px for row in rows if row.input_px and row.part == ALL_PARTS})


def size_figure(rows: Sequence[StudyRow]) -> go.Figure:
    """Accuracy over the input size, a line for each architecture, whiskers for the interval."""
    figure = go.Figure()
    members = [row for row in rows if row.input_px and row.part == ALL_PARTS]
    for architecture in dict.fromkeys(row.architecture for row in members):
        mine = sorted(
            (row for row in members if row.architecture == architecture),
            key=lambda row: row.input_px or 0,
        )
        found = [row.evaluation.figure("accuracy") for row in mine]
        figure.add_scatter(
            x=[row.input_px for row in mine],
            y=[each.value for each in found],
            error_y=whiskers(found),
            customdata=[[as_plotly(row.model), row.seconds] for row in mine],
            hovertemplate="%{customdata[0]}: %{y:.3f}, %{customdata[1]:.0f} s",
            mode="lines+markers",
            name=as_plotly(architecture),
        )
    figure.update_xaxes(title="Input size (px)", tickvals=sizes_of(rows))
    figure.update_yaxes(title="Accuracy")
    figure.update_layout(height=320, margin={"l": 10, "r": 10, "t": 30, "b": 10})
    return figure


def part_lines(rows: Sequence[StudyRow]) -> list[dict[str, str]]:
    """A line for each model and fold (or data set left out): accuracy and macro F1."""
    return [
        {
            "Model": row.model,
            "Part": row.part,
            "Accuracy": rate_in_words(row.evaluation.figure("accuracy")),
            "Macro F1": rate_in_words(row.evaluation.figure("macro F1")),
        }
        for row in rows
        if row.part != ALL_PARTS
    ]


def _show_table(title: str, lines: Sequence[Mapping[str, object]]) -> None:
    if lines:
        with st.expander(title, key=f"study-{title}"):
            show_list(lines)
