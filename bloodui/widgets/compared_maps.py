"""Maps of several models: what is asked of all of them, and each drawn alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from bloodui import answers
from bloodui.answers import Question
from bloodui.inventory import Installed
from bloodui.render.evidence_words import (
    BY_CELLS,
    TITLE,
    evidence_in_brief,
    evidence_in_words,
    evidence_worth,
    reads_in_brief,
)
from bloodui.render.map_words import map_in_brief, map_in_words, whose_map, worth_in_words
from bloodui.render.outlines import OUTLINES_IN_WORDS, marks_of, outlined
from bloodui.render.overlay import blend, is_doubtful, place_map
from bloodui.render.pictures import enlarged, jpeg_address
from bloodui.render.text import PERCENT, as_markdown
from bloodui.widgets import messages
from bloodui.widgets.map_legend import check_of, evidence_check_of
from models.answer.saliency import SALIENCY_METHODS
from models.bundle.card import SaliencyCheck
from models.cells.evidence import Evidence
from models.errors import BlooduiError
from models.image.scale import shrunk
from models.opinion import Opinion

MAP_PX = 384
_FIRST, _OWN = "Each model's first class", "Each model's own"


@dataclass(frozen=True, kw_only=True)
class ComparedMaps:
    """What is asked of every model, and how its map is drawn: opacity 0–1 at the peak.

    Attributes:
        method: BY_CELLS or a key of SALIENCY_METHODS; "" for evidence by cells where that passed
            its check on a model, elsewhere for the model's own.
        with_doubtful: Whether maps that are not to be believed are drawn, too.
    """

    question: Question
    method: str
    opacity: float
    contour: bool
    with_doubtful: bool

    def method_of(self, installed: Installed) -> str:
        """Of a model's map."""
        if self.method:
            return self.method
        is_by_cells = not is_doubtful(evidence_check_of(installed))
        return BY_CELLS if is_by_cells else installed.manifest.saliency_method

    def asks(self, installed: Installed) -> Question:
        """What is asked of a model: for a map only where that is no evidence by cells."""
        if self.is_by_cells(installed):
            return replace(self.question, is_explained=False, class_name="", method="")
        return self.question

    def is_by_cells(self, installed: Installed) -> bool:
        """Whether a model's map is outlines of cells."""
        return self.method_of(installed) == BY_CELLS

    def draws(self, installed: Installed) -> bool:
        """Whether a model's map is drawn: where it may be believed, or all are asked for."""
        method = self.method_of(installed)
        check = evidence_check_of(installed) if method == BY_CELLS else check_of(installed, method)
        return self.with_doubtful or not is_doubtful(check)

    def worth(self, installed: Installed) -> str:
        """Whether a model's map may be believed, in a line."""
        method = self.method_of(installed)
        if method == BY_CELLS:
            return evidence_in_brief(evidence_check_of(installed))
        return map_in_brief(check_of(installed, method), method)


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
            [_OWN, BY_CELLS, *SALIENCY_METHODS],
            format_func=lambda name: {BY_CELLS: TITLE, **SALIENCY_METHODS}.get(name, name),
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
            method="" if method in (_OWN, BY_CELLS) else method,
        ),
        method="" if method == _OWN else method,
        opacity=opacity_percent / 100,
        contour=contour,
        with_doubtful=with_doubtful,
    )


