"""What models answer on a quiz's images, and how far readers agree with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from bloodui import quiz_session, session
from bloodui.inventory import Installed, names_of
from bloodui.quizzes.instructor import Instructor, Results
from bloodui.quizzes.scores import NO_ANSWER, kappa_figure, proportion, said_by
from bloodui.views import messages
from bloodui.views.card import figure_in_words
from bloodui.views.progress import progress_bar
from bloodui.views.quiz_scores import interval, number
from models.card import Figure


def show_models(instructor: Instructor, results: Results, models: Sequence[Installed]) -> None:
    """Offer the models that know the quiz's classes, ask the chosen one, and draw kappas."""
    if not models:
        st.caption("No installed model knows all of this quiz's classes.")
        return
    by_id = {each.manifest.id: each for each in models}
    names = names_of(models)
    chosen = st.selectbox("Model", list(by_id), format_func=names.__getitem__, key="quiz-ask")
    installed = by_id[chosen]
    said = quiz_session.model_answers(results.quiz.id, installed, None)
    if said is None and st.button("Ask the model", icon=":material/neurology:"):
        with messages.told(), progress_bar() as announce:
            said = quiz_session.model_answers(
                results.quiz.id, installed, lambda: asked(instructor, results, installed, announce)
            )
    if said is None:
        return
    _show_answers(results, said, names[chosen])


def asked(
    instructor: Instructor,
    results: Results,
    installed: Installed,
    announce: Callable[[float, str], None],
) -> np.ndarray:
    """The class that a model finds most probable among the quiz's, for each image.

    Classes of the model that the quiz doesn't have are left aside, since readers could not
    choose them; `NO_ANSWER` stands where the model declines the image, or does not know its kind.
    Drawn images, whose kind no model knows, are answered all the same.

    Raises:
        BlooduiError: The model cannot be used.
    """
    from models.opinion import opinion_on

    announce(0.0, "Loading the model, which takes some seconds the first time")
    model = session.model(installed)
    columns = [installed.manifest.classes.index(name) for name in results.quiz.rules.classes]
    n_images = results.quiz.n_images
    said = np.full(n_images, NO_ANSWER)
    for image in instructor.images(results.quiz.id, range(n_images)):
        announce(image.position / n_images, f"Reading image {image.position + 1} of {n_images}")
        opinion = opinion_on(
            image.micrograph, model, is_explained=False, despite_domain=image.is_drawn
        )
        if opinion.prediction is not None:
            said[image.position] = int(opinion.prediction.probabilities[columns].argmax())
    return said


def _show_answers(results: Results, said: np.ndarray, title: str) -> None:
    truths = np.array(results.truths)
    is_answered = said != NO_ANSWER
    right = proportion("accuracy", int((said == truths).sum()), int(is_answered.sum()))
    rows = [_row("the truth", kappa_figure(said, truths))]
    rows += [
        _row(attempt.alias, kappa_figure(said, said_by(attempt, results.quiz.n_images)))
        for attempt in results.attempts
    ]
    words = figure_in_words(right) if right else "none answered"
    st.markdown(f"{title} right: {words}; {int((~is_answered).sum())} images not answered.")
    st.dataframe(rows, hide_index=True)
    st.caption(
        "What the model finds most probable among the quiz's classes, also where it would "
        "abstain. Images that it declined, or whose kind it does not know, are left out. "
        "Intervals: 95 %, images drawn with replacement."
    )


def _row(name: str, figure: Figure | None) -> dict[str, str]:
    return {
        "The model and": name,
        "Kappa": number(figure.value if figure else None),
        "95 % interval": interval(figure) if figure else "–",
        "Images both answered": str(figure.n) if figure else "–",
    }
