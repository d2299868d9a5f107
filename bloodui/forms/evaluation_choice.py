"""Finished runs and installed models → those to look at, and on which split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from bloodui import session
from bloodui.run_results import RunResults
from bloodui.session import Installed, Inventory
from bloodui.views import messages
from bloodui.views.card import SPLITS
from models.card import Card
from training.jobs import JobRecord

_AT_MOST = 6


@dataclass(frozen=True, kw_only=True)
class EvaluationChoice:
    """What is to be looked at.

    Attributes:
        cards: Of each chosen run or model, by its name.
        runs: Those of them that are runs, whose images can be looked at.
        split: Kind of split.
    """

    cards: Mapping[str, Card]
    runs: Mapping[str, JobRecord]
    split: str


def evaluation_form(results: RunResults, inventory: Inventory) -> EvaluationChoice | None:
    """Ask for runs and models, and for the split; None while nothing is chosen."""
    runs = {f"{run.name} (run)": run for run in results.finished()}
    models = {each.manifest.id: each for each in inventory.models}
    names = st.multiselect(
        "Runs and models",
        [*runs, *models],
        default=list(runs)[:1],
        max_selections=_AT_MOST,
        key="judged",
    )
    cards: dict[str, Card] = {}
    for name in names:
        with messages.told(name):
            cards[name] = _card(results, runs.get(name), models.get(name))
    if not cards:
        return None
    measured = {each.split for card in cards.values() for each in card.evaluations}
    splits = [*(name for name in SPLITS if name in measured), *sorted(measured - set(SPLITS))]
    if not splits:
        st.caption("No figures were measured for these models.")
        return None
    split = st.segmented_control(
        "Split",
        splits,
        default=splits[-1] if "grouped" not in splits else "grouped",
        format_func=lambda name: SPLITS.get(name, name.replace("_", " ")).capitalize(),
        required=True,
        key="judged-split",
    )
    return EvaluationChoice(
        cards=cards,
        runs={name: runs[name] for name in cards if name in runs},
        split=str(split),
    )


def _card(results: RunResults, run: JobRecord | None, model: Installed | None) -> Card:
    if run is not None:
        return results.card(run)
    if model is None:
        raise KeyError("Expected a run or a model, received neither.")
    return session.card(model)
