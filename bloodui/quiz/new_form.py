"""Images, rules and a model → a new quiz, with its link and key."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui.images import MOST_IMAGES
from bloodui.inventory import Installed, names_of
from bloodui.quiz import remembered
from bloodui.quiz.instructor import Instructor
from bloodui.quiz.link import show_link
from bloodui.quiz.model_answers import unknown_to
from bloodui.quiz.quiz import (
    AFTER_EACH,
    AT_THE_END,
    LONGEST_S,
    LONGEST_TITLE,
    SHORTEST_S,
    Rules,
)
from bloodui.render.text import as_markdown
from bloodui.settings import Settings
from bloodui.widgets import messages
from bloodui.widgets.image_sources import Draft, sources_form


def new_quiz_form(instructor: Instructor, settings: Settings, models: Sequence[Installed]) -> None:
    """Ask for everything a quiz needs, make it, and show how to reach it."""
    made = remembered.made()
    if made is not None:
        _show_made(instructor)
        return
    title = st.text_input("Title", max_chars=LONGEST_TITLE, key="quiz-title").strip()
    draft = sources_form(settings, instructor.person)
    shown, limit = st.columns(2)
    answer_shown = shown.radio(
        "Residents see the answer and the map",
        [AFTER_EACH, AT_THE_END],
        format_func=str.capitalize,
        key="quiz-shown",
    )
    seconds = limit.number_input(
        "Seconds for each image",
        SHORTEST_S,
        LONGEST_S,
        None,
        placeholder="No limit",
        key="quiz-seconds",
        help=f"{SHORTEST_S} to {LONGEST_S}; leave it empty for no limit. An answer that comes "
        "later counts as wrong.",
    )
    model_id = _model_choice(models, draft)
    if draft is not None:
        st.caption(
            f"{draft.n_images} image{'' if draft.n_images == 1 else 's'}, at most "
            f"{MOST_IMAGES}. They will be shuffled."
        )
    if not st.button(
        "Make the quiz", type="primary", icon=":material/school:", disabled=draft is None
    ):
        return
    if draft is None:
        return
    with messages.errors_shown(), st.spinner("Making the quiz"):
        rules = Rules(
            title=title,
            classes=draft.classes,
            answer_shown=answer_shown or AFTER_EACH,
            seconds_per_image=seconds,
            model_id=model_id,
        )
        remembered.hold_made(instructor.create(rules, draft.images()))
    if remembered.made() is not None:
        st.rerun()


def _model_choice(models: Sequence[Installed], draft: Draft | None) -> str:
    classes = draft.classes if draft is not None else ()
    unknown = {each.manifest.id: unknown_to(each, classes) for each in models}
    names = names_of(sorted(models, key=lambda each: len(unknown[each.manifest.id])))

    def in_words(name: str) -> str:
        if not name:
            return "None"
        n_known = len(classes) - len(unknown[name])
        return names[name] + (
            f", knows {n_known} of {len(classes)} classes" if unknown[name] else ""
        )

    chosen = st.selectbox(
        "Model whose answer and map residents see beside the truth",
        ["", *names],
        format_func=in_words,
        key="quiz-model",
        help="Those that know the quiz's classes, by their names, come first. Another answers "
        "with its own classes.",
    )
    return chosen or ""


def _show_made(instructor: Instructor) -> None:
    made = remembered.made()
    if made is None:
        return
    st.success(
        f"Made: {as_markdown(made.quiz.rules.title)}, {made.quiz.n_images} images.",
        icon=":material/check:",
    )
    st.markdown("**Link for residents**")
    show_link(made.quiz)
    if made.key:
        st.markdown("**Your key to the results**")
        st.code(made.key, language=None, wrap_lines=True)
        st.warning(
            "The key is shown this once. Without it nobody can open the results or delete the "
            "quiz: copy it now, and do not pass it on with the link.",
            icon=":material/key:",
        )
    else:
        owner = as_markdown(instructor.person.name)
        st.caption(f"It belongs to {owner}; you find it under My quizzes.")
    st.button(
        "I have copied the link and the key" if made.key else "Done",
        type="primary",
        on_click=remembered.hold_made,
        args=(None,),
    )
