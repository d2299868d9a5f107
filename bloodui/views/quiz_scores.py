"""The figures of a quiz: accuracy, kappa, calibration and time, in words and as a matrix."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui.quizzes.scores import Score
from bloodui.views.card import figure_in_words
from bloodui.views.confusion import confusion_figure
from models.card import Figure
from models.figure import percent

_NONE = "–"


def show_score(score: Score, kappa: Figure | None) -> None:
    """Draw the figures side by side, each with n and interval where it has one.

    Args:
        score: Of one resident or of several.
        kappa: Against the truth, with its interval.
    """
    right, agreement, calibration, pace = st.columns(4)
    accuracy = score.accuracy
    right.metric("Right", percent(accuracy.value) if accuracy else _NONE)
    if accuracy is not None:
        late = f", {score.n_timed_out} out of time" if score.n_timed_out else ""
        right.caption(
            f"95 % interval {interval(accuracy, as_percent=True)}, n = {accuracy.n}{late}"
        )
    agreement.metric("Kappa with the truth", number(score.kappa))
    agreement.caption(
        f"95 % interval {interval(kappa)}, n = {kappa.n}. 1 is full agreement, 0 that of chance."
        if kappa is not None
        else "Not to be told: it needs answers in more than one class."
    )
    error = score.calibration_error
    calibration.metric("Confidence off by", _NONE if error is None else percent(error))
    calibration.caption("Expected calibration error: the mean gap between sure and right.")
    pace.metric("Median time", _NONE if score.median_s is None else f"{score.median_s:.1f} s")
    pace.caption("An image, from showing to answering.")


def show_matrix(score: Score, classes: Sequence[str], *, key: str) -> None:
    """Draw the confusion matrix; its rows are the truth, its columns the answer."""
    st.plotly_chart(
        confusion_figure(classes, score.confusion, as_rate=False),
        key=f"{key}-matrix",
        config={"displayModeBar": False},
        alt="Confusion matrix: " + "; ".join(matrix_in_words(score, classes)),
    )


def matrix_in_words(score: Score, classes: Sequence[str]) -> list[str]:
    """The matrix row by row, for who cannot see it."""
    return [
        f"truth {truth}: "
        + ", ".join(f"{count} {said}" for said, count in zip(classes, row, strict=True) if count)
        for truth, row in zip(classes, score.confusion, strict=True)
        if any(row)
    ]


def show_reliability(score: Score) -> None:
    """Draw how many answers were right, by how sure they were given."""
    if not score.reliability:
        st.caption("No answer yet.")
        return
    st.table(
        [
            {
                "How sure": f"{100 * each.low:.0f} to {100 * each.high:.0f} %",
                "Mean": percent(each.confidence),
                "Right": figure_in_words(each.accuracy),
            }
            for each in score.reliability
        ]
    )


def interval(figure: Figure, *, as_percent: bool = False) -> str:
    """The bounds of a figure's 95 % interval."""
    if as_percent:
        return f"{100 * figure.low:.1f} to {100 * figure.high:.1f} %"
    return f"{number(figure.low)} to {number(figure.high)}"


def number(value: float | None) -> str:
    """A kappa with two digits and a proper minus; a dash where there is none."""
    return _NONE if value is None else f"{value:.2f}".replace("-", "−")
