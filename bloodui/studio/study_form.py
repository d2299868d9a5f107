"""Data and a study → an order for all of its runs."""

from __future__ import annotations

import streamlit as st

from bloodui.data_sets import DataSets
from bloodui.render.text import as_markdown
from bloodui.studio.data_check import check_form
from bloodui.studio.studio import RunOrder, Studio
from bloodui.widgets import messages
from bloodui.widgets.index_form import index_form
from training.runs.estimate import duration_in_words, estimated_seconds
from training.studies.plan import STUDIES, Study, read_study

_FIRST = "efficientnet-lite1-folds"
_CHECK = "Check these images for the first run"


def study_form(sets: DataSets, studio: Studio) -> RunOrder | None:
    """Ask for data and a study; returns an order when the study is started."""
    index = index_form(sets, key="study")
    names = sorted(path.stem for path in STUDIES.glob("*.toml"))
    name = st.selectbox(
        "Study",
        names,
        index=names.index(_FIRST) if _FIRST in names else 0,
        key="study-name",
        help="Several runs that belong together: folds, sizes, networks, ensembles, classifiers.",
    )
    study = read_study(name)
    st.caption(f"{as_markdown(study.title)}. {_members(study)}")
    if index is None:
        return None
    seconds = None
    with messages.errors_shown(index.parent.name), st.spinner("Reading the index"):
        seconds = sum(
            estimated_seconds(member, sum(sets.counts(index, member.task).values()))
            for member in study.members
        )
    if seconds is None:
        check_form(sets, index, None, key="study", form="study", title=_CHECK)
        return None
    st.caption(as_markdown(sets.left_over(index, study.members[0].task)))
    own = st.text_input(
        "Name of the study", value=f"{name}-study"[:64], key="study-own-name", max_chars=64
    )
    check_form(sets, index, study.members[0], key="study", form="study", title=_CHECK)
    wanted = st.button(
        "Start the study", type="primary", icon=":material/play_arrow:", key="study-start"
    )
    expected, is_learned = studio.expected_seconds(seconds)
    st.caption(duration_in_words(expected, is_learned=is_learned))
    if not wanted:
        return None
    text = (STUDIES / f"{name}.toml").read_text(encoding="utf-8")
    return RunOrder(recipe=text, index=index, name=own.strip(), kind="study", estimated_s=seconds)


def _members(study: Study) -> str:
    """The runs of a study in a sentence."""
    words = f"{len(study.members)} runs: " if len(study.members) > 1 else "One run: "
    words += ", ".join(as_markdown(member.name) for member in study.members)
    if study.ensembles:
        words += "; ensembles: " + ", ".join(as_markdown(each.name) for each in study.ensembles)
    if study.bench:
        words += "; and a bench of classifiers"
    return f"{words}."
