"""How models did on images they had not seen: figures, matrix, and the images behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bloodui.errors import StudioError
from bloodui.render.card_words import split_in_words
from bloodui.render.text import as_markdown, unbroken
from bloodui.studio.comparison import (
    TIMING_NOTE,
    classes_figure,
    comparison_figure,
    comparison_rows,
    timing_rows,
)
from bloodui.studio.curves import reliability_figure, roc_figure
from bloodui.studio.finished_runs import FinishedRun, FinishedRuns
from bloodui.studio.gallery import show_gallery
from bloodui.studio.judged import (
    Judged,
    images_of_card,
    images_of_run,
    in_cell,
    why_no_pictures,
)
from bloodui.studio.learning import show_learning
from bloodui.widgets import messages
from bloodui.widgets.confusion import Cell, show_confusion, show_opened
from bloodui.widgets.risk import show_risk
from bloodui.widgets.tables import show_table
from models.bundle.card import Card, Evaluation, Mistake

_PLAIN = {"displayModeBar": False}
MISTAKES = 24
NOT_AT_HAND = (
    "There are no pictures: the test images are not on this machine. Set BLOODUI_DATA to the "
    "folder that holds them, with the index.csv that was learned from."
)


def show_comparison(judged: Mapping[str, Judged], cards: Mapping[str, Card], split: str) -> None:
    """Draw the figures of models of one question on one kind of split, beside their baseline.

    Args:
        judged, cards: By the name to show.
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
    if len(baselines) == 1 and not any(each.installed.is_baseline for each in judged.values()):
        baseline = baselines.pop()
        if baseline is not None:
            evaluations["six colour numbers (baseline)"] = baseline
    if not evaluations:
        st.caption("Nothing to compare.")
        return
    st.plotly_chart(comparison_figure(evaluations), key=f"compare-{split}", config=_PLAIN)
    with st.expander("The same as numbers", key="compare-numbers"):
        timed = timing_rows(cards, subjects=tuple(evaluations))
        show_table(comparison_rows(evaluations) + timed)
        if timed:
            st.caption(TIMING_NOTE)
    st.caption(
        unbroken(
            "Dots with their 95 % interval over groups. Models whose test images differ (other "
            "data, other splits) are not strictly comparable."
        )
    )


def show_judged(
    results: FinishedRuns, judged: Judged, card: Card, split: str, *, error_limit: float
) -> None:
    """Draw one model's matrix, figures by class, risk and mistakes on one kind of split.

    Of a run, whose single answers are kept, also its curves, and how it learned.
    """
    evaluation = card.evaluation(split=split)
    if evaluation is None:
        st.caption(f"{as_markdown(judged.name)} was not measured on this split.")
        return
    st.caption(as_markdown(f"{split_in_words(split)}: {evaluation.protocol}."))
    key = f"{judged.run.id if judged.run else judged.installed.manifest.id}-{split}"
    matrix, classes = st.columns([7, 5], gap="large")
    with matrix:
        cell = show_confusion(evaluation.classes, evaluation.confusion, key=key)
    with classes:
        st.plotly_chart(classes_figure(evaluation), key=f"{key}-classes", config=_PLAIN)
    opened = st.container()  # right under what was clicked
    if evaluation.split == card.own_split:
        st.subheader("How often its answers are wrong")
        show_risk(judged.installed.manifest, error_limit, key=key)
    if judged.run is None:
        _show_of_card(results, judged, card, evaluation, cell, opened, key=key)
    else:
        _show_of_run(results, judged, judged.run, card, evaluation, cell, opened, key=key)
        if judged.run.kind == "run":
            st.page_link(
                "pages/registry.py",
                label="Promote it",
                icon=":material/verified:",
                query_params={"run": judged.run.id},
            )


