"""Images of a test set beside what was answered on them; each opens large, with its map."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui import answers
from bloodui.answers import Question
from bloodui.inventory import Installed
from bloodui.render.pictures import picture_address
from bloodui.render.text import as_markdown
from bloodui.studio.judged import JudgedImage
from bloodui.widgets import messages
from bloodui.widgets.decision import show_decision
from bloodui.widgets.mapped import show_mapped
from bloodui.widgets.probabilities import show_probabilities
from models.errors import BlooduiError
from models.image.scale import shrunk
from models.rate import percent

PER_PAGE = 12
_THUMBNAIL_PX = 240


def show_gallery(images: Sequence[JudgedImage], installed: Installed, *, key: str) -> None:
    """Draw images a page at a time, each with truth, answer and confidence, and a button.

    Args:
        images: In order.
        installed: The model that is asked where an image is opened.
        key: Of the widgets.
    """
    if not images:
        st.caption("No image.")
        return
    pages = -(-len(images) // PER_PAGE)
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page of {pages}", 1, pages, key=f"{key}-page"))
    start = (page - 1) * PER_PAGE
    problems: dict[str, BlooduiError] = {}
    with st.container(key=f"gallery-{key}"):
        grid = st.grid("auto", min_column_width=170)
    for number, image in enumerate(images[start : start + PER_PAGE], start=start):
        with grid.cell():
            try:
                rgb = image.read().rgb
            except BlooduiError as error:
                problems.setdefault(type(error).__name__, error)
                st.caption(f":material/broken_image: {_in_words(image)}: it cannot be read.")
                continue
            st.image(picture_address(shrunk(rgb, _THUMBNAIL_PX)), alt=image.name, width="stretch")
            if st.button(_in_words(image), key=f"{key}-open-{number}", width="stretch", wrap=True):
                title = f"{as_markdown(image.truth)} answered {as_markdown(image.answer)}"
                st.dialog(title, width="large")(_show_large)(image, installed)
            st.caption(as_markdown(image.name))
    for problem in problems.values():
        with messages.errors_shown():
            raise problem


def _in_words(image: JudgedImage) -> str:
    share = percent(image.probability).replace(" ", "\N{NO-BREAK SPACE}")
    return as_markdown(f"{image.truth} answered {image.answer}, {share}")


def _show_large(image: JudgedImage, installed: Installed) -> None:
    """Draw one image with its map, and what the model says of it now."""
    st.caption(
        f"{as_markdown(image.name)}. Truth: **{as_markdown(image.truth)}**. On record: "
        f"**{as_markdown(image.answer)}** at {as_markdown(percent(image.probability))}."
    )
    if not image.is_unseen:
        st.warning(
            "The network that was kept is that of another split or fold, and may have learned "
            "from this image: what it says here is not what was measured.",
            icon=":material/info:",
        )
    with messages.errors_shown():
        micrograph = image.read()
        with st.spinner("Asking the model, which takes some seconds the first time"):
            opinion = answers.opinion_alone(micrograph, installed, Question(despite_domain=True))
        picture, answer = st.columns([7, 5], gap="large")
        with picture:
            show_mapped(image.name, opinion, installed)
        with answer:
            show_decision(opinion)
            if opinion.prediction is not None:
                show_probabilities(opinion.prediction)
