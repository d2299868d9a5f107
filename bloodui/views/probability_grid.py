"""Several models' probabilities on one scale: a row a model, a column a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from bloodui.views.probabilities import FIRST_ABSTAINED, FIRST_ANSWERED, OTHERS
from bloodui.views.text import FULL_NAMES
from models.figure import percent
from models.opinion import Opinion
from models.prediction import Prediction

_SIGNS = {"answered": "✓", "abstained": "?", "declined": "⊘", "outside": "∅"}
_WAITING = "…"
NOTE = (
    "✓ answered, ? abstained: not sure enough, ∅ outside the model's domain: unlike what it "
    "learned from, ⊘ declined: the image is not good enough. All bars share one scale, 0 to 100 %. "
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
    st.caption(NOTE)


def grid_html(rows: Sequence[GridRow]) -> str:
    """The grid as a table whose text takes the page's colour."""
    classes = list(dict.fromkeys(name for row in rows for name in row.classes))
    head = "".join(
        f'<th scope="col" title="{escape(FULL_NAMES.get(name, ""))}">{escape(name)}</th>'
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
    if row.opinion is not None and prediction is None:
        note = "Declined: the image is not good enough for this model."
        if row.opinion.domain is not None:
            note = "Outside its domain: the image is unlike those that it learned from."
    title = (
        f'<th scope="row"><span class="sign">{sign}</span> {escape(row.title)}'
        f"<small>{escape(note)}</small></th>"
    )
    return f"<tr>{title}{''.join(_cell(name, row, prediction) for name in classes)}</tr>"


def _cell(name: str, row: GridRow, prediction: Prediction | None) -> str:
    if name not in row.classes:
        return '<td aria-label="not known to this model"></td>'
    if prediction is None:
        return "<td>–</td>" if row.opinion or row.problem else f"<td>{_WAITING}</td>"
    index = prediction.classes.index(name)
    share = float(prediction.probabilities[index])
    is_first = index == prediction.top_class
    first = FIRST_ANSWERED if prediction.decision == "answered" else FIRST_ABSTAINED
    colour = first if is_first else OTHERS
    return (
        f'<td class="{"first" if is_first else ""}">{percent(share)}'
        f'<span class="bar"><span style="width:{100 * share:.2f}%;background:{colour}"></span>'
        "</span></td>"
    )
