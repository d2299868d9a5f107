"""A field with its cells outlined, each in its kind's colour, with number and the kind's code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodui.render.pictures import enlarged
from models.finding.find import Cell
from models.image.scale import shrunk

_LIGHT, _DARK = (255, 255, 255), (17, 17, 17)


@dataclass(frozen=True, kw_only=True)
class OutlinedCell:
    """A cell as it is drawn.

    Attributes:
        colour: Of its outline, as "#rrggbb".
        mark: The code of its kind, written after its number; "" for none.
        is_counted: Whether the line is whole; it is broken where the cell is not counted.
    """

    cell: Cell
    colour: str
    mark: str
    is_counted: bool


def outlined(
    rgb: NDArray[np.uint8], cells: Iterable[OutlinedCell], *, longest_px: int, least_px: int = 0
) -> NDArray[np.uint8]:
    """The field, at most `longest_px` long, with its cells outlined and numbered, (h, w, 3) uint8.

    Numbers and codes lie over all outlines, so that no other cell's line strikes them through.

    Args:
        rgb: (H, W, 3) uint8.
        least_px: A smaller field is enlarged to this, so that numbers can be read.
    """
    cells = tuple(cells)
    drawn = np.array(enlarged(shrunk(rgb, longest_px), min(least_px, longest_px)), order="C")
    times = drawn.shape[1] / rgb.shape[1]
    thick = max(2, round(max(drawn.shape[:2]) / 600))
    for each in cells:
        colour = tuple(int(each.colour[at : at + 2], 16) for at in (1, 3, 5))
        corners = np.rint((each.cell.outline + 0.5) * times - 0.5).astype(np.int32)
        if each.is_counted:
            cv2.polylines(drawn, [corners], True, (255, 255, 255), thick + 2, cv2.LINE_AA)
            cv2.polylines(drawn, [corners], True, colour, thick, cv2.LINE_AA)
        else:
            for start, end in zip(corners[::2], corners[1::2], strict=False):
                cv2.line(drawn, tuple(map(int, start)), tuple(map(int, end)), colour, thick)
    for each in cells:
        _write(drawn, f"{each.cell.number} {each.mark}".strip(), each.cell.box, times)
    return drawn


def _write(
    drawn: NDArray[np.uint8], words: str, box: tuple[int, int, int, int], times: float
) -> None:
    """Write words over a box of the original, dark on a light edge, within the picture.

    OpenCV's own text grows no wider with its line where it is drawn from a font's outlines, so
    that the edge is made of the letters' pixels.
    """
    height, width = drawn.shape[:2]
    size = max(0.8, max(height, width) / 1500)
    thick, edge = round(2 * size), round(3 * size)
    (wide, high), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    letters = np.zeros((high + below + 2 * edge, wide + 2 * edge), np.uint8)
    at = (edge, edge + high)
    cv2.putText(letters, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, 255, thick, cv2.LINE_AA)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge + 1, 2 * edge + 1))
    x, y, w, _ = (side * times for side in box)
    left = min(max(0, round(x + w / 2) - letters.shape[1] // 2), max(0, width - letters.shape[1]))
    top = max(0, round(y) - 4 - high - edge)
    here = drawn[top : top + letters.shape[0], left : left + letters.shape[1]]
    for shade, mask in ((_LIGHT, cv2.dilate(letters, disc)), (_DARK, letters)):
        share = mask[: here.shape[0], : here.shape[1], np.newaxis] / 255
        here[:] = np.round((1 - share) * here + share * np.array(shade))
