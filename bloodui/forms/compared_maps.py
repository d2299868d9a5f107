"""Widgets for the maps of several models → what is asked of all of them, and how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from bloodui.compare_session import Question
from bloodui.session import Installed
from models.saliency import SALIENCY_METHODS

_FIRST, _OWN = "Each model's first class", "Each model's own"


@dataclass(frozen=True, kw_only=True)
class ComparedMaps:
    """What is asked of every model, and how its map is drawn: opacity 0–1 at the peak."""

    question: Question
    opacity: float
    contour: bool


def compared_maps_form(models: Sequence[Installed], *, key: str, is_drawn: bool) -> ComparedMaps:
    """Ask for the class, the method and one opacity for all maps.

    Args:
        models: Whose classes are offered.
        key: Tells this form from others.
        is_drawn: Whether the image is drawn, so that no model knows its kind.
    """
    names = list(dict.fromkeys(name for each in models for name in each.manifest.classes))
    classes, methods, look = st.columns([2, 2, 3])
    class_name = classes.selectbox("Map for the class", [_FIRST, *names], key=f"{key}-class")
    method = methods.selectbox(
        "Method",
        [_OWN, *SALIENCY_METHODS],
        format_func=lambda name: SALIENCY_METHODS.get(name, name),
        key=f"{key}-method",
    )
    opacity_percent = look.slider(
        "Opacity of all maps", 0, 100, 60, step=5, format="%d %%", key=f"{key}-opacity"
    )
    despite = classes.toggle(
        "Answers outside a model's domain, too",
        value=is_drawn,
        key=f"{key}-despite-{is_drawn}",
        help="A model's answer on an image of a kind that it never saw is no evidence.",
    )
    contour = look.toggle("Contours at half of the peak", value=True, key=f"{key}-contour")
    return ComparedMaps(
        question=Question(
            class_name="" if class_name == _FIRST else class_name,
            method="" if method == _OWN else method,
            despite_domain=despite,
        ),
        opacity=opacity_percent / 100,
        contour=contour,
    )
