"""How every model's answer and map move when the image gets worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from bloodui import answers
from bloodui.answers import Asked, Question, ask
from bloodui.images import SessionImage
from bloodui.inventory import Installed, names_of
from bloodui.render.bullet import limits_in_words, number
from bloodui.render.pictures import enlarged, picture_address
from bloodui.render.text import as_markdown
from bloodui.what_if.brush import show_brush
from bloodui.what_if.degradation_form import (
    degradation_form,
    in_words,
    is_nothing,
    times_undone,
)
from bloodui.widgets import messages
from bloodui.widgets.compared_maps import (
    ComparedMaps,
    compared_maps_form,
    show_small_map,
    show_why_maps,
    show_without_maps,
)
from bloodui.widgets.probability_grid import GridRow, show_grid
from drawn.smears import CAPTION
from models.agreement import rank_correlation
from models.answer.prediction import Prediction
from models.image.degradation import degrade
from models.image.micrograph import Micrograph, micrograph_from_rgb
from models.image.scale import shrunk

_SHOWN_PX = 448


@st.fragment
def show_what_if(image: SessionImage, models: tuple[Installed, ...]) -> None:
    """Draw the image before and after, and what each model says of both."""
    before = image.micrograph
    if before is None:
        return
    verdict = st.container(key="verdict")
    picture, after_place, sliders = st.columns([3, 3, 4], gap="medium")
    with picture, st.container(key="what-if-before"):
        brushed = show_brush(before.rgb, key=f"{image.key}-{times_undone()}")
        drawn = f" · {CAPTION}" if image.is_drawn else ""
        st.markdown(f"**As received**{drawn}")
        st.caption("Draw a rectangle to cover it.")
    with sliders:
        degradation = degradation_form(models[0].manifest.modality, brushed=brushed)
    after = micrograph_from_rgb(degrade(before.rgb, degradation), um_per_px=before.um_per_px)
    done = in_words(degradation)
    with after_place, st.container(key="what-if-after"):
        st.image(
            picture_address(enlarged(shrunk(after.rgb, _SHOWN_PX), _SHOWN_PX)),
            alt=f"The image after: {done}",
            width="stretch",
        )
        st.markdown(f"**After: {as_markdown(done)}**")
    answers.keep_only((before, after))
    st.subheader("What each model says, before and after")
    anyway = st.toggle(
        "Answer all the same, beyond a model's limits",
        value=answers.is_insisted(image) and not image.is_drawn,
        key=f"what-if-anyway-{image.key}",
        help="Of images that are not good enough, or unlike what a model learned from, it gives "
        "its answer, too, which means little. Drawn images never are of its kind.",
    )
    grid = st.container()
    st.subheader("Where each model looked")
    question = Question(despite_domain=anyway or image.is_drawn, despite_quality=anyway)
    look = compared_maps_form(models, question, key="what-if-maps")
    with st.spinner("Asking the models"):
        pairs = [
            (ask(before, each, look.asks(each)), ask(after, each, _same_class(before, each, look)))
            for each in models
        ]
    names = names_of(models)
    named = [(names[each.manifest.id], pair) for each, pair in zip(models, pairs, strict=True)]
    with verdict:
        if is_nothing(degradation):
            st.markdown("Nothing is done to the image yet: move a slider, or draw a rectangle.")
        else:
            st.markdown("\n".join(f"- {words}" for words in moves_in_words(named)))
    with grid:
        show_grid([row for name, pair in named for row in _rows(name, *pair)])
    show_without_maps([(name, pair[0].installed) for name, pair in named], look)
    drawn_of = [(name, pair) for name, pair in named if look.draws(pair[0].installed)]
    for start in range(0, len(drawn_of), 2):
        columns = st.columns(2, gap="medium")
        for column, (name, pair) in zip(columns, drawn_of[start : start + 2], strict=False):
            with column:
                _show_maps(name, *pair, look)
    show_why_maps(
        [(name, pair[0].installed, pair[0].opinion) for name, pair in named],
        look,
        key="what-if-why",
    )


def _same_class(before: Micrograph, model: Installed, look: ComparedMaps) -> Question:
    """The question about the worse image: the map of the class that came first before."""
    question = look.asks(model)
    if question.class_name or not question.is_explained:
        return question
    opinion = ask(before, model, question).opinion
    name = ""
    if opinion is not None and opinion.prediction is not None:
        name = opinion.prediction.classes[opinion.prediction.top_class]
    return replace(question, class_name=name)


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


def moves_in_words(named: Sequence[tuple[str, tuple[Asked, Asked]]]) -> list[str]:
    """How the answers of models moved, as Markdown: those of which the same is said stand together.

    Args:
        named: Each model's name on the page, and what it said before and after.
    """
    said: dict[str, list[str]] = {}
    for name, (before, after) in named:
        said.setdefault(_moved(before, after), []).append(f"**{as_markdown(name)}**")
    return [f"{', '.join(names)}: {words}" for words, names in said.items()]


def _moved(before: Asked, after: Asked) -> str:
    """How an answer moved, or which limit stands in its way."""
    first, second = (_prediction(asked) for asked in (before, after))
    if first is None:
        return _refused_in_words(before, "both images" if second is None else "the first image")
    if second is None:
        return _refused_in_words(after, "it now")
    name = first.classes[first.top_class]
    new = second.classes[second.top_class]
    moved = 100 * (second.probabilities[first.top_class] - first.probabilities[first.top_class])
    changed = (
        f"still {as_markdown(name)} first"
        if new == name
        else f"now **{as_markdown(new)}** first instead of {as_markdown(name)}"
    )
    return f"{changed}; {as_markdown(name)} moved by {moved:+.1f} points."


def _refused_in_words(asked: Asked, refused: str) -> str:
    """Which limit of the model an image fails, as Markdown: "declined it now, focus 1.2 …"."""
    opinion = asked.opinion
    if opinion is None:
        return f"failed on {refused}."
    if opinion.quality.failed:
        limits = "; ".join(
            f"{each.name} {number(each.value)} {each.unit}".strip() + f", {limits_in_words(each)}"
            for each in opinion.quality.failed
        )
        sentences = " ".join(each.sentence for each in opinion.quality.failed)
        return f"declined {refused}, {as_markdown(f'{limits}. {sentences}')}"
    if opinion.domain is None:
        return f"declined {refused}. {as_markdown(opinion.reason)}"
    verb = "are" if refused == "both images" else "is"
    return f"{refused} {verb} outside the domain. {as_markdown(opinion.domain.measured)}"


def _prediction(asked: Asked) -> Prediction | None:
    return asked.opinion.prediction if asked.opinion else None


def _show_maps(name: str, before: Asked, after: Asked, look: ComparedMaps) -> None:
    first = _prediction(before)
    of = first.classes[first.top_class] if first and not look.question.class_name else ""
    columns = st.columns(2)
    for column, (when, asked) in zip(columns, (("before", before), ("after", after)), strict=True):
        with column:
            if asked.opinion is None or asked.opinion.prediction is None:
                st.caption(f"**{as_markdown(name)}**, {when}: no answer, and no map.")
                continue
            show_small_map(
                asked.opinion, asked.installed, look, name=name, when=when, class_name=of
            )
    if look.is_by_cells(before.installed):
        return
    maps = [each.opinion.explanation for each in (before, after) if each.opinion]
    if len(maps) == 2 and maps[0] is not None and maps[1] is not None:
        correlation = rank_correlation(maps[0].map, maps[1].map)
        if correlation is not None:
            st.caption(
                f"Rank correlation of the two maps, as the model saw the images: {correlation:.2f}."
            )
