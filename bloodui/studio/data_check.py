"""The check of an index before a run: what was found, by how much it matters, with repairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from bloodui import session
from bloodui.data_sets import DataSets
from bloodui.render.text import as_markdown
from bloodui.studio.data_findings import SEVERITIES, Finding, findings_of
from bloodui.widgets import messages
from bloodui.widgets.index_form import choose_index
from bloodui.widgets.tables import show_list
from models.errors import BlooduiError
from training.audits.data_report import DataReport
from training.data.repairs import REPAIRS
from training.recipes.recipe import Recipe

_MOST_SENTENCES = 12  # of one severity
_HEADINGS = {
    "refused": "A run would refuse to start:",
    "doubtful": "Figures may come out too good, or images be missed:",
    "to know": "To know:",
}


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """A report, and what it is about."""

    index: Path
    recipe: Recipe | None
    report: DataReport


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What came of a repair."""

    sentence: str
    is_error: bool = False

    def draw(self) -> None:
        """Draw it where the repair was asked for."""
        (st.error if self.is_error else st.success)(as_markdown(self.sentence))


def check_form(
    sets: DataSets, index: Path, recipe: Recipe | None, *, key: str, form: str, title: str
) -> None:
    """Offer to check an index, and draw what the last check of it found.

    Args:
        sets: Reads and repairs it.
        index: Which one.
        recipe: One whose classes and splits are audited as its run would audit them.
        key: Tells this check from others on the page.
        form: Key of the `index_form` that a repaired index is chosen in.
        title: Of the button.
    """
    if st.button(
        title,
        icon=":material/fact_check:",
        key=f"{key}-check",
        help="Reads every file: duplicates, damaged files, labels that leak.",
    ):
        session.hold(f"checked-{key}", None)
        session.hold(f"repaired-{key}", None)
        with messages.errors_shown(index.parent.name), st.spinner("Reading every file"):
            report = sets.check(index, recipe)
            session.hold(f"checked-{key}", _Checked(index=index, recipe=recipe, report=report))
    told = session.held(f"repaired-{key}")
    if told:
        told.draw()
    checked = session.held(f"checked-{key}")
    if checked and (checked.index, checked.recipe) == (index, recipe):
        _show_report(sets, checked, key=key, form=form)


def _show_report(sets: DataSets, checked: _Checked, *, key: str, form: str) -> None:
    """Draw what is wrong with a data set, grave things first, each with what repairs it."""
    report = checked.report
    found = findings_of(report)
    if not any(each.severity != "to know" for each in found):
        st.success("Nothing was found wrong.")
    if report.recipe_audit is None:
        st.caption(
            "Labels were audited as they are, data set by data set. What a recipe makes of them "
            "is audited where one is chosen, and before every run."
        )
    for severity in SEVERITIES:
        mine = [each for each in found if each.severity == severity]
        if mine:
            draw = {"refused": st.error, "doubtful": st.warning, "to know": st.info}[severity]
            draw(f"{_HEADINGS[severity]}\n" + _points(mine))
        for name in dict.fromkeys(each.repair for each in mine if each.repair):
            st.button(
                REPAIRS[name].title,
                icon=":material/build:",
                key=f"{key}-repair-{name}",
                help="Writes a new index beside this one, which stays as it is, and chooses it.",
                on_click=_repair,
                args=(sets, checked.index, name, key, form),
            )
    pairs = [{"Image": one.first, "Looks like": one.second} for one in report.near_duplicates]
    if pairs:
        with st.expander(f"{len(pairs):,} pairs that look the same", key=f"{key}-look-the-same"):
            show_list(pairs)


def _points(found: Sequence[Finding]) -> str:
    points = [f"\n- {as_markdown(each.sentence)}" for each in found[:_MOST_SENTENCES]]
    more = len(found) - _MOST_SENTENCES
    if more > 0:
        points.append(f"\n- and {more:,} more; `python -m training data check --all` lists them.")
    return "".join(points)


def _repair(sets: DataSets, index: Path, name: str, key: str, form: str) -> None:
    """Write a repaired index, and choose it in the form for a run."""
    try:
        repaired = sets.repair(index, name)
    except BlooduiError as error:
        session.hold(f"repaired-{key}", _Told(sentence=str(error), is_error=True))
        return
    choose_index(repaired.index, key=form)
    sentence = f"{repaired.done} It is chosen under New run: {repaired.index}"
    session.hold(f"repaired-{key}", _Told(sentence=sentence))
