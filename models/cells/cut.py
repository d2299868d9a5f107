"""The square around one cell's nucleus, as a model for cells sees it."""

from __future__ import annotations

import numpy as np

from models.image.cell_mask import background_colour
from models.preprocessing.nucleus import balanced, square_around

_WHITE_LEVEL = 240
"""Grey level that the empty slide gets."""


def cell_square(
    rgb: np.ndarray,
    box: tuple[float, float, float, float],
    *,
    multiple: float = 1.8,
    side_px: int = 128,
    level: int = _WHITE_LEVEL,
    background: np.ndarray | None = None,
) -> np.ndarray:
    """The square around a nucleus, balanced on the background's light: (side, side, 3) uint8.

    Where it reaches outside of the field it has the background's colour.

    Args:
        rgb: (H, W, 3) uint8, the field.
        box: x, y, width, height of the nucleus, in pixels.
        multiple: Side of the square as a multiple of the nucleus's longer side.
        side_px: Side of the result, in pixels.
        level: Grey level that the empty slide gets, 0 to 255.
        background: (3,) colour of the empty slide, 0 to 255; by default that of the field.
    """
    light = background_colour(rgb) if background is None else np.asarray(background, np.float32)
    left, top, width, height = box
    corners = (left, top, left + width, top + height)
    square = square_around(rgb, corners, size_px=side_px, multiple=multiple, background=light)
    return balanced(square.rgb, light, level=level)
