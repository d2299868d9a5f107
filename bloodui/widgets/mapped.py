"""A picture, large, with the map of a model's evidence over it, its controls and its worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bloodui import answers
from bloodui.answers import Question
from bloodui.inventory import Installed
from bloodui.render.evidence_words import BY_CELLS, TITLE, evidence_in_brief, evidence_in_words
from bloodui.render.map_words import strength, whose_map
from bloodui.render.outlines import marks_of
from bloodui.render.overlay import is_doubtful, place_map
from bloodui.render.text import PERCENT, as_markdown
from bloodui.widgets import messages
from bloodui.widgets.map_legend import (
    check_of,
    evidence_check_of,
    show_evidence_scale,
    show_scale,
    show_switch,
    show_switch_of,
    show_why,
    show_why_evidence,
)
from bloodui.widgets.viewer import Look, Picture, show_viewer
from models.answer.saliency import SALIENCY_METHODS
from models.bundle.manifest import Manifest
from models.cells.evidence import Evidence
from models.errors import BlooduiError
from models.opinion import Opinion

_PLAIN = Look(opacity=0.0, contour=False, zoomed=False)
_SLOW = frozenset({"scorecam", "smoothgrad"})


@dataclass(frozen=True, kw_only=True)
class MapRequest:
    """Which map is asked for, and how it is drawn."""

    question: Question
    method: str
    look: Look


@dataclass(frozen=True, kw_only=True, eq=False)
class Mapped:
    """What the page shows of a picture's map, for a report to show the same.

    Attributes:
        opinion: With the map that was asked for.
        look: How it is drawn.
        is_shown: Whether it is.
        evidence: By cells, where that was chosen instead of a map.
    """

    opinion: Opinion
    look: Look
    is_shown: bool
    evidence: Evidence | None = None


def show_mapped(label: str, opinion: Opinion, installed: Installed) -> Mapped:
    """Draw the picture over its controls; a map that is not to be believed only when asked for.

    Args:
        label: What the picture is called, for who cannot see it.
        opinion: Its own, with the map of the first class where there is one.
        installed: The model that gave it.
    """
    rgb = opinion.micrograph.rgb
    picture = Picture(label=label, rgb=rgb, um_per_px=opinion.micrograph.um_per_px)
    revision = opinion.micrograph.sha256
    place = st.container()
    if opinion.prediction is None or opinion.explanation is None:
        with place:
            show_viewer(picture, None, _PLAIN, key=revision)
        return Mapped(opinion=opinion, look=_PLAIN, is_shown=False)
    verdict = st.container(gap=None)
    default = _default_method(opinion, installed)
    request = _map_form(opinion.manifest, opinion.prediction.top_class, default)
    if request.method == BY_CELLS:
        evidence = _evidence(opinion, installed, request.question.class_name)
        if evidence is not None:
            return _show_evidence(opinion, picture, evidence, request.look, (place, verdict))
    # where evidence by cells cannot be had, the model's own map stands in for it
    own = opinion.manifest.saliency_method
    method = own if request.method == BY_CELLS else request.method
    with verdict:
        is_shown = show_switch("Map", check_of(installed, method), method, key="map_shown")
    shown = _asked(opinion, installed, request)
    explanation = shown.explanation or opinion.explanation
    check = check_of(installed, explanation.method)
    relative = strength(explanation, opinion.explanation)
    look = replace(request.look, opacity=request.look.opacity * relative)
    placed = None
    if is_shown and explanation.raw_peak > 0:
        placed = place_map(
            *shown.pictures[-1].on_original(explanation.map),
            width_px=rgb.shape[1],
            height_px=rgb.shape[0],
            check=check,
        )
    with place:
        show_viewer(picture, placed, look, key=revision)
    if is_shown:
        with verdict:
            st.caption(f"Map for {as_markdown(f'{explanation.class_name} {whose_map(opinion)}')}.")
            show_scale(check)
    show_why(explanation, opinion.explanation, check, key="map-why")
    return Mapped(opinion=shown, look=look, is_shown=is_shown)


def _show_evidence(
    opinion: Opinion,
    picture: Picture,
    evidence: Evidence,
    look: Look,
    places: tuple[DeltaGenerator, DeltaGenerator],
) -> Mapped:
    """Draw the picture with outlines and, in the second place, what they say."""
    place, verdict = places
    check = evidence.check
    with verdict:
        is_shown = show_switch_of(
            "Map", evidence_in_brief(check), doubtful=is_doubtful(check), key="map_shown"
        )
    look = replace(look, opacity=min(1.0, 2 * look.opacity))  # outlines hide nothing
    with place:
        marks = marks_of(evidence) if is_shown else ()
        show_viewer(picture, None, look, key=opinion.micrograph.sha256, marks=marks)
    if is_shown:
        with verdict:
            st.markdown(" ".join(as_markdown(part) for part in evidence_in_words(evidence)))
            show_evidence_scale(check)
    show_why_evidence(evidence, key="map-why")
    return Mapped(opinion=opinion, look=look, is_shown=is_shown, evidence=evidence)


def _default_method(opinion: Opinion, installed: Installed) -> str:
    """Evidence by cells where it passed its check on the model, on pictures of this kind."""
    own = opinion.manifest.saliency_method
    if is_doubtful(evidence_check_of(installed)):
        return own
    evidence = _evidence(opinion, installed, "")
    return BY_CELLS if evidence is not None and not is_doubtful(evidence.check) else own


def _evidence(opinion: Opinion, installed: Installed, class_name: str) -> Evidence | None:
    """Evidence by cells; None where it cannot be had, which is said."""
    try:
        with st.spinner("Taking the cells away, one after the other."):
            return answers.evidence(opinion, installed, class_name)
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return None


def _map_form(manifest: Manifest, top_class: int, default: str) -> MapRequest:
    """Ask, folded, for the class, the method, and the look of the map.

    Args:
        default: The method that is chosen at first.
    """
    with st.expander("Which map, and how it is drawn", key="map-settings"):
        classes, methods = st.columns(2)
        ranking = [top_class, *(i for i in range(len(manifest.classes)) if i != top_class)]
        class_index = classes.selectbox(
            "Map for the class",
            ranking,
            format_func=lambda index: (
                manifest.classes[index] + (" (first)" if index == top_class else "")
            ),
            key=f"map_class:{manifest.id}:{top_class}",
        )
        own = manifest.saliency_method
        names = sorted(
            (BY_CELLS, *SALIENCY_METHODS), key=lambda name: (name != default, name != own)
        )
        titles = {BY_CELLS: TITLE, **SALIENCY_METHODS}
        method = methods.selectbox(
            "Method",
            names,
            format_func=lambda name: titles[name] + (", slow" if name in _SLOW else ""),
            key=f"map_method:{manifest.id}:{default}",
        )
        opacity_percent = st.slider(
            "Opacity of the map", 0, 100, 50, step=5, format=PERCENT, key="map_opacity"
        )
        with st.container(horizontal=True, gap="medium"):
            contour = st.toggle(
                "Contour at half of the peak",
                value=True,
                key="map_contour",
                disabled=method == BY_CELLS,
            )
            zoomed = st.toggle("Zoom to the peak", key="map_zoomed")
    return MapRequest(
        question=Question(
            class_name="" if class_index == top_class else manifest.classes[class_index],
            method="" if method in (own, BY_CELLS) else method,
            despite_domain=True,
        ),
        method=method,
        look=Look(opacity=opacity_percent / 100, contour=contour, zoomed=zoomed),
    )


def _asked(opinion: Opinion, installed: Installed, request: MapRequest) -> Opinion:
    """The opinion with the map that is asked for; the given one where none can be made."""
    if not request.question.class_name and not request.question.method:
        return opinion
    try:
        with st.spinner("Making the map. Some methods take several seconds."):
            return answers.opinion(opinion.micrograph, installed, request.question)
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return opinion
