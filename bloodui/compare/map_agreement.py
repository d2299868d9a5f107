"""How far the maps of two models agree: a picture of the difference, and two numbers a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
import streamlit as st

from bloodui.answers import Asked
from bloodui.inventory import names_of
from bloodui.render.overlay import DOUBTFUL_STRENGTH, is_doubtful
from bloodui.render.pictures import jpeg_address
from bloodui.render.text import unbroken
from bloodui.widgets.compared_maps import ComparedMaps
from bloodui.widgets.map_legend import check_of
from bloodui.widgets.tables import show_table
from models.agreement import OVERLAP_BY_CHANCE, maps_in_common, pairwise
from models.opinion import Opinion

_SHOWN_PX = 448


@dataclass(frozen=True, kw_only=True)
class Colours:
    """How a difference is drawn: where the first map is higher, where the second, how strongly."""

    first: tuple[int, int, int]
    second: tuple[int, int, int]
    strength: float


# Okabe and Ito's blue and orange, told apart with every colour-vision deficiency.
_COLOURS = Colours(first=(0, 114, 178), second=(213, 94, 0), strength=1.0)
# Of maps that are not to be believed: without colour and fainter, as these are.
_GREYS = Colours(first=(255, 255, 255), second=(0, 0, 0), strength=DOUBTFUL_STRENGTH)


def show_map_agreement(asked: Sequence[Asked], look: ComparedMaps) -> None:
    """Draw, folded, the difference of a pair of the maps that are drawn, and numbers for each.

    Outlines of cells are no maps: they are left out.
    """
    names = names_of([each.installed for each in asked])
    explained: dict[str, Opinion] = {}
    doubtful = set()
    for each in asked:
        if each.opinion is None or each.opinion.explanation is None:
            continue
        check = check_of(each.installed, each.opinion.explanation.method)
        if look.draws(each.installed) and not look.is_by_cells(each.installed):
            name = names[each.installed.manifest.id]
            explained[name] = each.opinion
            doubtful |= {name} if is_doubtful(check) else set()
    pairs = list(combinations(explained, 2))
    if not pairs:
        return
    with st.expander("How far the maps agree", key="map-agreement"):
        picture, numbers = st.columns([2, 3], gap="large")
        with picture:
            labels = {pair: f"{pair[0]} – {pair[1]}" for pair in pairs}
            pair = st.selectbox(
                "Pair", pairs, format_func=lambda each: labels[each], key="map-pair"
            )
            colours = _GREYS if doubtful & set(pair) else _COLOURS
            _show_difference(explained, pair, colours, look.opacity)
        with numbers:
            show_table(_rows(explained))
            st.caption(
                unbroken(
                    "Rank correlation (Spearman): 1 where both maps put all pixels in the same "
                    "order, 0 where they have nothing to do with one another. Overlap: pixels in "
                    "the highest tenth of both maps over those in either; chance gives "
                    f"{100 * OVERLAP_BY_CHANCE:.0f} %. Both on the part of the image that all "
                    "models saw. Maps that agree may be wrong together."
                )
            )


def difference_picture(
    first: Opinion, second: Opinion, opacity: float, colours: Colours
) -> np.ndarray | None:
    """The image in grey, in one colour where the first map is higher, in another where the second.

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
    colour = np.where(difference[..., np.newaxis] > 0, colours.first, colours.second)
    alpha = colours.strength * opacity * np.abs(difference)[..., np.newaxis]
    return np.asarray(np.rint(base * (1 - alpha) + colour * alpha), np.uint8)


def _show_difference(
    explained: Mapping[str, Opinion], pair: tuple[str, str], colours: Colours, opacity: float
) -> None:
    drawn = difference_picture(explained[pair[0]], explained[pair[1]], opacity, colours)
    if drawn is None:
        st.caption("The two models saw no part of the image in common.")
        return
    st.image(jpeg_address(drawn), alt=f"Difference of the maps of {pair[0]} and {pair[1]}")
    signs = "".join(
        f'<span><i style="background:rgb{rgb};border:1px solid currentColor"></i>'
        f"higher in the {which}</span>"
        for rgb, which in ((colours.first, "first"), (colours.second, "second"))
    )
    st.html(f'<div class="bloodui-bands">{signs}</div>')


def _rows(explained: Mapping[str, Opinion]) -> list[dict[str, str]]:
    maps = maps_in_common(list(explained.values()))
    blank = np.full((len(explained), len(explained)), np.nan)
    correlations, overlaps = pairwise(maps) if maps else (blank, blank)
    rows = []
    for (i, first), (j, second) in combinations(enumerate(explained), 2):
        correlation, overlap = float(correlations[i, j]), float(overlaps[i, j])
        rows.append(
            {
                "Pair": f"{first} – {second}",
                "Rank correlation": "–" if np.isnan(correlation) else f"{correlation:.2f}",
                "Overlap of the top tenth": "–" if np.isnan(overlap) else f"{100 * overlap:.0f} %",
            }
        )
    return rows
