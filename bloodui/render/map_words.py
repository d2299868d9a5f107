"""What a saliency map is, how strong it is, and how far to believe it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bloodui.render.bullet import number
from bloodui.render.overlay import is_doubtful
from models.answer.saliency import SALIENCY_METHODS, Explanation
from models.bundle.card import SaliencyCheck
from models.rate import percent

if TYPE_CHECKING:
    from models.opinion import Opinion


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


def map_in_brief(check: SaliencyCheck | None, method: str) -> str:
    """Whether the maps of a method may be believed on a model, in a line.

    Args:
        check: As in `worth_in_words`.
    """
    name = _name(method)
    if check is None:
        return f"{name} was never checked on this model: nothing says how far to believe its map."
    if is_doubtful(check):
        return f"{name} failed its check on this model: its map is not to be believed."
    return f"{name} passed its check on this model."


def whose_map(opinion: Opinion) -> str:
    """The model that a map is of, as an ensemble has none: "of X, the first of its members"."""
    if not opinion.members:
        return ""
    return f"of {opinion.members[0].manifest.title}, the first of its members"


def worth_in_words(check: SaliencyCheck | None, method: str) -> tuple[str, ...]:
    """Sentences on what a method's maps are worth on its model, as measured.

    Args:
        check: Of that method on that model; None where it was never checked.
    """
    name = _name(method)
    if check is None:
        return (f"{map_in_brief(check, method)} It is drawn in grey and faint.",)
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
            if not lead.is_above(0)
        ]
        if lost:
            doubts.append(f"does not clearly beat {rival} {' and '.join(lost)}")
    if not check.follows_weights:
        doubts.append("hardly changes when the model's weights are drawn anew")
    faults = "; it ".join(doubts)
    return f"{name} {faults}. Its maps are drawn in grey and faint, and are not to be believed."


def _name(method: str) -> str:
    """The method without what stands in brackets behind it."""
    return SALIENCY_METHODS.get(method, method).partition(" (")[0]  # a manifest may name any


def _whole(share: float) -> str:
    return f"{round(100 * share)} %"
