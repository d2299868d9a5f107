"""The square around one cell's nucleus, as a model for cells sees it."""

from __future__ import annotations

import numpy as np

from models.image.cell_mask import background_colour
from models.preprocessing.nucleus import balanced, square_around

_WHITE_LEVEL = 240
"""Grey level that the empty slide gets."""
CROP_PX = 192
CROP_MULTIPLE = 2.7
"""Side of a cell's picture that is kept or shown by itself, in pixels, and as a multiple of its
nucleus: at the 1.8 times that the shipped model sees, its 128 px come from 128 px."""


def cell_crop(
    rgb: np.ndarray, box: tuple[float, float, float, float], light: tuple[float, float, float]
) -> np.ndarray:
    """A cell with its surroundings, (CROP_PX, CROP_PX, 3) uint8, the field's light taken out.

    Args:
        rgb: (H, W, 3) uint8, the field.
        box: x, y, width, height of the nucleus, in pixels.
        light: Colour of the field's empty slide, 0 to 255.
    """
    background = np.array(light, np.float32)
    return cell_square(rgb, box, multiple=CROP_MULTIPLE, side_px=CROP_PX, background=background)


def crop_um_per_px(box: tuple[float, float, float, float], um_per_px: float | None) -> float | None:
    """Micrometres a pixel of `cell_crop` has, of a field of that scale; None where unknown."""
    if um_per_px is None:
        return None
    return um_per_px * CROP_MULTIPLE * max(box[2:]) / CROP_PX


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
