"""How a run learned: loss and accuracy over its epochs, a fold and phase at a time."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui.render.text import as_markdown
from bloodui.studio.curves import learning_figure
from training.progress import EpochDone

BEST_NOTE = "Dotted: the epoch with the lowest validation loss."


def show_learning(epochs: Sequence[EpochDone], *, key: str) -> None:
    """Draw the curves of one fold and phase, the last of them unless another is chosen.

    Args:
        epochs: Of a run, in order; nothing is drawn where there are none.
        key: Of the widgets.
    """
    curves = curves_of(epochs)
    if not curves:
        return
    titles = list(curves)
    title = titles[-1]
    if len(titles) > 1:
        title = st.selectbox("Curve", titles, index=len(titles) - 1, key=f"curve-{key}")
    for place, measure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        figure = learning_figure(curves[title], measure=measure)
        place.plotly_chart(figure, key=f"{measure}-{key}", config={"displayModeBar": False})
    st.caption(BEST_NOTE if len(titles) > 1 else f"{as_markdown(title)}. {BEST_NOTE}")


def curves_of(epochs: Sequence[EpochDone]) -> dict[str, list[EpochDone]]:
    """The epochs of each curve: one a split, fold and phase, in the order in which they began."""
    curves: dict[str, list[EpochDone]] = {}
    for done in epochs:
        phase = "head" if done.phase == "head" else "whole network"
        title = f"{done.split.replace('_', ' ').capitalize()} split, fold {done.fold + 1}, {phase}"
        curves.setdefault(title, []).append(done)
    return curves
