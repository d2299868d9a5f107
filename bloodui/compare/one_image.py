"""Models side by side on one image: answers, maps and facts, drawn as each arrives."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui import answers, session
from bloodui.answers import Asked, Question, ask, is_answered
from bloodui.compare.map_agreement import show_map_agreement
from bloodui.compare.set_answers import points
from bloodui.images import SessionImage
from bloodui.inventory import Installed, names_of
from bloodui.render.card_words import rate_in_words
from bloodui.render.pictures import enlarged, jpeg_address
from bloodui.render.text import as_markdown, unbroken
from bloodui.widgets import messages
from bloodui.widgets.compared_maps import (
    MAP_PX,
    ComparedMaps,
    compared_maps_form,
    show_small_map,
    show_why_maps,
    show_without_maps,
)
from bloodui.widgets.probability_grid import NOTE, GridRow, grid_html
from bloodui.widgets.tables import show_table
from drawn.smears import CAPTION
from models.agreement import disagreement
from models.answer.prediction import Prediction
from models.bundle.card import Card
from models.errors import BlooduiError
from models.image.scale import shrunk

_COLUMNS = 3
_FEW_ANSWER = ("None of them answers", "Only one of them answers")
"""Of models that agree."""


@st.fragment
def show_compared(image: SessionImage, models: tuple[Installed, ...]) -> None:
    """Draw every model's answer and map on one image; a change of the look draws this alone."""
    micrograph = image.micrograph
    if micrograph is None:
        return
    drawn = f" · {CAPTION}" if image.is_drawn else ""
    st.subheader(f"{image.label}{drawn}")
    verdict = st.container(key="verdict")
    grid = st.empty()
    despite = st.toggle(
        "Answers outside a model's domain, too",
        value=answers.is_insisted(image),
        key=f"compared-despite-{answers.is_insisted(image)}",
        help="A model's answer on an image of a kind that it never saw is no evidence.",
    )
    st.subheader("Where each model looked")
    look = compared_maps_form(models, Question(despite_domain=despite), key="compared")
    names = names_of(models)
    show_without_maps([(names[each.manifest.id], each) for each in models], look)
    drawn_of = [each for each in models if look.draws(each)]
    whole, *cells = _cells(len(drawn_of) + 1)
    places = {each.manifest.id: cell for each, cell in zip(drawn_of, cells, strict=True)}
    with whole.container():
        st.image(
            jpeg_address(enlarged(shrunk(micrograph.rgb, MAP_PX), MAP_PX)),
            alt=f"{image.label}, as received",
            width="stretch",
        )
        st.caption("As received")
    asked: list[Asked] = []
    is_new = any(not is_answered(micrograph, each, look.asks(each)) for each in models)
    said = verdict.empty() if is_new else verdict
    for number, installed in enumerate(models):
        grid.html(grid_html(_rows(models, asked, look)))
        name, place = names[installed.manifest.id], places.get(installed.manifest.id)
        if not is_answered(micrograph, installed, look.asks(installed)):
            words = answers.loading_in_words(installed) or "Asking the model"
            said.progress(number / len(models), f"{as_markdown(name)}: {words} …")
            if place is not None:
                place.caption(f"{as_markdown(name)} is at work …")
        asked.append(ask(micrograph, installed, look.asks(installed)))
        if place is not None:
            with place.container():
                _show_map(name, asked[-1], look)
    grid.html(grid_html(_rows(models, asked, look)))
    with said.container():
        show_verdict(asked)
    show_why_maps(
        [(names[each.installed.manifest.id], each.installed, each.opinion) for each in asked],
        look,
        key="compared-why",
    )
    show_map_agreement(asked, look)
    with st.expander("What each model is, and what the signs mean", key="compared-facts"):
        st.caption(unbroken(f"{NOTE} Points apart: total variation distance, in per cent."))
        show_facts(asked)


def show_verdict(asked: Sequence[Asked]) -> None:
    """Say in a line where the models agree, for those that share their classes."""
    groups = _by_classes(asked)
    names = names_of([each.installed for each in asked])
    strangers = {
        names[each.installed.manifest.id]
        for each in asked
        if each.opinion is not None and each.opinion.is_outside
    }
    for classes, predictions in groups.items():
        if len(predictions) < 2:
            continue
        firsts = {name: each.classes[each.top_class] for name, each in predictions.items()}
        apart = disagreement([each.probabilities for each in predictions.values()])
        words = f"They lie {points(apart)} apart on average."
        outside = [name for name in predictions if name in strangers]
        if outside:
            who = "all of them" if len(outside) == len(predictions) else ", ".join(outside)
            words += f" The image is outside the domain of {as_markdown(who)}: that means little."
        among = f"Among {', '.join(map(as_markdown, classes))}: " if len(groups) > 1 else ""
        if len(set(firsts.values())) == 1:
            first = as_markdown(next(iter(firsts.values())))
            agree = f"all {len(firsts)}" if among else f"All {len(firsts)}"
            sure = sum(each.decision == "answered" for each in predictions.values())
            if sure < 2 and not outside:
                words += f" {_FEW_ANSWER[sure]}: that they agree proves little."
            show = st.warning if outside else st.success if sure > 1 else st.info
            show(f"{among}{agree} put **{first}** first. {words}")
        else:
            said: dict[str, list[str]] = {}
            for name, first in firsts.items():
                said.setdefault(first, []).append(as_markdown(name))
            each_says = "; ".join(
                f"**{as_markdown(first)}** by {', '.join(names)}" for first, names in said.items()
            )
            they = "they disagree" if among else "They disagree"
            st.warning(f"{among}{they}. First is {each_says}. {words}")


