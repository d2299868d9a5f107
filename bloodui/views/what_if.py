"""How every model's answer and map move when the image gets worse."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from bloodui import compare_session
from bloodui.compare_session import Asked, Question, ask
from bloodui.forms.compared_maps import ComparedMaps, compared_maps_form
from bloodui.forms.degradation import degradation_form, in_words, is_nothing
from bloodui.inventory import Installed, names_of
from bloodui.session import Received
from bloodui.views import messages
from bloodui.views.brush import show_brush
from bloodui.views.compared import map_picture
from bloodui.views.pictures import enlarged, jpeg_address, picture_address, shrunk
from bloodui.views.probability_grid import GridRow, show_grid
from bloodui.views.saliency import check_of, has_failed, worth_in_brief
from bloodui.views.text import as_markdown
from models.agreement import rank_correlation
from models.degradation import degrade
from models.micrograph import Micrograph, micrograph_from_rgb
from models.prediction import Prediction
from training.datasets.synthetic import CAPTION

_SHOWN_PX = 448


@st.fragment
def show_what_if(received: Received, models: tuple[Installed, ...]) -> None:
    """Draw the image before and after, and what each model says of both."""
    before = received.micrograph
    if before is None:
        return
    picture, after_place, sliders = st.columns([3, 3, 4], gap="medium")
    with picture:
        drawn = f" · {CAPTION}" if received.is_drawn else ""
        st.markdown(f"**As received**{drawn}")
        brushed = show_brush(before.rgb, key=f"brush:{received.key}")
        st.caption("Draw a rectangle to cover it.")
    with sliders:
        degradation = degradation_form(models[0].manifest.modality, brushed=brushed)
    after = micrograph_from_rgb(degrade(before.rgb, degradation), um_per_px=before.um_per_px)
    with after_place:
        st.markdown(f"**After: {in_words(degradation)}**")
        st.image(
            picture_address(enlarged(shrunk(after.rgb, _SHOWN_PX), _SHOWN_PX)),
            alt=f"The image after: {in_words(degradation)}",
            width="stretch",
        )
    compare_session.keep_only({before.sha256, after.sha256})
    st.subheader("What each model says, before and after")
    grid = st.container()
    st.subheader("Where each model looked")
    look = compared_maps_form(models, key="what-if-maps", is_drawn=received.is_drawn)
    with st.spinner("Asking the models"):
        pairs = [
            (ask(before, each, look.question), ask(after, each, _same_class(before, each, look)))
            for each in models
        ]
    names = names_of(models)
    named = [(names[each.manifest.id], pair) for each, pair in zip(models, pairs, strict=True)]
    with grid:
        show_grid([row for name, pair in named for row in _rows(name, *pair)])
        if not is_nothing(degradation):
            for name, pair in named:
                st.markdown(f"- {moved_in_words(name, *pair)}")
    for start in range(0, len(named), 2):
        columns = st.columns(2, gap="medium")
        for column, (name, pair) in zip(columns, named[start : start + 2], strict=False):
            with column:
                st.markdown(f"**{as_markdown(name)}**")
                _show_maps(name, *pair, before, after, look)


def _same_class(before: Micrograph, model: Installed, look: ComparedMaps) -> Question:
    """The question about the worse image: the map of the class that came first before."""
    if look.question.class_name:
        return look.question
    opinion = ask(before, model, look.question).opinion
    name = ""
    if opinion is not None and opinion.prediction is not None:
        name = opinion.prediction.classes[opinion.prediction.top_class]
    return replace(look.question, class_name=name)


def _rows(name: str, before: Asked, after: Asked) -> list[GridRow]:
    return [
        GridRow(
            title=f"{name}, {when}",
            note="",
            classes=asked.installed.manifest.classes,
            opinion=asked.opinion,
            problem=messages.message_for(asked.error).happened if asked.error else "",
        )
        for when, asked in (("before", before), ("after", after))
    ]


def moved_in_words(model: str, before: Asked, after: Asked) -> str:
    """How the answer of the model of that name moved, as a sentence of Markdown."""
    title = as_markdown(model)
    first, second = (_prediction(asked) for asked in (before, after))
    if first is None or second is None:
        declined = (
            "both images" if first is second else ("the first" if first is None else "it now")
        )
        return f"**{title}** declines {declined}."
    name = first.classes[first.top_class]
    new = second.classes[second.top_class]
    moved = 100 * (second.probabilities[first.top_class] - first.probabilities[first.top_class])
    changed = (
        f"still puts {as_markdown(name)} first"
        if new == name
        else f"now puts **{as_markdown(new)}** first instead of {as_markdown(name)}"
    )
    return f"**{title}** {changed}; {as_markdown(name)} moved by {moved:+.1f} points."


def _prediction(asked: Asked) -> Prediction | None:
    return asked.opinion.prediction if asked.opinion else None


def _show_maps(
    name: str,
    before: Asked,
    after: Asked,
    original: Micrograph,
    worse: Micrograph,
    look: ComparedMaps,
) -> None:
    columns = st.columns(2)
    shown = (("before", before, original), ("after", after, worse))
    for column, (when, asked, micrograph) in zip(columns, shown, strict=True):
        with column:
            opinion = asked.opinion
            if opinion is None or opinion.explanation is None:
                st.caption(f"No map {when}.")
                continue
            check = check_of(asked.installed, opinion.explanation.method)
            picture = map_picture(opinion, micrograph, look, is_grey=has_failed(check))
            st.image(
                jpeg_address(picture),
                alt=f"{name}: map {when}",
                width="stretch",
            )
            st.caption(
                f"Map for {as_markdown(opinion.explanation.class_name)}, {when}.  \n"
                + as_markdown(worth_in_brief(check))
            )
    maps = [each.opinion.explanation for each in (before, after) if each.opinion]
    if len(maps) == 2 and maps[0] is not None and maps[1] is not None:
        correlation = rank_correlation(maps[0].map, maps[1].map)
        if correlation is not None:
            st.caption(
                f"Rank correlation of the two maps, as the model saw the images: {correlation:.2f}."
            )
