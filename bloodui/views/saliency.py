"""What a saliency map is, how strong it is, and how far to believe it, in words."""

from __future__ import annotations

import streamlit as st

from bloodui.views.bullet import number
from bloodui.views.text import as_markdown
from models.saliency import SALIENCY_METHODS, Explanation


def strength(explanation: Explanation, strongest: Explanation) -> float:
    """How strong the map is beside that of the first class by the same method, 0 to 1.

    Both maps are scaled to 1 for drawing; a weak one is to be drawn weak. Without a map of
    the same method to compare it with, it counts as 1.
    """
    if explanation.method != strongest.method or strongest.raw_peak <= 0:
        return 1.0
    return min(1.0, explanation.raw_peak / strongest.raw_peak)


def map_in_words(explanation: Explanation, strongest: Explanation) -> tuple[str, ...]:
    """Sentences on the map: what it shows, where it lies, and how strong it is.

    Args:
        strongest: The map of the first class, with which the strength is compared.
    """
    name = explanation.class_name
    if explanation.raw_peak <= 0:
        return (f"Nothing in this image speaks for {name} by this method: the map is empty.",)
    sentences = [f"The map shows what spoke for {name}."]
    if explanation.share_on_cells is None:
        sentences.append("No stained cells were found to compare the map with.")
    else:
        share, area = round(100 * explanation.share_on_cells), round(100 * explanation.cell_area)
        sentences.append(
            f"{share} % of the map lies on stained cells, which cover {area} % of what the "
            "model saw."
        )
        if explanation.share_on_cells <= explanation.cell_area:
            sentences.append(
                "That is no more than chance: the model looked elsewhere than at the cells. Do "
                "not take this map for evidence from them."
            )
    sentences.append(f"Raw peak {number(explanation.raw_peak)}.")
    relative = strength(explanation, strongest)
    if relative < 1:
        sentences.append(
            f"That is {round(100 * relative)} % of the peak for {strongest.class_name}, and it "
            "is drawn that much weaker."
        )
    return tuple(sentences)


def show_map_words(explanation: Explanation, strongest: Explanation) -> None:
    """Draw the legend and the sentences on the map."""
    st.html(
        '<div class="bloodui-scale"><span>no evidence</span><span class="bar"></span>'
        "<span>most evidence</span></div>"
    )
    st.markdown(" ".join(as_markdown(part) for part in map_in_words(explanation, strongest)))
    st.caption(
        f"{as_markdown(SALIENCY_METHODS[explanation.method])}. A map tells what moved the model, "
        "not what is pathological. The raw peak is its strength before scaling: compare it between "
        "images of one model and method only."
    )
