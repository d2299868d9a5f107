"""What an instructor sees of a quiz: readers, agreement, confusion, calibration, the CSV."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui.forms.quiz_new import covering, link_of
from bloodui.quizzes.export import results_csv
from bloodui.quizzes.instructor import Instructor, Results
from bloodui.quizzes.quiz import Answer, Attempt, Quiz
from bloodui.quizzes.scores import kappa_with_truth, kappas_among, mean_kappa, score
from bloodui.session import Inventory
from bloodui.views.card import figure_in_words
from bloodui.views.confusion import show_confusion
from bloodui.views.quiz_models import show_models
from bloodui.views.quiz_picture import show_small
from bloodui.views.quiz_scores import number, show_reliability, show_score
from bloodui.views.text import as_markdown
from models.figure import percent

_ALL = "All readers together"
_MOST_SHOWN = 12


def show_results(instructor: Instructor, quiz: Quiz, inventory: Inventory) -> None:
    """Draw everything on a quiz. Raises QuizError where it is not this instructor's."""
    results = instructor.results(quiz.id)
    rules = quiz.rules
    st.subheader(as_markdown(rules.title))
    limit = f"{rules.seconds_per_image} s an image" if rules.seconds_per_image else "no time limit"
    st.caption(
        f"{quiz.n_images} images, {limit}, answer shown {rules.answer_shown}. "
        f"Classes: {as_markdown(', '.join(rules.classes))}. Link for residents:"
    )
    st.code(link_of(quiz.link), language=None, wrap_lines=True)
    if not results.attempts:
        st.info("Nobody has read it yet.")
        return
    st.subheader("Readers")
    st.dataframe([_row(results, attempt) for attempt in results.attempts], hide_index=True)
    st.download_button(
        "Download every answer (CSV)",
        data=lambda: results_csv(results).encode(),
        file_name=f"quiz-{quiz.id}-results.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    _show_scores(instructor, results)
    st.subheader("Agreement among readers")
    _show_agreement(results)
    st.subheader("Agreement with models")
    show_models(instructor, results, covering(inventory.models, rules.classes))


def _row(results: Results, attempt: Attempt) -> dict[str, str]:
    figures = score(attempt.answers, results.truths, n_classes=len(results.quiz.rules.classes))
    error = figures.calibration_error
    return {
        "Reader": attempt.alias,
        "Read": f"{len(attempt.answers)} of {results.quiz.n_images}",
        "Right": figure_in_words(figures.accuracy) if figures.accuracy else "",
        "Kappa with the truth": number(figures.kappa),
        "Confidence off by": "–" if error is None else percent(error),
        "Median time": "–" if figures.median_s is None else f"{figures.median_s:.1f} s",
        "Out of time": str(figures.n_timed_out),
    }


def _show_scores(instructor: Instructor, results: Results) -> None:
    classes = results.quiz.rules.classes
    chosen = {attempt.alias: (attempt,) for attempt in results.attempts}
    shown = st.selectbox("Figures of", [_ALL, *chosen], key="quiz-reader")
    if len(results.firsts) < len(results.attempts):
        st.caption("All readers together, and agreement among them: the first reading of each.")
    answers: Sequence[Answer] = [
        given for attempt in chosen.get(shown, results.firsts) for given in attempt.answers
    ]
    figures = score(answers, results.truths, n_classes=len(classes))
    show_score(figures, kappa_with_truth(answers, results.truths))
    matrix, sure = st.columns([7, 5], gap="large")
    with sure:
        st.subheader("How sure, how right")
        show_reliability(figures)
    with matrix:
        st.subheader("Truth and answer")
        cell = show_confusion(classes, figures.confusion, key="quiz")
    if cell is None:
        return
    positions = sorted(
        {
            given.position
            for given in answers
            if given.answer == cell.answer and results.truths[given.position] == cell.truth
        }
    )
    st.markdown(
        f"**{as_markdown(classes[cell.truth])} answered {as_markdown(classes[cell.answer])}**"
    )
    columns = st.columns(4)
    found = instructor.images(results.quiz.id, positions[:_MOST_SHOWN])
    for place, image in enumerate(found):
        n_said = sum(g.position == image.position and g.answer == cell.answer for g in answers)
        with columns[place % len(columns)]:
            show_small(image, f"answered so {n_said} times")
    if len(positions) > _MOST_SHOWN:
        st.caption(f"and {len(positions) - _MOST_SHOWN} more images.")


def _show_agreement(results: Results) -> None:
    pairs = kappas_among(results.firsts, results.quiz.n_images)
    if not pairs:
        st.caption("It takes two readers.")
        return
    st.markdown(f"Mean kappa: **{number(mean_kappa(pairs))}** (pairs: {len(pairs)})")
    st.dataframe(
        [
            {
                "Reader": pair.first,
                "and": pair.second,
                "Kappa": number(pair.kappa),
                "Images both answered": pair.n,
            }
            for pair in pairs
        ],
        hide_index=True,
    )
