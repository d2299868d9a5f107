"""What models answer on a quiz's images, and how far readers agree with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from bloodui import answers
from bloodui.answers import WITHOUT_MAP
from bloodui.inventory import Installed, names_of
from bloodui.quiz import remembered
from bloodui.quiz.figures import interval, number
from bloodui.quiz.instructor import Instructor, Results
from bloodui.quiz.scores import NO_ANSWER, kappa_figure, said_by
from bloodui.render.card_words import rate_in_words
from bloodui.render.text import as_markdown, unbroken
from bloodui.widgets import messages
from bloodui.widgets.progress import progress_bar
from bloodui.widgets.tables import show_list
from models.rate import Rate, proportion


def unknown_to(installed: Installed, classes: Sequence[str]) -> list[str]:
    """Those of a quiz's classes that a model has not, whatever the case of their names."""
    known = {name.casefold() for name in installed.manifest.classes}
    return [name for name in classes if name.casefold() not in known]


def show_models(instructor: Instructor, results: Results, installed: Sequence[Installed]) -> None:
    """Offer the models that know the quiz's classes, ask the chosen one, and draw kappas."""
    classes = results.quiz.rules.classes
    models = [each for each in installed if not unknown_to(each, classes)]
    if not models:
        fewest = min((unknown_to(each, classes) for each in installed), key=len, default=classes)
        st.caption(
            "No installed model knows all of this quiz's classes; the nearest does not know "
            f"{as_markdown(', '.join(fewest))}."
        )
        return
    by_id = {each.manifest.id: each for each in models}
    names = names_of(models)
    chosen = st.selectbox("Model", list(by_id), format_func=names.__getitem__, key="quiz-ask")
    model = by_id[chosen]
    said = remembered.model_answers(results.quiz.id, model, None)
    if said is None and st.button("Ask the model", icon=":material/neurology:"):
        with messages.errors_shown(), progress_bar() as announce:
            said = remembered.model_answers(
                results.quiz.id, model, lambda: asked(instructor, results, model, announce)
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
    announce(0.0, "Loading the model, which takes some seconds the first time")
    known = [name.casefold() for name in installed.manifest.classes]
    columns = [known.index(name.casefold()) for name in results.quiz.rules.classes]
    n_images = results.quiz.n_images
    said = np.full(n_images, NO_ANSWER)
    for image in instructor.images(results.quiz.id, range(n_images)):
        announce(image.position / n_images, f"Reading image {image.position + 1} of {n_images}")
        question = replace(WITHOUT_MAP, despite_domain=image.is_drawn)
        opinion = answers.opinion_alone(image.micrograph, installed, question)
        if opinion.prediction is not None:
            said[image.position] = int(opinion.prediction.probabilities[columns].argmax())
    answers.keep_only(())
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
    words = rate_in_words(right) if right else "none answered"
    st.markdown(
        f"{as_markdown(title)} right: {words}; {int((~is_answered).sum())} images not answered."
    )
    show_list(rows)
    st.caption(
        unbroken(
            "What the model finds most probable among the quiz's classes, also where it would "
            "abstain, or nothing is proven. Images that it declined, or whose kind it does not "
            "know, are left out. Intervals: 95 %, images drawn with replacement."
        )
    )


def _row(name: str, figure: Rate | None) -> dict[str, str]:
    return {
        "The model and": name,
        "Kappa": number(figure.value if figure else None),
        "95 % interval": interval(figure) if figure else "–",
        "Images both answered": str(figure.n) if figure else "–",
    }
