"""How far the maps of two models agree: a picture of the difference, and two numbers a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import cv2
import numpy as np
import streamlit as st

from bloodui.compare_session import Asked
from bloodui.inventory import names_of
from bloodui.views.pictures import jpeg_address
from bloodui.views.text import as_markdown
from models.agreement import OVERLAP_BY_CHANCE, maps_in_common, pairwise
from models.opinion import Opinion

# Okabe and Ito's blue and orange, told apart with every colour-vision deficiency.
_FIRST_RGB, _SECOND_RGB = (0, 114, 178), (213, 94, 0)
_SHOWN_PX = 448


def show_map_agreement(asked: Sequence[Asked], *, opacity: float) -> None:
    """Draw the difference of a pair of maps, and a row of numbers for every pair."""
    names = names_of([each.installed for each in asked])
    explained = {
        names[each.installed.manifest.id]: each.opinion
        for each in asked
        if each.opinion is not None and each.opinion.explanation is not None
    }
    pairs = list(combinations(explained, 2))
    if not pairs:
        return
    st.subheader("How far the maps agree")
    picture, numbers = st.columns([2, 3], gap="large")
    with picture:
        labels = {pair: f"{pair[0]} – {pair[1]}" for pair in pairs}
        pair = st.selectbox("Pair", pairs, format_func=lambda each: labels[each], key="map-pair")
        _show_difference(explained[pair[0]], explained[pair[1]], pair, opacity)
    with numbers:
        st.table(_rows(explained), border="horizontal")
        st.caption(
            "Rank correlation (Spearman): 1 where both maps put all pixels in the same order, 0 "
            "where they have nothing to do with one another. Overlap: pixels in the highest tenth "
            f"of both maps over those in either; chance gives {100 * OVERLAP_BY_CHANCE:.0f} %. "
            "Both on the part of the image that all models saw. Maps that agree may be wrong "
            "together."
        )


def difference_picture(first: Opinion, second: Opinion, opacity: float) -> np.ndarray | None:
    """The image in grey, blue where the first map is higher and orange where the second is.

    Returns:
        (H, W, 3) uint8 of the part that both models saw; None where there is none.
    """
    maps = maps_in_common((first, second))
    if maps is None:
        return None
    regions = [opinion.pictures[-1].region for opinion in (first, second)]
    rgb = first.micrograph.rgb
    left, top = (round(max(0.0, *(region[edge] for region in regions))) for edge in (0, 1))
    right = round(min(rgb.shape[1], *(region[2] for region in regions)))
    bottom = round(min(rgb.shape[0], *(region[3] for region in regions)))
    seen = rgb[top : max(bottom, top + 1), left : max(right, left + 1)]
    scale = _SHOWN_PX / max(seen.shape[:2])
    size = (max(1, round(seen.shape[1] * scale)), max(1, round(seen.shape[0] * scale)))
    grey = cv2.cvtColor(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    difference = cv2.resize(maps[0] - maps[1], size, interpolation=cv2.INTER_LINEAR)
    base = np.repeat(grey[..., np.newaxis], 3, axis=2).astype(np.float32)
    colour = np.where(difference[..., np.newaxis] > 0, _FIRST_RGB, _SECOND_RGB)
    alpha = opacity * np.abs(difference)[..., np.newaxis]
    return np.asarray(np.rint(base * (1 - alpha) + colour * alpha), np.uint8)


def _show_difference(
    first: Opinion, second: Opinion, pair: tuple[str, str], opacity: float
) -> None:
    drawn = difference_picture(first, second, opacity)
    if drawn is None:
        st.caption("The two models saw no part of the image in common.")
        return
    st.image(jpeg_address(drawn), alt=f"Difference of the maps of {pair[0]} and {pair[1]}")
    st.html(
        '<div class="bloodui-bands"><span><i style="background:#0072b2"></i>higher in the first'
        '</span><span><i style="background:#d55e00"></i>higher in the second</span></div>'
    )


def _rows(explained: Mapping[str, Opinion]) -> list[dict[str, str]]:
    maps = maps_in_common(list(explained.values()))
    blank = np.full((len(explained), len(explained)), np.nan)
    correlations, overlaps = pairwise(maps) if maps else (blank, blank)
    rows = []
    for (i, first), (j, second) in combinations(enumerate(explained), 2):
        correlation, overlap = float(correlations[i, j]), float(overlaps[i, j])
        rows.append(
            {
                "Pair": f"{as_markdown(first)} – {as_markdown(second)}",
                "Rank correlation": "–" if np.isnan(correlation) else f"{correlation:.2f}",
                "Overlap of the top tenth": "–" if np.isnan(overlap) else f"{100 * overlap:.0f} %",
            }
        )
    return rows
