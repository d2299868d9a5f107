"""A field with the outlines and numbers of its cells drawn on it, each in its kind's colour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodui.render.pictures import enlarged
from models.finding.find import Cell
from models.image.scale import shrunk


@dataclass(frozen=True, kw_only=True)
class OutlinedCell:
    """A cell as it is drawn: its colour as "#rrggbb", and a broken line where it is not counted."""

    cell: Cell
    colour: str
    is_counted: bool


def outlined(
    rgb: NDArray[np.uint8], cells: Iterable[OutlinedCell], *, longest_px: int, least_px: int = 0
) -> NDArray[np.uint8]:
    """The field, at most `longest_px` long, with its cells outlined and numbered, (h, w, 3) uint8.

    Args:
        rgb: (H, W, 3) uint8.
        least_px: A smaller field is enlarged to this, so that numbers can be read.
    """
    drawn = np.array(enlarged(shrunk(rgb, longest_px), min(least_px, longest_px)), order="C")
    times = drawn.shape[1] / rgb.shape[1]
    thick = max(2, round(max(drawn.shape[:2]) / 600))
    size = max(0.35, max(drawn.shape[:2]) / 2200)
    for each in cells:
        colour = tuple(int(each.colour[at : at + 2], 16) for at in (1, 3, 5))
        corners = np.rint((each.cell.outline + 0.5) * times - 0.5).astype(np.int32)
        if each.is_counted:
            cv2.polylines(drawn, [corners], True, (255, 255, 255), thick + 2, cv2.LINE_AA)
            cv2.polylines(drawn, [corners], True, colour, thick, cv2.LINE_AA)
        else:
            for start, end in zip(corners[::2], corners[1::2], strict=False):
                cv2.line(drawn, tuple(map(int, start)), tuple(map(int, end)), colour, thick)
        x, y, _, _ = (round(side * times) for side in each.cell.box)
        at = (max(0, x), max(round(24 * size), y - 3))
        for shade, width in (((255, 255, 255), thick + 3), (colour, thick)):
            cv2.putText(
                drawn,
                str(each.cell.number),
                at,
                cv2.FONT_HERSHEY_SIMPLEX,
                size,
                shade,
                width,
                cv2.LINE_AA,
            )
    return drawn
