"""How a run's model did on images it had not seen: matrix, curves, and the images behind them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from bloodui.run_results import RunResults
from bloodui.views import messages
from bloodui.views.card import SPLITS
from bloodui.views.comparison import TIMING_NOTE, comparison_figure, comparison_rows, timing_rows
from bloodui.views.confusion import show_confusion
from bloodui.views.curves import reliability_figure, roc_figure
from bloodui.views.gallery import show_gallery
from bloodui.views.learning import show_learning
from bloodui.views.text import as_markdown
from models.card import Card, Evaluation
from training.jobs import JobRecord

_PLAIN = {"displayModeBar": False}
MISTAKES = 24


def show_comparison(cards: dict[str, Card], split: str) -> None:
    """Draw the figures of several models on one kind of split, with the first one's baseline.

    Args:
        cards: By the name to show.
        split: Kind of split; models without figures on it are named and left out.
    """
    evaluations: dict[str, Evaluation] = {}
    for name, card in cards.items():
        own = card.evaluation(split=split)
        if own is None:
            st.caption(f"{as_markdown(name)} was not measured on this split.")
            continue
        evaluations[name] = own
    baselines = {
        card.evaluation(split=split, subject="six colour numbers") for card in cards.values()
    } - {None}
    if len(baselines) == 1:
        baseline = baselines.pop()
        if baseline is not None:
            evaluations["six colour numbers (baseline)"] = baseline
    if not evaluations:
        st.caption("Nothing to compare.")
        return
    st.plotly_chart(comparison_figure(evaluations), key=f"compare-{split}", config=_PLAIN)
    with st.expander("The same as numbers"):
        timed = timing_rows(cards, subjects=tuple(evaluations))
        st.table(comparison_rows(evaluations) + timed, border="horizontal")
        if timed:
            st.caption(TIMING_NOTE)
    st.caption(
        "Dots with their 95 % interval over groups. Models whose test images differ (other data, "
        "other splits) are not strictly comparable."
    )


def show_run(results: RunResults, run: JobRecord, card: Card, split: str) -> None:
    """Draw one run's matrix, curves and mistakes on one kind of split, and how it learned."""
    evaluation = card.evaluation(split=split)
    if evaluation is None:
        st.caption("This run was not measured on this split.")
        return
    st.caption(f"{as_markdown(SPLITS.get(split, split)).capitalize()}: {evaluation.protocol}")
    key = f"{run.id}-{split}"
    cell = show_confusion(evaluation.classes, evaluation.confusion, key=key)
    with messages.told():
        predictions = results.predictions(run, split)

        def read(name: str) -> np.ndarray:
            return results.image(run, name)

        if cell is not None:
            st.subheader(
                f"{as_markdown(evaluation.classes[cell.truth])} answered "
                f"{as_markdown(evaluation.classes[cell.answer])}"
            )
            numbers = predictions.in_cell(cell.truth, cell.answer)
            show_gallery(predictions, numbers, read, key=f"{key}-cell-images")
        left, right = st.columns(2)
        with left:
            st.subheader("ROC, each class against the rest")
            st.plotly_chart(roc_figure(predictions), key=f"{key}-roc", config=_PLAIN)
        with right:
            st.subheader("Calibration")
            st.plotly_chart(reliability_figure(predictions), key=f"{key}-bins", config=_PLAIN)
        st.subheader("How it learned")
        epochs = results.epochs(run, split)
        show_learning(epochs, key=key)
        if not epochs:
            st.caption("No epochs are recorded for this split.")
        st.subheader("The surest mistakes")
        show_gallery(
            predictions,
            predictions.surest_mistakes(MISTAKES),
            read,
            key=f"{key}-mistakes",
        )
