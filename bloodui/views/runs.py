"""Training runs: how far they are, how they learn, what they wrote, and how they ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from bloodui.studio import Studio
from bloodui.views import messages
from bloodui.views.learning import show_learning
from bloodui.views.text import as_markdown
from training.jobs import JobRecord

POLL_S = 2
_BADGES = {
    "queued": (":material/schedule:", "gray"),
    "running": (":material/autorenew:", "blue"),
    "finished": (":material/check:", "green"),
    "failed": (":material/error:", "red"),
    "cancelled": (":material/block:", "orange"),
}


def show_runs(studio: Studio) -> None:
    """Draw every run, the latest first; those under way are drawn anew every two seconds."""
    is_busy = any(run.state in ("queued", "running") for run in studio.list_runs())
    st.fragment(_show_all, run_every=POLL_S if is_busy else None)(studio)


def _show_all(studio: Studio) -> None:
    runs = studio.list_runs()
    if not runs:
        st.caption("No run yet.")
    for run in runs:
        _show_run(studio, run)


def _show_run(studio: Studio, run: JobRecord) -> None:
    icon, colour = _BADGES[run.state]
    with st.container(border=True, key=f"run-{run.id}"):
        name, deeds = st.columns([4, 1])
        with name:
            st.markdown(f"**{as_markdown(run.name)}**")
            if run.kind == "study":
                st.badge("study", color="violet")
            st.badge(run.state, icon=icon, color=colour)  # type: ignore[arg-type]
        with deeds:
            _show_deeds(studio, run)
        if run.state == "running":
            st.progress(min(max(run.share, 0.0), 1.0), text=stage_in_words(run))
        elif run.message:
            st.caption(as_markdown(run.message))
        st.caption(times_in_words(run, datetime.now(UTC)))
        if st.toggle("Curves and log", key=f"details-{run.id}", value=run.state == "running"):
            _show_details(studio, run)


def _show_deeds(studio: Studio, run: JobRecord) -> None:
    deed = None
    if run.state in ("queued", "running"):
        if st.button("Cancel", key=f"cancel-{run.id}", icon=":material/stop:"):
            deed = studio.cancel_run
    elif run.can_be_resumed and st.button(
        "Resume", key=f"resume-{run.id}", icon=":material/replay:"
    ):
        deed = studio.resume_run
    if deed is None:
        return
    with messages.told(run.name):
        deed(run.id)
        st.rerun()


def _show_details(studio: Studio, run: JobRecord) -> None:
    show_learning(studio.run_epochs(run.id), key=run.id)
    log = studio.run_log(run.id)
    if log:
        st.code(log, language=None, height=220)


def stage_in_words(run: JobRecord) -> str:
    """What a run does now: its stage, and the epoch where there is one."""
    epoch = f", epoch {run.epoch} of {run.epochs}" if run.epochs else ""
    return f"{run.stage or 'Starting'}{epoch}"


def times_in_words(run: JobRecord, now: datetime) -> str:
    """When a run was asked for, by whom, and how long it has run or ran."""
    words = f"Asked for {run.submitted:%Y-%m-%d %H:%M} UTC"
    if run.by:
        words += f" by {as_markdown(run.by)}"
    if run.started is not None:
        ended = run.ended or now
        words += f"; {_duration(ended - run.started)}"
        words += " so far" if run.ended is None else ""
    return words


def _duration(span: timedelta) -> str:
    seconds = max(0, round(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
