"""A confusion matrix to look at and to open: by count or by rate, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from plotly.colors import sample_colorscale

from bloodui import session
from bloodui.render.text import as_html, as_markdown

BY_COUNT, BY_RATE = "Number", "% of the true class"
# Cividis reads the same with and without colour vision; above this share its colours are light.
_SCALE, _LIGHT_FROM = "Cividis", 0.55


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of the matrix: the true class and the class answered, as numbers of classes."""

    truth: int
    answer: int


def show_confusion(
    classes: Sequence[str], confusion: Sequence[Sequence[int]], *, key: str
) -> Cell | None:
    """Draw the matrix with its switch. Each cell that holds images is a button that opens it.

    Args:
        classes: Names in the order of rows (the truth) and columns (the answer).
        confusion: Images in each cell.
        key: Names this matrix; that of another model, split or reader has another.

    Returns:
        The cell that was opened last, or None. It stays open while the cells show shares instead
        of images, and until `open_cell` closes it.
    """
    unit = st.segmented_control(
        "Cells show", (BY_COUNT, BY_RATE), default=BY_COUNT, required=True, key=f"{key}-unit"
    )
    opened = _opened(key, confusion)
    _draw(classes, confusion, key=key, as_rate=unit == BY_RATE, opened=opened, opens=True)
    return opened


def show_opened(classes: Sequence[str], cell: Cell, *, key: str) -> None:
    """Draw a heading over what is in the open cell of that matrix, and a button to close it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(
            f"{as_markdown(classes[cell.truth])} answered {as_markdown(classes[cell.answer])}",
            width="content",
        )
        st.button(
            "Close",
            key=f"{key}-close",
            icon=":material/close:",
            type="tertiary",
            on_click=open_cell,
            args=(key, None),
        )


def show_plain_confusion(
    classes: Sequence[str], confusion: Sequence[Sequence[int]], *, key: str
) -> None:
    """Draw the matrix by count, to be looked at only. Arguments as in `show_confusion`."""
    _draw(classes, confusion, key=key, as_rate=False, opened=None, opens=False)


def open_cell(key: str, cell: Cell | None) -> None:
    """Open a cell of the matrix of that key, or close it with None."""
    session.hold(f"{key}-opened", cell)


def _opened(key: str, confusion: Sequence[Sequence[int]]) -> Cell | None:
    cell: Cell | None = session.held(f"{key}-opened")
    if cell is None or max(cell.truth, cell.answer) >= len(confusion):
        return None
    return cell if confusion[cell.truth][cell.answer] else None


def _draw(
    classes: Sequence[str],
    confusion: Sequence[Sequence[int]],
    *,
    key: str,
    as_rate: bool,
    opened: Cell | None,
    opens: bool,
) -> None:
    counts = np.asarray(confusion, float)
    totals = counts.sum(axis=1, keepdims=True)
    rates = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    # As Streamlit writes a key into a class; the style below is no place for anything else.
    own = re.sub(r"[^A-Za-z0-9_-]", "-", key)
    place = f"matrix-{own}"
    st.html(_style(place, classes, rates, opened))
    with st.container(key=place):
        st.html('<div class="corner">Truth ↓ &nbsp; Answered →</div>')
        for name in classes:
            st.html(f'<div class="column"><span>{as_html(name)}</span></div>')
        for truth, name in enumerate(classes):
            st.html(f'<div class="row">{as_html(name)}</div>')
            for answer, said in enumerate(classes):
                count = confusion[truth][answer]
                number = whole_percent(float(rates[truth, answer])) if as_rate else f"{count}"
                if opens and count:
                    # Read out in full; the style shows the number alone.
                    words = f"{as_markdown(name)} answered {as_markdown(said)}:"
                    st.button(
                        f"{words} **{as_markdown(number)}**",
                        key=f"matrix-{own}-{truth}-{answer}",
                        on_click=open_cell,
                        args=(key, Cell(truth=truth, answer=answer)),
                        width="stretch",
                    )
                else:
                    words = as_html(f"{name} answered {said}: {number}")
                    kind = "cell" if count else "cell empty"
                    st.html(
                        f'<div class="{kind}" role="img" aria-label="{words}">'
                        f"<span>{as_html(number)}</span></div>"
                    )


def whole_percent(rate: float) -> str:
    """A share in whole per cent, without the sign: "0" and "100" only where it is exactly so."""
    if 0 < rate < 0.01:
        return "<1"
    if 0.99 < rate < 1:
        return ">99"
    return f"{100 * rate:.0f}"


def _style(place: str, classes: Sequence[str], rates: np.ndarray, opened: Cell | None) -> str:
    """The columns of one matrix and the colours of its cells; what all share is in style.css."""
    n_classes, longest = len(classes), max(map(len, classes))
    upright_rem = (n_classes + 1) * (1 + 0.55 * longest)
    matrix = f".st-key-{place}"
    rules = [
        f"{matrix} {{ grid-template-columns: auto repeat({n_classes}, minmax(0, 1fr)); }}",
        # Numbers of three digits fit into a cell; names that do not are written upwards.
        f"{matrix} > * {{ --number: clamp(0.55rem, {35 / n_classes:.1f}cqi, 0.95rem); }}",
        f"@container matrix (max-width: {upright_rem:.0f}rem) {{ {matrix} .column span "
        "{ writing-mode: vertical-rl; transform: rotate(180deg); } }",
    ]
    colours = sample_colorscale(_SCALE, rates.ravel().tolist())
    for number, (rate, colour) in enumerate(zip(rates.ravel(), colours, strict=True)):
        truth, answer = divmod(number, n_classes)
        # Children of the grid: a row of names first, and a name before each row of cells.
        child = (truth + 1) * (n_classes + 1) + answer + 2
        ink = "#000" if rate > _LIGHT_FROM else "#fff"
        frame = "3px solid #d55e00" if Cell(truth=truth, answer=answer) == opened else "none"
        rules.append(
            f"{matrix} > :nth-child({child}) "
            f"{{ --cell: {colour}; --ink: {ink}; outline: {frame}; }}"
        )
    return f"<style>{' '.join(rules)}</style>"