def show_small_map(
    opinion: Opinion,
    installed: Installed,
    look: ComparedMaps,
    *,
    name: str,
    when: str = "",
    class_name: str = "",
) -> None:
    """Draw the image with its map, and under it whose that is and whether it may be believed.

    Args:
        opinion: With a prediction, and with a map where `look.asks` for one.
        installed: The model that gave it.
        name: Of the model on the page.
        when: "before" or "after", where an image is compared with itself.
        class_name: The class that is explained, where `look` asks for none.
    """
    about = f"**{as_markdown(name)}**" + (f", {when}" if when else "")
    try:
        with st.spinner("Taking the cells away, one after the other."):
            drawn = _drawn(opinion, installed, look, class_name)
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return
    explanation = drawn.opinion.explanation
    if not drawn.is_shown:
        st.caption(f"{about}: {as_markdown(drawn.worth)} No map is drawn.")
    elif drawn.evidence is not None:
        _show(
            evidence_picture(opinion, drawn.evidence, look),
            called=f"{name}: evidence by cells" + (f" {when}" if when else ""),
            caption=f"{about}: evidence for {as_markdown(drawn.evidence.class_name)}; "
            + ("grey" if is_doubtful(drawn.evidence.check) else OUTLINES_IN_WORDS),
            worth=drawn.worth,
        )
    elif explanation is not None:
        whose = as_markdown(f"{explanation.class_name} {whose_map(opinion)}")
        _show(
            map_picture(drawn.opinion, look, check_of(installed, explanation.method)),
            called=f"{name}: map {when}" if when else f"{name}: saliency map",
            caption=f"{about}: map for {whose}",
            worth=drawn.worth,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Drawn:
    """What is drawn of a model: evidence, else the map of its opinion.

    Attributes:
        worth: Whether that may be believed, in a line.
        is_shown: Whether it is drawn, or that line alone is said.
    """

    opinion: Opinion
    evidence: Evidence | None
    worth: str
    is_shown: bool


def _drawn(
    opinion: Opinion, installed: Installed, look: ComparedMaps, class_name: str = ""
) -> _Drawn:
    """What is drawn of an opinion with a prediction.

    Where evidence by cells was not chosen by hand, and may not be believed on pictures of this
    kind, the model's own map stands in for it.

    Raises:
        BlooduiError: Neither can be had.
    """
    class_name = look.question.class_name or class_name
    if look.is_by_cells(installed):
        evidence = answers.evidence(opinion, installed, _unless_first(opinion, class_name))
        doubtful = is_doubtful(evidence.check)
        if look.method or not doubtful:
            return _Drawn(
                opinion=opinion,
                evidence=evidence,
                worth=" ".join(
                    filter(None, (evidence_in_brief(evidence.check), reads_in_brief(evidence)))
                ),
                is_shown=look.with_doubtful or not doubtful,
            )
        question = replace(look.question, class_name=class_name)
        opinion = answers.opinion(opinion.micrograph, installed, question)
    method = look.question.method or installed.manifest.saliency_method
    check = check_of(installed, method)
    return _Drawn(
        opinion=opinion,
        evidence=None,
        worth=map_in_brief(check, method),
        is_shown=look.with_doubtful or not is_doubtful(check),
    )


def _unless_first(opinion: Opinion, class_name: str) -> str:
    """The class, "" for the opinion's first one or one that its model does not know."""
    prediction = opinion.prediction
    first = prediction.classes[prediction.top_class] if prediction is not None else ""
    return "" if class_name == first or class_name not in opinion.manifest.classes else class_name


def _show(picture: np.ndarray, *, called: str, caption: str, worth: str) -> None:
    """A picture with its name for who cannot see it, and two lines under it."""
    st.image(jpeg_address(picture), alt=called, width="stretch")
    st.caption(f"{caption}  \n{as_markdown(worth)}")


def show_without_maps(models: Sequence[tuple[str, Installed]], look: ComparedMaps) -> None:
    """Say in a line for each reason of which models no map is drawn, and why.

    Args:
        models: All, each with its name on the page.
    """
    reasons: dict[str, list[str]] = {}
    for name, installed in models:
        if not look.draws(installed):
            reasons.setdefault(look.worth(installed), []).append(f"**{as_markdown(name)}**")
    for words, names in reasons.items():
        st.markdown(
            f":material/visibility_off: {as_markdown(words)} No map is drawn of {', '.join(names)}."
        )


def show_why_maps(
    asked: Sequence[tuple[str, Installed, Opinion | None]], look: ComparedMaps, *, key: str
) -> None:
    """Draw, folded, why each model answers or does not, where its map lies, and how its method was
    checked.

    Args:
        asked: Each model's name on the page, the model, and what it said.
        key: Of the expander.
    """
    with st.expander("Why, and what the maps show", key=key):
        for name, installed, opinion in asked:
            if opinion is None:
                continue
            words = [opinion.reason, *_on_map(opinion, installed, look)]
            st.markdown(f"**{as_markdown(name)}:** {as_markdown(' '.join(words))}")


def _on_map(opinion: Opinion, installed: Installed, look: ComparedMaps) -> Sequence[str]:
    """Sentences on a model's map: where it lies, and how its method was checked."""
    if opinion.prediction is None:
        return ()
    try:
        drawn = _drawn(opinion, installed, look)
    except BlooduiError:  # said where the picture would stand
        return ()
    if not drawn.is_shown:
        return (drawn.worth,)
    if drawn.evidence is not None:
        return (*evidence_in_words(drawn.evidence), *evidence_worth(drawn.evidence.check))
    explanation = drawn.opinion.explanation
    if explanation is None:
        return ()
    return (
        *map_in_words(explanation, explanation),
        *worth_in_words(check_of(installed, explanation.method), explanation.method),
    )


def evidence_picture(opinion: Opinion, evidence: Evidence, look: ComparedMaps) -> np.ndarray:
    """The image, at most 384 px, with the cells' outlines over it, as (H, W, 3) uint8."""
    rgb = opinion.micrograph.rgb
    base = enlarged(shrunk(rgb, MAP_PX), MAP_PX)
    return outlined(
        base,
        marks_of(evidence),
        scale=base.shape[1] / rgb.shape[1],
        opacity=look.opacity**0.5,  # outlines hide little of the picture
    )


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
