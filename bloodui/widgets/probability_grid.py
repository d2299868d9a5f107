"""Several models' probabilities on one scale: a row a model, a column a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from bloodui.render.text import FULL_NAMES, as_html, unbroken
from bloodui.widgets.probabilities import (
    FIRST,
    OTHERS,
)
from models.answer.prediction import Prediction
from models.opinion import Opinion
from models.rate import percent

_SIGNS = {"answered": "✓", "abstained": "?", "unproven": "≈", "declined": "⊘", "outside": "∅"}
_WAITING = "…"
_SHOWN_ON_PHONES = 3
"""Of each model the most probable classes, first to third; wider windows show all."""
NOTE = (
    "✓ answered, ≈ not proven: sure, but it is not known to be seldom wrong, "
    "? abstained: not sure enough, ∅ outside the model's domain: unlike what it "
    "learned from, ⊘ declined: the image is not good enough, or shows no cell to a model of cells. "
    "All bars share one scale, 0 to 100 %. "
    "An empty cell is a class that the model does not know."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class GridRow:
    """A model and what it says.

    Attributes:
        title: The model's.
        note: A few words under it, such as its share of an ensemble.
        classes: The classes that it knows.
        opinion: None while it is still at work, or where it failed.
        problem: Why it failed; "" where it did not.
    """

    title: str
    note: str
    classes: tuple[str, ...]
    opinion: Opinion | None
    problem: str = ""


def show_grid(rows: Sequence[GridRow]) -> None:
    """Draw every class that any of the models knows; a class that one does not know stays empty."""
    st.html(grid_html(rows))
    st.caption(unbroken(NOTE))


def grid_html(rows: Sequence[GridRow]) -> str:
    """The grid as a table whose text takes the page's colour."""
    classes = list(dict.fromkeys(name for row in rows for name in row.classes))
    head = "".join(
        f'<th scope="col" title="{as_html(FULL_NAMES.get(name, ""))}">{as_html(name)}</th>'
        for name in classes
    )
    body = "".join(_row_html(row, classes) for row in rows)
    return (
        '<div class="bloodui-grid"><table><thead><tr><th scope="col">Model</th>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row_html(row: GridRow, classes: Sequence[str]) -> str:
    prediction = row.opinion.prediction if row.opinion else None
    sign = _SIGNS[row.opinion.decision] if row.opinion else ("⚠" if row.problem else _WAITING)
    note = row.problem or row.note
    if row.opinion is not None:
        note = _note_on_limits(row.opinion, note)
    title = (
        f'<th scope="row"><span class="sign">{sign}</span> {as_html(row.title)}'
        f"<small>{as_html(note)}</small></th>"
    )
    return f"<tr>{title}{''.join(_cell(name, row, prediction) for name in classes)}</tr>"


def _note_on_limits(opinion: Opinion, note: str) -> str:
    """Which of a model's limits an image fails; where it fails none, why an opinion is no answer,
    and the note."""
    failed = " ".join(each.sentence for each in opinion.quality.failed)
    is_outside = opinion.domain is not None and not opinion.domain.is_inside
    if opinion.prediction is not None and (failed or is_outside):
        limits = failed or "Outside its domain."
        return f"{limits} It answers all the same, which means little."
    if failed:
        return f"Declined: {failed}"
    if opinion.domain and is_outside:
        return f"Outside its domain: {opinion.domain.reason}"
    if opinion.prediction is None:
        return f"Declined: {opinion.reason}"
    return " · ".join(filter(None, (_withheld(opinion), note)))


def _withheld(opinion: Opinion) -> str:
    """Why an opinion is no answer, in two or three words; "" where it is one."""
    if opinion.decision == "unproven":
        return "Not proven"
    if opinion.decision == "abstained":
        return "Not sure enough"
    return ""


def _cell(name: str, row: GridRow, prediction: Prediction | None) -> str:
    if name not in row.classes:
        return '<td class="rest" aria-label="not known to this model"></td>'
    if prediction is None:
        return f'<td class="rest">{"–" if row.opinion or row.problem else _WAITING}</td>'
    index = prediction.classes.index(name)
    share = float(prediction.probabilities[index])
    place = int((prediction.probabilities > share).sum())
    is_first = index == prediction.top_class
    colour = FIRST[prediction.decision] if is_first else OTHERS
    kind = "first" if is_first else ("" if place < _SHOWN_ON_PHONES else "rest")
    return (
        f'<td class="{kind}" data-class="{as_html(name)}" style="order:{place}">'
        f'{as_html(percent(share))}<span class="bar">'
        f'<span style="width:{100 * share:.2f}%;background:{colour}"></span></span></td>'
    )
