"""Maps of several models: what is asked of all of them, and each drawn alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from bloodui.answers import Question
from bloodui.inventory import Installed
from bloodui.render.map_words import map_in_brief, map_in_words, whose_map, worth_in_words
from bloodui.render.overlay import blend, is_doubtful, place_map
from bloodui.render.pictures import enlarged, jpeg_address
from bloodui.render.text import PERCENT, as_markdown
from bloodui.widgets.map_legend import check_of
from models.answer.saliency import SALIENCY_METHODS
from models.bundle.card import SaliencyCheck
from models.image.scale import shrunk
from models.opinion import Opinion

MAP_PX = 384
_FIRST, _OWN = "Each model's first class", "Each model's own"


@dataclass(frozen=True, kw_only=True)
class ComparedMaps:
    """What is asked of every model, and how its map is drawn: opacity 0–1 at the peak.

    Attributes:
        with_doubtful: Whether maps that are not to be believed are drawn, too.
    """

    question: Question
    opacity: float
    contour: bool
    with_doubtful: bool

    def method_of(self, installed: Installed) -> str:
        """Of a model's map."""
        return self.question.method or installed.manifest.saliency_method

    def draws(self, installed: Installed) -> bool:
        """Whether a model's map is drawn: where it may be believed, or all are asked for."""
        return self.with_doubtful or not is_doubtful(check_of(installed, self.method_of(installed)))


def compared_maps_form(
    models: Sequence[Installed], question: Question, *, key: str
) -> ComparedMaps:
    """Ask for the class, the method and one look for all maps.

    Args:
        models: Whose classes are offered.
        question: What is asked of every model otherwise.
        key: Tells this form from others.
    """
    names = list(dict.fromkeys(name for each in models for name in each.manifest.classes))
    with_doubtful = st.toggle(
        "Draw maps that are not to be believed, too",
        key=f"{key}-doubtful",
        help="Those whose method failed its check on the model, or never had one: in grey, and "
        "faint.",
    )
    with st.expander("Which maps, and how they are drawn", key=f"{key}-settings"):
        classes, methods, look = st.columns([2, 2, 3])
        class_name = classes.selectbox("Map for the class", [_FIRST, *names], key=f"{key}-class")
        method = methods.selectbox(
            "Method",
            [_OWN, *SALIENCY_METHODS],
            format_func=lambda name: SALIENCY_METHODS.get(name, name),
            key=f"{key}-method",
        )
        opacity_percent = look.slider(
            "Opacity of all maps", 0, 100, 60, step=5, format=PERCENT, key=f"{key}-opacity"
        )
        contour = look.toggle("Contours at half of the peak", value=True, key=f"{key}-contour")
    return ComparedMaps(
        question=replace(
            question,
            class_name="" if class_name == _FIRST else class_name,
            method="" if method == _OWN else method,
        ),
        opacity=opacity_percent / 100,
        contour=contour,
        with_doubtful=with_doubtful,
    )


def show_small_map(
    opinion: Opinion, installed: Installed, look: ComparedMaps, *, name: str, when: str = ""
) -> None:
    """Draw the image with its map, and under it whose that is and whether it may be believed.

    Args:
        opinion: One with a map.
        installed: The model that gave it.
        name: Of the model on the page.
        when: "before" or "after", where an image is compared with itself.
    """
    explanation = opinion.explanation
    if explanation is None:
        return
    check = check_of(installed, explanation.method)
    st.image(
        jpeg_address(map_picture(opinion, look, check)),
        alt=f"{name}: map {when}" if when else f"{name}: saliency map",
        width="stretch",
    )
    about = f"**{as_markdown(name)}**" + (f", {when}" if when else "")
    whose = as_markdown(f"{explanation.class_name} {whose_map(opinion)}")
    worth = as_markdown(map_in_brief(check, explanation.method))
    st.caption(f"{about}: map for {whose}.  \n{worth}")


def show_without_maps(models: Sequence[tuple[str, Installed]], look: ComparedMaps) -> None:
    """Say in a line for each reason of which models no map is drawn, and why.

    Args:
        models: All, each with its name on the page.
    """
    reasons: dict[str, list[str]] = {}
    for name, installed in models:
        if not look.draws(installed):
            method = look.method_of(installed)
            words = map_in_brief(check_of(installed, method), method)
            reasons.setdefault(words, []).append(f"**{as_markdown(name)}**")
    for words, names in reasons.items():
        st.markdown(
            f":material/visibility_off: {as_markdown(words)} No map is drawn of {', '.join(names)}."
        )


def show_why_maps(asked: Sequence[tuple[str, Installed, Opinion | None]], *, key: str) -> None:
    """Draw, folded, where each model's map lies and how its method was checked.

    Args:
        asked: Each model's name on the page, the model, and what it said.
        key: Of the expander.
    """
    with st.expander("Why, and what the maps show", key=key):
        for name, installed, opinion in asked:
            explanation = opinion.explanation if opinion else None
            if explanation is None:
                continue
            words = [
                *map_in_words(explanation, explanation),
                *worth_in_words(check_of(installed, explanation.method), explanation.method),
            ]
            st.markdown(f"**{as_markdown(name)}:** {as_markdown(' '.join(words))}")


def map_picture(opinion: Opinion, look: ComparedMaps, check: SaliencyCheck | None) -> np.ndarray:
    """The image, at most 384 px, with the opinion's map over it, as (H, W, 3) uint8.

    Args:
        check: Of the map's method on its model.
    """
    rgb = opinion.micrograph.rgb
    base = enlarged(shrunk(rgb, MAP_PX), MAP_PX)
    if opinion.explanation is None or opinion.explanation.raw_peak <= 0:
        return base
    scale = base.shape[1] / rgb.shape[1]
    values, region = opinion.pictures[-1].on_original(opinion.explanation.map)
    left, top, right, bottom = (edge * scale for edge in region)
    placed = place_map(
        values,
        (left, top, right, bottom),
        width_px=base.shape[1],
        height_px=base.shape[0],
        check=check,
        drawn_px=MAP_PX // 2,
    )
    return blend(base, placed, opacity=look.opacity, contour=look.contour)
