"""Installed models and finished runs → those to look at, of one question, and on which split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from bloodui import session
from bloodui.inventory import Inventory
from bloodui.render.card_words import SPLITS, split_in_words
from bloodui.render.text import as_markdown
from bloodui.studio.finished_runs import FinishedRuns
from bloodui.studio.judged import Judged, judged_by_question, question_names
from bloodui.widgets import messages
from models.bundle.card import Card

_AT_MOST = 6


@dataclass(frozen=True, kw_only=True)
class EvaluationChoice:
    """What is to be looked at: models and runs of one question.

    Attributes:
        judged: By the name to show.
        cards: Of each of them.
        split: Kind of split.
    """

    judged: Mapping[str, Judged]
    cards: Mapping[str, Card]
    split: str


def evaluation_form(
    results: FinishedRuns, inventory: Inventory, default_model: str
) -> EvaluationChoice | None:
    """Ask for the question, for models and runs, and for the split; None while none is chosen.

    Args:
        results: Of the runs.
        inventory: The installed models.
        default_model: Id of the model whose question is chosen at first.
    """
    questions, errors = judged_by_question(inventory.models, results, first=default_model)
    for name, error in errors.items():
        with messages.errors_shown(name):
            raise error
    if not questions:
        st.info("Nothing to judge: no model is installed, and no run has finished.")
        return None
    named = {name: question for question, name in question_names(questions).items()}
    _follow_link({name: questions[question] for name, question in named.items()})
    asked = st.segmented_control(
        "Question",
        list(named),
        default=next(iter(named)),
        format_func=as_markdown,
        required=True,
        key="judged-question",
        help="Models that answer different questions cannot be compared.",
    )
    question = named[str(asked)]
    st.caption(f"Classes: {as_markdown(', '.join(question.classes))}.")
    offered = {each.name: each for each in questions[question]}
    chosen = st.multiselect(
        "Models and runs",
        list(offered),
        default=list(offered)[:_AT_MOST],
        max_selections=_AT_MOST,
        key=f"judged-models-of-{asked}",
    )
    cards: dict[str, Card] = {}
    for name in chosen:
        with (
            messages.errors_shown(name),
            st.spinner("Reading the cards and checking the models' files"),
        ):
            cards[name] = _card(results, offered[name])
    if not cards:
        st.info("Choose a model or a run.")
        return None
    measured = {each.split for card in cards.values() for each in card.evaluations}
    splits = [*(name for name in SPLITS if name in measured), *sorted(measured - set(SPLITS))]
    if not splits:
        st.info("No figures were measured for these models.")
        return None
    split = st.segmented_control(
        "Split",
        splits,
        default="grouped" if "grouped" in splits else splits[-1],
        format_func=lambda kind: as_markdown(split_in_words(kind)),
        required=True,
        key=f"judged-split-{'-'.join(splits)}",
    )
    return EvaluationChoice(
        judged={name: offered[name] for name in cards}, cards=cards, split=str(split)
    )


def _follow_link(offered: Mapping[str, Sequence[Judged]]) -> None:
    """Choose the run that the link to this page names, before anything is drawn."""
    wanted = session.asked_by_link("run")
    for question, judged in offered.items():
        for each in judged:
            if each.run is not None and each.run.id == wanted:
                others = [other.name for other in judged if other is not each]
                session.set_widgets(
                    {
                        "judged-question": question,
                        f"judged-models-of-{question}": [each.name, *others][:_AT_MOST],
                        "judged-closer": each.name,
                    }
                )


def _card(results: FinishedRuns, judged: Judged) -> Card:
    return results.card(judged.run) if judged.run else session.card(judged.installed)
