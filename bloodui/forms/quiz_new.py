"""Images, rules and a model → a new quiz, with its link and key."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import streamlit as st

from bloodui import quiz_session
from bloodui.forms.quiz_sources import Draft, sources_form
from bloodui.inventory import Installed, names_of
from bloodui.quizzes.instructor import Instructor
from bloodui.quizzes.quiz import (
    AFTER_EACH,
    AT_THE_END,
    LONGEST_S,
    LONGEST_TITLE,
    MOST_IMAGES,
    SHORTEST_S,
    Rules,
)
from bloodui.settings import Settings
from bloodui.views import messages
from bloodui.views.text import as_markdown


def new_quiz_form(instructor: Instructor, settings: Settings, models: Sequence[Installed]) -> None:
    """Ask for everything a quiz needs, make it, and show how to reach it."""
    made = quiz_session.made()
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
        st.caption(f"{draft.n_images} images, at most {MOST_IMAGES}. They will be shuffled.")
    if not st.button(
        "Make the quiz", type="primary", icon=":material/school:", disabled=draft is None
    ):
        return
    if draft is None:
        return
    with messages.told(), st.spinner("Making the quiz"):
        rules = Rules(
            title=title,
            classes=draft.classes,
            answer_shown=answer_shown or AFTER_EACH,
            seconds_per_image=seconds,
            model_id=model_id,
        )
        quiz_session.hold_made(instructor.create(rules, draft.images()))
    if quiz_session.made() is not None:
        st.rerun()


def link_of(token: str) -> str:
    """The address under which residents read a quiz."""
    page = (st.context.url or "").partition("?")[0]
    return f"{page.removesuffix('quiz')}?quiz={quote(token)}"


def covering(models: Sequence[Installed], classes: Sequence[str]) -> list[Installed]:
    """The models that know every one of these classes."""
    return [each for each in models if set(classes) <= set(each.manifest.classes)]


def _model_choice(models: Sequence[Installed], draft: Draft | None) -> str:
    fitting = covering(models, draft.classes) if draft is not None else []
    names = names_of(fitting)
    chosen = st.selectbox(
        "Model whose answer and map residents see beside the truth",
        ["", *names],
        format_func=lambda name: names.get(name, "None"),
        key="quiz-model",
        help="Models that know all of the quiz's classes are offered.",
    )
    return chosen or ""


def _show_made(instructor: Instructor) -> None:
    made = quiz_session.made()
    if made is None:
        return
    st.success(
        f"Made: {as_markdown(made.quiz.rules.title)}, {made.quiz.n_images} images.",
        icon=":material/check:",
    )
    st.markdown("**Link for residents**")
    st.code(link_of(made.quiz.link), language=None, wrap_lines=True)
    if made.key:
        st.markdown("**Your key to the results**")
        st.code(made.key, language=None, wrap_lines=True)
        st.warning(
            "The key is shown this once. Without it nobody can open the results or delete the "
            "quiz: copy it now, and do not pass it on with the link.",
            icon=":material/key:",
        )
    else:
        st.caption(f"It belongs to {as_markdown(instructor.owner)}; you find it under Results.")
    st.button(
        "I have copied the link and the key" if made.key else "Done",
        type="primary",
        on_click=quiz_session.hold_made,
        args=(None,),
    )
