"""The figures of a quiz: accuracy, kappa, calibration and time, in words and as a matrix."""

from __future__ import annotations

import streamlit as st

from bloodui.quiz.scores import Score
from bloodui.render.card_words import rate_in_words
from bloodui.render.text import unbroken
from bloodui.widgets.tables import show_table
from models.rate import Rate, percent

_NONE = "–"


def show_score(score: Score, kappa: Rate | None) -> None:
    """Draw the figures side by side, each with n and interval where it has one.

    Args:
        score: Of one resident or of several.
        kappa: Against the truth, with its interval.
    """
    right, agreement, calibration, pace = st.columns(4)
    accuracy = score.accuracy
    right.metric("Right", unbroken(percent(accuracy.value)) if accuracy else _NONE)
    if accuracy is not None:
        late = f", {score.n_timed_out} out of time" if score.n_timed_out else ""
        right.caption(
            unbroken(f"95 % interval {interval(accuracy, as_percent=True)}, n = {accuracy.n}{late}")
        )
    agreement.metric("Kappa with the truth", number(score.kappa))
    agreement.caption(
        unbroken(
            f"95 % interval {interval(kappa)}, n = {kappa.n}. 1 is full agreement, 0 that of "
            "chance."
        )
        if kappa is not None
        else "Not to be told: it needs answers in more than one class."
    )
    error = score.calibration_error
    calibration.metric("Confidence off by", _NONE if error is None else percent(error))
    calibration.caption("Expected calibration error: the mean gap between sure and right.")
    pace.metric("Median time", _NONE if score.median_s is None else f"{score.median_s:.1f} s")
    pace.caption("An image, from showing to answering.")


def show_reliability(score: Score) -> None:
    """Draw how many answers were right, by how sure they were given."""
    if not score.reliability:
        st.caption("No answer yet.")
        return
    show_table(
        [
            {
                "How sure": f"{100 * each.low:.0f} to {100 * each.high:.0f} %",
                "Mean": percent(each.confidence),
                "Right": rate_in_words(each.accuracy),
            }
            for each in score.reliability
        ]
    )


def interval(figure: Rate, *, as_percent: bool = False) -> str:
    """The bounds of a figure's 95 % interval, or that there is none."""
    if as_percent:
        return figure.interval_in_percent + (" %" if figure.bounds else "")
    return " to ".join(map(number, figure.bounds)) if figure.bounds else "none"


def number(value: float | None) -> str:
    """A kappa with two digits and a proper minus; a dash where there is none."""
    return _NONE if value is None else f"{value:.2f}".replace("-", "−")
