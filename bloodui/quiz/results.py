"""What an instructor sees of a quiz: readers, agreement, confusion, calibration, the CSV."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui.inventory import Inventory
from bloodui.quiz.export import results_csv
from bloodui.quiz.figures import number, show_reliability, show_score
from bloodui.quiz.instructor import Instructor, Results
from bloodui.quiz.link import show_link
from bloodui.quiz.model_answers import show_models
from bloodui.quiz.picture import show_small
from bloodui.quiz.quiz import Answer, Attempt, Quiz
from bloodui.quiz.scores import (
    kappa_with_truth,
    kappas_among,
    mean_kappa,
    score,
)
from bloodui.render.card_words import rate_in_words
from bloodui.render.text import as_markdown
from bloodui.widgets.confusion import show_confusion, show_opened
from bloodui.widgets.tables import show_list
from models.rate import percent

_ALL = "All readers together"
_MOST_SHOWN = 12


def show_results(instructor: Instructor, quiz: Quiz, inventory: Inventory) -> None:
    """Draw everything on a quiz. Raises QuizError where it is not this instructor's."""
    results = instructor.results(quiz.id)
    rules = quiz.rules
    st.subheader(as_markdown(rules.title))
    limit = f"{rules.seconds_per_image} s an image" if rules.seconds_per_image else "no time limit"
    st.caption(
        f"{quiz.n_images} images, {limit}, answer shown {as_markdown(rules.answer_shown)}. "
        f"Classes: {as_markdown(', '.join(rules.classes))}. Link for residents:"
    )
    show_link(quiz)
    if not results.attempts:
        st.info("Nobody has read it yet.")
        return
    st.subheader("Readers")
    show_list([_row(results, attempt) for attempt in results.attempts])
    st.download_button(
        "Download every answer (CSV)",
        data=lambda: results_csv(results).encode(),
        file_name=f"quiz-{quiz.id}-results.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    counted = _counted(results)
    _show_scores(instructor, results, counted)
    st.subheader("Agreement among readers")
    _show_agreement(results, counted)
    st.subheader("Agreement with models")
    show_models(instructor, results, inventory.models)


def _row(results: Results, attempt: Attempt) -> dict[str, str]:
    figures = score(attempt.answers, results.truths, n_classes=len(results.quiz.rules.classes))
    error = figures.calibration_error
    return {
        "Reader": attempt.alias,
        "Read": f"{len(attempt.answers)} of {results.quiz.n_images}",
        "Right": rate_in_words(figures.accuracy) if figures.accuracy else "",
        "Kappa with the truth": number(figures.kappa),
        "Confidence off by": "–" if error is None else percent(error),
        "Median time": "–" if figures.median_s is None else f"{figures.median_s:.1f} s",
        "Out of time": str(figures.n_timed_out),
    }


def _counted(results: Results) -> Sequence[Attempt]:
    """The readings that count: whole ones, unless the instructor wants the others, too."""
    n_unfinished = len(results.firsts) - len(results.whole)
    n_again = len(results.attempts) - len(results.firsts)
    words = "Together and for agreement count whole readings, the first of each reader"
    if n_again:
        words += f" ({n_again} later or empty left out)"
    st.caption(f"{words}.")
    if n_unfinished and st.toggle(
        f"Count unfinished readings, too ({n_unfinished})", key="quiz-unfinished"
    ):
        return results.firsts
    return results.whole


def _show_scores(instructor: Instructor, results: Results, counted: Sequence[Attempt]) -> None:
    classes = results.quiz.rules.classes
    chosen = {attempt.alias: (attempt,) for attempt in results.attempts}
    shown = st.selectbox("Figures of", [_ALL, *chosen], key="quiz-reader")
    answers: Sequence[Answer] = [
        given for attempt in chosen.get(shown, counted) for given in attempt.answers
    ]
    if not answers:
        st.info("No answers yet." if shown in chosen else "Nobody has read the whole quiz yet.")
        return
    figures = score(answers, results.truths, n_classes=len(classes))
    show_score(figures, kappa_with_truth(answers, results.truths))
    matrix, sure = st.columns([7, 5], gap="large")
    with sure:
        st.subheader("How sure, how right")
        show_reliability(figures)
    with matrix:
        st.subheader("Truth and answer")
        # Another reader's matrix opens no cell of this one's.
        reader = next((n for n, each in enumerate(chosen) if each == shown), "all")
        key = f"quiz-{results.quiz.id}-{reader}"
        cell = show_confusion(classes, figures.confusion, key=key)
    if cell is None:
        return
    positions = sorted(
        {
            given.position
            for given in answers
            if given.answer == cell.answer and results.truths[given.position] == cell.truth
        }
    )
    show_opened(classes, cell, key=key)
    grid = st.grid("auto", min_column_width=160)
    for image in instructor.images(results.quiz.id, positions[:_MOST_SHOWN]):
        n_said = sum(g.position == image.position and g.answer == cell.answer for g in answers)
        with grid.cell():
            show_small(image, f"answered so {n_said} times" if n_said > 1 else "answered so once")
    if len(positions) > _MOST_SHOWN:
        st.caption(f"and {len(positions) - _MOST_SHOWN} more images.")


def _show_agreement(results: Results, counted: Sequence[Attempt]) -> None:
    pairs = kappas_among(counted, results.quiz.n_images)
    if not pairs:
        st.caption("It takes two whole readings.")
        return
    st.markdown(f"Mean kappa: **{number(mean_kappa(pairs))}** (pairs: {len(pairs)})")
    show_list(
        [
            {
                "Reader": pair.first,
                "and": pair.second,
                "Kappa": number(pair.kappa),
                "Images both answered": pair.n,
            }
            for pair in pairs
        ]
    )
