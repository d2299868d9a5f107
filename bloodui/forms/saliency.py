"""Widgets for the saliency map → a typed request."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bloodui.views.viewer import Look
from models.manifest import Manifest
from models.saliency import SALIENCY_METHODS

_SLOW = frozenset({"scorecam", "smoothgrad"})


@dataclass(frozen=True, kw_only=True)
class MapRequest:
    """Which map is asked for, and how it is to be drawn.

    Attributes:
        class_index: The class that the map explains; None for the most probable one.
        method: Key of SALIENCY_METHODS; None for the model's own.
        is_slow: Whether making it takes seconds, so that a wait is to be announced.
    """

    class_index: int | None
    method: str | None
    is_slow: bool
    is_shown: bool
    look: Look


def map_form(manifest: Manifest, top_class: int) -> MapRequest:
    """Ask for the class, the method, and the look of the map."""
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
    names = sorted(SALIENCY_METHODS, key=lambda name: name != manifest.saliency_method)
    method = methods.selectbox(
        "Method",
        names,
        format_func=lambda name: SALIENCY_METHODS[name] + (", slow" if name in _SLOW else ""),
        key=f"map_method:{manifest.id}",
    )
    opacity_percent = st.slider(
        "Opacity of the map", 0, 100, 50, step=5, format="%d %%", key="map_opacity"
    )
    with st.container(horizontal=True, gap="medium"):
        is_shown = st.toggle("Map", value=True, key="map_shown")
        contour = st.toggle("Contour at half of the peak", value=True, key="map_contour")
        zoomed = st.toggle("Zoom to the peak", key="map_zoomed")
    is_default_class = class_index == top_class
    is_default_method = method == manifest.saliency_method
    return MapRequest(
        class_index=None if is_default_class else class_index,
        method=None if is_default_method else method,
        is_slow=method in _SLOW,
        is_shown=is_shown,
        look=Look(opacity=opacity_percent / 100, contour=contour, zoomed=zoomed),
    )
