"""Evidence by cells as outlines: the stronger a line, the more its part moved the answer.

Orange lines speak for the class, blue ones against it (Okabe and Ito's colours, told apart with
every colour-vision deficiency), on a white edge that stands out from any stain. Where the evidence
is not to be believed all are grey, thinner and faint, as doubtful maps are (`overlay.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodui.render.overlay import DOUBTFUL_STRENGTH, FAINT_RGB, is_doubtful
from models.cells.evidence import Evidence

FOR_RGB, AGAINST_RGB = (213, 94, 0), (0, 114, 178)
OUTLINES_IN_WORDS = "orange speaks for it, blue against it; the thicker, the more"
_WHITE = (255, 255, 255)
_LEAST_OPACITY = 0.15
_MOST_NUMBERED = 12
"""Of more cells those alone bear their number that carry the answer: numbers hide the picture."""
_MOST_LINE_PX = 5.0
_DOUBTFUL_LINE_PX = 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Mark:
    """A part of a picture as it is outlined.

    Attributes:
        lines: (N, 2) each, closed, in pixels of the original.
        strength: How far it moved the answer, beside the part that moved it most, 0 to 1.
        rgb: Colour of the line.
        label: "3" of a cell, where there are few, or of one that carries the answer; else "".
        words: What a hover says.
        is_doubtful: Whether it is drawn faint and without an edge.
    """

    lines: tuple[NDArray[np.float64], ...]
    strength: float
    rgb: tuple[int, int, int]
    label: str
    words: str
    is_doubtful: bool

    @property
    def middle(self) -> tuple[float, float]:
        """(x, y) of the middle of its box."""
        points = np.concatenate(self.lines)
        low, high = points.min(axis=0), points.max(axis=0)
        return float((low[0] + high[0]) / 2), float((low[1] + high[1]) / 2)

    @property
    def opacity(self) -> float:
        """Of the line, 0 to 1."""
        shown = _LEAST_OPACITY + (1 - _LEAST_OPACITY) * self.strength
        return shown * DOUBTFUL_STRENGTH if self.is_doubtful else shown

    @property
    def line_px(self) -> float:
        """Width of the line on the screen."""
        if self.is_doubtful:
            return _DOUBTFUL_LINE_PX
        return 1 + (_MOST_LINE_PX - 1) * self.strength


def marks_of(evidence: Evidence) -> tuple[Mark, ...]:
    """The parts that were weighed, those that moved the answer least first: others lie on them."""
    most = float(np.abs(evidence.weights).max(initial=0.0))
    doubtful, carriers = is_doubtful(evidence.check), evidence.carriers
    is_numbered = evidence.kind == "cells" and len(evidence.parts) <= _MOST_NUMBERED
    marks = []
    for number in np.argsort(np.abs(evidence.weights), kind="stable"):
        part, weight = evidence.parts[number], float(evidence.weights[number])
        colour = FOR_RGB if weight >= 0 else AGAINST_RGB
        marks.append(
            Mark(
                lines=tuple(
                    np.vstack([outline, outline[:1]]).astype(np.float64)
                    for outline in part.outlines
                ),
                strength=abs(weight) / most if most > 0 else 0.0,
                rgb=FAINT_RGB if doubtful else colour,
                label=_label(part.name) if is_numbered or int(number) in carriers else "",
                words=f"{part.name}: log-odds fall by {weight:+.2f} without it",
                is_doubtful=doubtful,
            )
        )
    return tuple(marks)


def _label(name: str) -> str:
    """A cell's number, a part's name; a block has a place and needs none.

    Surroundings have none: the middle of theirs is the cell. The words and the list name them.
    """
    is_named = not name.startswith("block") and name != "surroundings"
    return name.removeprefix("cell ") if is_named else ""


def outlined(
    rgb: NDArray[np.uint8], marks: Sequence[Mark], *, scale: float, opacity: float
) -> NDArray[np.uint8]:
    """The picture with outlines drawn into its pixels.

    Args:
        rgb: (H, W, 3) uint8; it is not changed.
        marks: In pixels of the original.
        scale: Pixels of this picture for one of the original.
        opacity: 0–1, of the strongest line.
    """
    drawn = rgb.copy()
    thin = max(rgb.shape[:2]) / 500
    for mark in marks:
        layer = drawn.copy()
        lines = [np.round((line + 0.5) * scale - 0.5).astype(np.int32) for line in mark.lines]
        width = max(1, round(thin * mark.line_px))
        if not mark.is_doubtful:
            edge = width + 2 * max(1, round(thin))
            cv2.polylines(layer, lines, True, _WHITE, edge, cv2.LINE_AA)
        cv2.polylines(layer, lines, True, mark.rgb, width, cv2.LINE_AA)
        if mark.label and not mark.is_doubtful:
            _write(layer, mark, scale)
        share = opacity * mark.opacity
        drawn = np.asarray(cv2.addWeighted(layer, share, drawn, 1 - share, 0), np.uint8)
    return drawn


def _write(rgb: NDArray[np.uint8], mark: Mark, scale: float) -> None:
    """Write a mark's label into the middle of its part."""
    size = max(rgb.shape[:2]) / 1100
    x, y = (value * scale for value in mark.middle)
    (wide, high), _ = cv2.getTextSize(mark.label, cv2.FONT_HERSHEY_SIMPLEX, size, 2)
    at = (round(x - wide / 2), round(y + high / 2))
    for colour, thickness in ((_WHITE, 4), ((0, 0, 0), 2)):
        cv2.putText(
            rgb, mark.label, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness, cv2.LINE_AA
        )