def _by_classes(asked: Sequence[Asked]) -> dict[tuple[str, ...], dict[str, Prediction]]:
    """What the models that share their classes answered, by the model's name on the page."""
    names = names_of([each.installed for each in asked])
    groups: dict[tuple[str, ...], dict[str, Prediction]] = {}
    for each in asked:
        if each.opinion is not None and each.opinion.prediction is not None:
            group = groups.setdefault(each.installed.manifest.classes, {})
            group[names[each.installed.manifest.id]] = each.opinion.prediction
    return groups


def _rows(models: Sequence[Installed], asked: Sequence[Asked], look: ComparedMaps) -> list[GridRow]:
    names = names_of(models)
    waiting = [None] * (len(models) - len(asked))
    return [
        GridRow(
            title=names[installed.manifest.id],
            note=_time_in_words(each, look) if each else "at work …",
            classes=installed.manifest.classes,
            opinion=each.opinion if each else None,
            problem=messages.message_for(each.error).happened if each and each.error else "",
        )
        for installed, each in zip(models, [*asked, *waiting], strict=True)
    ]


def _time_in_words(asked: Asked, look: ComparedMaps) -> str:
    """How long an answer took: with its map, or without evidence by cells."""
    words = f"{1000 * asked.elapsed_s:.0f} ms"
    if not look.is_by_cells(asked.installed):
        words += " with its map"
    return f"{words}, the first time" if asked.is_first else words


def _cells(n_cells: int) -> list[st.delta_generator.DeltaGenerator]:
    """An empty place for the image and for each model's map, in rows of three."""
    cells: list[st.delta_generator.DeltaGenerator] = []
    for start in range(0, n_cells, _COLUMNS):
        row = st.columns(_COLUMNS)
        cells += [column.empty() for column in row[: n_cells - start]]
    return cells


def _show_map(name: str, asked: Asked, look: ComparedMaps) -> None:
    if asked.error is not None:
        st.markdown(f"**{as_markdown(name)}**")
        messages.show(messages.message_for(asked.error))
        return
    opinion = asked.opinion
    if opinion is None or opinion.prediction is None:
        why = "Declined" if opinion is None or opinion.domain is None else "Outside its domain"
        st.caption(f"**{as_markdown(name)}**: {why}: no map.")
        return
    show_small_map(opinion, asked.installed, look, name=name)


def show_facts(asked: Sequence[Asked]) -> None:
    """Draw a table with a row a model."""
    rows = []
    names = names_of([each.installed for each in asked])
    for each in asked:
        name = names[each.installed.manifest.id]
        try:
            rows.append({"Model": name} | _facts(each, session.card(each.installed)))
        except BlooduiError as error:
            messages.show(messages.message_for(error), about=name)
    show_table(rows)
    st.caption(
        unbroken(
            "Time: preparing and answering this image once, on this machine, with its map where "
            "that is no evidence by cells; the first answer of a model is slower. Accuracy with "
            "its 95 % interval, where groups (patients, "
            "cases or blocks) were kept apart. Models of one task may have been judged on other "
            "images."
        )
    )


def _facts(asked: Asked, card: Card) -> dict[str, str]:
    """A model's row without its name."""
    manifest = asked.installed.manifest
    evaluation = card.evaluation(split="grouped")
    sources = ", ".join(f"{source.name} ({source.n_images:,})" for source in card.sources)
    network = manifest.architecture
    if manifest.members:
        network = f"{len(manifest.members)} models together"
    return {
        "Network": network,
        "Input": f"{manifest.input_px} px",
        "Parameters": f"{manifest.parameters_millions:.1f} M",
        "Time": f"{1000 * asked.elapsed_s:.0f} ms" if asked.opinion else "–",
        "Learned from (images)": sources,
        "Accuracy, groups apart": (
            rate_in_words(evaluation.figure("accuracy")) if evaluation else "not measured"
        ),
    }
