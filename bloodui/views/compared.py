"""Models side by side on one image: answers, maps and facts, drawn as each arrives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from bloodui.compare_session import Asked, ask, is_answered
from bloodui.forms.compared_maps import ComparedMaps, compared_maps_form
from bloodui.inventory import Installed, names_of
from bloodui.session import Received
from bloodui.views import messages
from bloodui.views.compared_facts import show_facts
from bloodui.views.map_agreement import show_map_agreement
from bloodui.views.overlay import blend, place_map
from bloodui.views.pictures import enlarged, jpeg_address, shrunk
from bloodui.views.probability_grid import NOTE, GridRow, grid_html
from bloodui.views.saliency import check_of, has_failed, worth_in_brief
from bloodui.views.text import as_markdown
from models.agreement import disagreement
from models.micrograph import Micrograph
from models.opinion import Opinion
from models.prediction import Prediction
from training.datasets.synthetic import CAPTION

_MAP_PX = 384
_COLUMNS = 3


@st.fragment
def show_compared(received: Received, models: tuple[Installed, ...]) -> None:
    """Draw every model's answer and map on one image; a change of the look draws this alone."""
    micrograph = received.micrograph
    if micrograph is None:
        return
    drawn = f" · {CAPTION}" if received.is_drawn else ""
    st.subheader(f"{received.label}{drawn}")
    grid = st.empty()
    verdict = st.container()
    st.subheader("Where each model looked")
    asked_for = compared_maps_form(models, key="compared", is_drawn=received.is_drawn)
    cells = _cells(models)
    names = names_of(models)
    asked: list[Asked] = []
    for number, installed in enumerate(models):
        grid.html(grid_html(_rows(models, asked)))
        if not is_answered(micrograph, installed, asked_for.question):
            name = names[installed.manifest.id]
            cells[number].caption(f"{as_markdown(name)} is at work …")
        asked.append(ask(micrograph, installed, asked_for.question))
        with cells[number].container():
            _show_map(names[installed.manifest.id], asked[-1], micrograph, asked_for)
    grid.html(grid_html(_rows(models, asked)))
    with verdict:
        st.caption(NOTE)
        show_verdict(asked)
    show_map_agreement(asked, opacity=asked_for.opacity)
    st.subheader("What each model is")
    show_facts(asked)


def show_verdict(asked: Sequence[Asked]) -> None:
    """Say in words where the models agree, for those that share their classes."""
    for classes, predictions in _by_classes(asked).items():
        if len(predictions) < 2:
            continue
        firsts = {name: each.classes[each.top_class] for name, each in predictions.items()}
        apart = disagreement([each.probabilities for each in predictions.values()])
        words = f"They lie {100 * apart:.0f} points apart on average (total variation distance)."
        among = f"Among {', '.join(map(as_markdown, classes))}: "
        if len(set(firsts.values())) == 1:
            first = as_markdown(next(iter(firsts.values())))
            st.success(f"{among}all {len(firsts)} put **{first}** first. {words}")
        else:
            each_says = "; ".join(
                f"{as_markdown(name)} says **{as_markdown(first)}**"
                for name, first in firsts.items()
            )
            st.warning(f"{among}they disagree. {each_says}. {words}")


def _by_classes(asked: Sequence[Asked]) -> dict[tuple[str, ...], dict[str, Prediction]]:
    """What the models that share their classes answered, by the model's name on the page."""
    names = names_of([each.installed for each in asked])
    groups: dict[tuple[str, ...], dict[str, Prediction]] = {}
    for each in asked:
        if each.opinion is not None and each.opinion.prediction is not None:
            group = groups.setdefault(each.installed.manifest.classes, {})
            group[names[each.installed.manifest.id]] = each.opinion.prediction
    return groups


def _rows(models: Sequence[Installed], asked: Sequence[Asked]) -> list[GridRow]:
    names = names_of(models)
    waiting = [None] * (len(models) - len(asked))
    return [
        GridRow(
            title=names[installed.manifest.id],
            note=f"{1000 * each.elapsed_s:.0f} ms with its map" if each else "at work …",
            classes=installed.manifest.classes,
            opinion=each.opinion if each else None,
            problem=messages.message_for(each.error).happened if each and each.error else "",
        )
        for installed, each in zip(models, [*asked, *waiting], strict=True)
    ]


def _cells(models: Sequence[Installed]) -> list[st.delta_generator.DeltaGenerator]:
    """An empty place for each model's map, in rows of three."""
    cells: list[st.delta_generator.DeltaGenerator] = []
    for start in range(0, len(models), _COLUMNS):
        row = st.columns(_COLUMNS)
        cells += [column.empty() for column in row[: len(models) - start]]
    return cells


def _show_map(name: str, asked: Asked, micrograph: Micrograph, look: ComparedMaps) -> None:
    if asked.error is not None:
        st.markdown(f"**{as_markdown(name)}**")
        messages.show(messages.message_for(asked.error))
        return
    opinion = asked.opinion
    if opinion is None or opinion.explanation is None:
        why = "Declined" if opinion is None or opinion.domain is None else "Outside its domain"
        st.markdown(f"**{as_markdown(name)}**  \n{why}: no map.")
        return
    explanation = opinion.explanation
    check = check_of(asked.installed, explanation.method)
    st.image(
        jpeg_address(map_picture(opinion, micrograph, look, is_grey=has_failed(check))),
        alt=f"{name}: saliency map",
        width="stretch",
    )
    share = explanation.share_on_cells
    on_cells = (
        f" On cells: {100 * share:.0f} %; an even map would have "
        f"{100 * explanation.cell_area:.0f} %."
        if share is not None
        else ""
    )
    st.caption(
        f"**{as_markdown(name)}**: map for {as_markdown(explanation.class_name)}.{on_cells}  \n"
        + as_markdown(worth_in_brief(check))
    )


def map_picture(
    opinion: Opinion, micrograph: Micrograph, look: ComparedMaps, *, is_grey: bool = False
) -> np.ndarray:
    """The image, at most 384 px, with the opinion's map over it, as (H, W, 3) uint8."""
    base = enlarged(shrunk(micrograph.rgb, _MAP_PX), _MAP_PX)
    if opinion.explanation is None or opinion.explanation.raw_peak <= 0:
        return base
    scale = base.shape[1] / micrograph.rgb.shape[1]
    left, top, right, bottom = (edge * scale for edge in opinion.pictures[-1].region)
    placed = place_map(
        opinion.explanation.map,
        (left, top, right, bottom),
        width_px=base.shape[1],
        height_px=base.shape[0],
        is_grey=is_grey,
        drawn_px=_MAP_PX // 2,
    )
    return blend(base, placed, opacity=look.opacity, contour=look.contour)
