"""What a saliency map is, how strong it is, and how far to believe it, in words."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.session import Installed
from bloodui.views.bullet import number
from bloodui.views.text import as_markdown
from models.card import SaliencyCheck
from models.errors import BlooduiError
from models.figure import percent
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


def check_of(installed: Installed, method: str) -> SaliencyCheck | None:
    """What was measured of a method on an installed model; None where nothing was.

    None also where the card cannot be read, which is said where the card is drawn.
    """
    try:
        return session.card(installed).saliency_check(method)
    except BlooduiError:
        return None


def has_failed(check: SaliencyCheck | None) -> bool:
    """Whether a method was checked on its model and failed: its maps are then drawn in grey."""
    return check is not None and not check.passes


def worth_in_words(check: SaliencyCheck | None, method: str) -> tuple[str, ...]:
    """Sentences on what a method's maps are worth on its model, as measured.

    Args:
        check: Of that method on that model; None where it was never checked.
    """
    name = SALIENCY_METHODS[method].partition(" (")[0]
    if check is None:
        return (
            f"{name} was never checked for this model: nothing measured says how far to believe "
            "this map.",
        )
    share, deletion = check.share, check.deletion
    sentences = [
        f"On {check.n} of this model's test images {name} puts {_whole(share.own.value)} of its "
        f"map on cells; a blob in the middle would put {_whole(share.gaussian)}, a random map "
        f"{_whole(share.random)}.",
        "Removing what it marks, tenth by tenth, leaves the class a mean probability of "
        f"{percent(deletion.own.value)}; removing what a blob in the middle marks, "
        f"{percent(deletion.gaussian)}; what a random map marks, {percent(deletion.random)}. Less "
        "is better.",
    ]
    if check.passes:
        sentences.append(
            "It clearly beats both in both, and its maps change when the model's weights do."
        )
    else:
        sentences.append(_doubt(check, name))
    return tuple(sentences)


def worth_in_brief(check: SaliencyCheck | None) -> str:
    """The same in a line for a small map, without a map's own share: "on cells: 81 %, …"."""
    if check is None:
        return "This method was never checked for this model."
    line = (
        f"This method on {check.n} test images: on cells {_whole(check.share.own.value)}, blob in "
        f"the middle {_whole(check.share.gaussian)}, random {_whole(check.share.random)}."
    )
    return f"{line} It fails its check: not to be believed." if has_failed(check) else line


def show_map_words(
    explanation: Explanation, strongest: Explanation, check: SaliencyCheck | None = None
) -> None:
    """Draw the legend and the sentences on the map.

    Args:
        strongest: As in `map_in_words`.
        check: Of the map's method on its model.
    """
    grey = ' style="filter:grayscale(1)"' if has_failed(check) else ""
    st.html(
        f'<div class="bloodui-scale"><span>no evidence</span><span class="bar"{grey}></span>'
        "<span>most evidence</span></div>"
    )
    st.markdown(" ".join(as_markdown(part) for part in map_in_words(explanation, strongest)))
    worth = worth_in_words(check, explanation.method)
    told = worth[:-1] if has_failed(check) else worth
    st.markdown(" ".join(as_markdown(part) for part in told))
    if has_failed(check):
        st.warning(as_markdown(worth[-1]), icon=":material/visibility_off:")
    st.caption(
        f"{as_markdown(SALIENCY_METHODS[explanation.method])}. A map tells what moved the model, "
        "not what is pathological. The raw peak is its strength before scaling: compare it between "
        "images of one model and method only."
    )


def _doubt(check: SaliencyCheck, name: str) -> str:
    """Why a method failed, and what follows."""
    doubts = []
    for rival, share, deletion in (
        (
            "a blob in the middle of the image",
            check.share.over_gaussian,
            check.deletion.over_gaussian,
        ),
        ("a random map", check.share.over_random, check.deletion.over_random),
    ):
        lost = [
            words
            for words, lead in (
                ("by its share on cells", share),
                ("by what its removal costs", deletion),
            )
            if lead.low <= 0
        ]
        if lost:
            doubts.append(f"does not clearly beat {rival} {' and '.join(lost)}")
    if not check.follows_weights:
        doubts.append("hardly changes when the model's weights are drawn anew")
    told = "; it ".join(doubts)
    return f"{name} {told}. This map is drawn in grey and is not to be believed."


def _whole(share: float) -> str:
    return f"{round(100 * share)} %"