def _show_of_card(
    results: FinishedRuns,
    judged: Judged,
    card: Card,
    evaluation: Evaluation,
    cell: Cell | None,
    opened: DeltaGenerator,
    *,
    key: str,
) -> None:
    if cell is not None:
        with opened:
            _show_cell_of_card(results, judged, card, evaluation, cell, key=key)
    st.subheader("The surest mistakes")
    if not card.mistakes:
        st.caption("This card lists no mistakes.")
        return
    st.caption(
        f"Of each class, as the card lists them: {as_markdown(split_in_words(card.own_split))}."
    )
    _show_mistakes(results, judged, card.mistakes, of=len(card.mistakes), key=f"{key}-mistakes")


def _show_cell_of_card(
    results: FinishedRuns,
    judged: Judged,
    card: Card,
    evaluation: Evaluation,
    cell: Cell,
    *,
    key: str,
) -> None:
    show_opened(evaluation.classes, cell, key=key)
    truth, answer = evaluation.classes[cell.truth], evaluation.classes[cell.answer]
    why = why_no_pictures(card, evaluation.split, truth=truth, answer=answer)
    if why:
        st.info(as_markdown(why))
    else:
        n_images = evaluation.confusion[cell.truth][cell.answer]
        mistakes = in_cell(card.mistakes, truth=truth, answer=answer)
        _show_mistakes(
            results,
            judged,
            mistakes,
            of=n_images,
            key=f"{key}-cell-images-{cell.truth}-{cell.answer}",
        )


def _show_mistakes(
    results: FinishedRuns, judged: Judged, mistakes: Sequence[Mistake], *, of: int, key: str
) -> None:
    """Draw those of a card's mistakes that are at hand, and say how many there are."""
    with messages.errors_shown():
        with st.spinner("Looking for the pictures"):
            images = images_of_card(mistakes, results.sets)
        if not images:
            st.info(NOT_AT_HAND)
            return
        absent = len(mistakes) - len(images)
        words = []
        if len(mistakes) < of:
            words.append(f"{len(mistakes)} of {of:,}: a card lists the surest of each class alone.")
        if absent:
            words.append(f"{absent} of {len(mistakes)} are not on this machine.")
        if words:
            st.caption(" ".join(words))
        show_gallery(images, judged.installed, key=key)


def _show_of_run(
    results: FinishedRuns,
    judged: Judged,
    run: FinishedRun,
    card: Card,
    evaluation: Evaluation,
    cell: Cell | None,
    opened: DeltaGenerator,
    *,
    key: str,
) -> None:
    with messages.errors_shown():
        predictions = results.predictions(run, evaluation.split)
        n_judged = sum(map(sum, evaluation.confusion))
        if (predictions.classes, len(predictions.labels)) != (evaluation.classes, n_judged):
            raise StudioError(
                f"The run's answers ({len(predictions.labels):,}) are not those of its card "
                f"({n_judged:,}): a file was altered or cut short. Run it again."
            )
        index = results.index_of(run)

        def show(numbers: np.ndarray, name: str) -> None:
            if index is None:
                st.info(NOT_AT_HAND)
                return
            own = evaluation.split == card.own_split
            images = images_of_run(results.sets, index, predictions, numbers, is_own_split=own)
            show_gallery(images, judged.installed, key=f"{key}-{name}")

        if cell is not None:
            with opened:
                show_opened(evaluation.classes, cell, key=key)
                show(
                    predictions.in_cell(cell.truth, cell.answer),
                    f"cell-images-{cell.truth}-{cell.answer}",
                )
        st.subheader("The surest mistakes")
        show(predictions.surest_mistakes(MISTAKES), "mistakes")
        left, right = st.columns(2)
        with left:
            st.subheader("ROC, each class against the rest")
            st.plotly_chart(roc_figure(predictions), key=f"{key}-roc", config=_PLAIN)
        with right:
            st.subheader("Calibration")
            st.plotly_chart(reliability_figure(predictions), key=f"{key}-bins", config=_PLAIN)
        st.subheader("How it learned")
        epochs = results.epochs(run, evaluation.split)
        show_learning(epochs, key=key)
        if not epochs:
            st.caption(
                "Its whole network learned in no epoch; those of the head alone are not kept."
                if run.kind == "elsewhere"
                else "No epochs are recorded for this split."
            )
