"""Training runs: how far they are, how they learn, what they wrote, and how they ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import streamlit as st

from bloodui.render.text import as_markdown
from bloodui.studio.learning import show_learning
from bloodui.studio.studio import Studio
from bloodui.widgets import messages
from training.jobs import JobRecord
from training.runs.estimate import in_words

POLL_S = 2
_BADGES = {
    "queued": (":material/schedule:", "gray"),
    "running": (":material/autorenew:", "blue"),
    "finished": (":material/check:", "green"),
    "failed": (":material/error:", "red"),
    "cancelled": (":material/block:", "orange"),
    "damaged": (":material/broken_image:", "red"),
}


def show_runs(studio_now: Callable[[], Studio]) -> None:
    """Draw every run, the latest first; while one is under way, anew every two seconds.

    Args:
        studio_now: The studio of whoever looks, asked for each time that the runs are drawn: a
            login may have ended since the page was.
    """
    with messages.errors_shown():
        is_busy = _is_busy(studio_now().list_runs())
        st.fragment(_show_all, run_every=POLL_S if is_busy else None)(studio_now, is_busy)


def _show_all(studio_now: Callable[[], Studio], was_busy: bool) -> None:
    with messages.errors_shown():
        studio = studio_now()
        runs = studio.list_runs()
        if was_busy and not _is_busy(runs):
            st.rerun()  # the whole page, which then draws them no more by itself
        if not runs:
            st.caption("No run yet.")
        for run in runs:
            _show_run(studio, run)


def _is_busy(runs: Sequence[JobRecord]) -> bool:
    return any(run.state in ("queued", "running") for run in runs)


def _show_run(studio: Studio, run: JobRecord) -> None:
    icon, colour = _BADGES[run.state]
    with st.container(border=True, key=f"run-{run.id}"):
        name, actions = st.columns([4, 1])
        with name:
            st.markdown(f"**{as_markdown(run.name)}**")
            if run.kind == "study":
                st.badge("study", color="violet")
            st.badge(run.state, icon=icon, color=colour)  # type: ignore[arg-type]
        with actions:
            _show_actions(studio, run)
        if run.state == "running":
            st.progress(min(max(run.share, 0.0), 1.0), text=as_markdown(stage_in_words(run)))
        elif run.message:
            st.caption(as_markdown(run.message))
        st.caption(times_in_words(run, datetime.now(UTC)))
        if run.state == "finished":
            st.page_link(
                "pages/evaluation.py",
                label="How it did",
                icon=":material/monitoring:",
                query_params={run.kind: run.id},
            )
        if st.toggle("Curves and log", key=f"details-{run.id}", value=run.state == "running"):
            with messages.errors_shown(run.name):
                _show_details(studio, run)


def _show_actions(studio: Studio, run: JobRecord) -> None:
    action = None
    if run.state in ("queued", "running"):
        if st.button("Cancel", key=f"cancel-{run.id}", icon=":material/stop:"):
            action = studio.cancel_run
    elif run.can_be_resumed and st.button(
        "Resume", key=f"resume-{run.id}", icon=":material/replay:"
    ):
        action = studio.resume_run
    if action is None:
        return
    with messages.errors_shown(run.name):
        action(run.id)
        st.rerun()


def _show_details(studio: Studio, run: JobRecord) -> None:
    show_learning(studio.run_epochs(run.id), key=run.id)
    log = studio.run_log(run.id)
    if log:
        st.code(log, language=None, height=220)


def stage_in_words(run: JobRecord) -> str:
    """What a run does now: its stage, the epoch where there is one, and the time left."""
    epoch = f", epoch {run.epoch} of {run.epochs}" if run.epochs else ""
    left = f"; {in_words(run.left_s)} left" if run.left_s else ""
    return f"{run.stage or 'Starting'}{epoch}{left}"


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
