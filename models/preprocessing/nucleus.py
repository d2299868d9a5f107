"""Steps that frame one nucleus, and balance the light of the background around it.

The functions below the steps are shared with whoever reads cells in a field: a field has one
background and many boxes, a picture of a single cell has one of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.image.cell_mask import background_colour, is_cut_out_on_black, stained_mask
from models.image.scale import shrunk
from models.preprocessing.geometry import scaled
from models.preprocessing.pixels import is_black
from models.preprocessing.spec import Mask, Reframed, Region, Rgb, StepParameter, StepSpec
from models.preprocessing.watershed import parted_cells

# How far the lobes of one nucleus may lie apart, as a share of the largest part's diameter.
_GAP_OF_LOBES = 0.25
# At this distance from the middle, as a share of the picture's shorter side, a pixel of the mask
# counts a third: the cell that is meant stands in the middle.
_MIDDLE = 0.3
# A nucleus whose centre is farther from the middle, or that touches the edge, is looked at again:
# it may be two. They are parted where the neck is narrower than this share of the smaller.
_OFF_MIDDLE = 0.12
_NECK_SHARE = 0.75
_WORK_PX = 256  # longer side at which the nucleus is looked for
# Where a cell was cut out on black, no light of a background is left to go by. Its own brightest
# pixels (this percentile) are thin cytoplasm, which lets about this share of the light pass.
_BRIGHT_PERCENTILE = 98.0
_LIGHT_THROUGH_CYTOPLASM = 0.8
_MOST_GAIN = 4.0


def nucleus_square(rgb: Rgb, *, size_px: int, multiple: float) -> Reframed:
    """A square around the nucleus in the middle, as size_px × size_px.

    Args:
        rgb: (h, w, 3) uint8, a picture of one cell.
        size_px: Side of the result, in pixels.
        multiple: Side of the square as a multiple of the nucleus's longer side.

    A picture in which nothing is stained is framed whole, by its longer side.
    """
    height, width = rgb.shape[:2]
    box = nucleus_box(rgb)
    if box is None:
        return square_around(rgb, (0.0, 0.0, float(width), float(height)), size_px=size_px)
    return square_around(rgb, box, size_px=size_px, multiple=multiple)


def nucleus_box(rgb: Rgb) -> Region | None:
    """Left, top, right and bottom of the largest nucleus near the middle; None for no nucleus.

    Lobes of one nucleus count as one; a nucleus that touches others is parted from them. Of a
    cell cut out on black it is the whole cell.

    Args:
        rgb: (h, w, 3) uint8.
    """
    small = np.ascontiguousarray(shrunk(rgb, _WORK_PX))
    mask = _with_lobes_joined(stained_mask(small).astype(np.uint8))
    nucleus = _in_the_middle(cv2.connectedComponents(mask)[1])
    if nucleus is None:
        return None
    if _reaches_beyond_the_middle(nucleus):
        parted = _in_the_middle(
            parted_cells(nucleus.astype(np.uint8), _NECK_SHARE).astype(np.int32)
        )
        nucleus = nucleus if parted is None else parted
    x, y, w, h = cv2.boundingRect(nucleus.astype(np.uint8))
    per_px = rgb.shape[1] / small.shape[1]
    return x * per_px, y * per_px, (x + w) * per_px, (y + h) * per_px


def _with_lobes_joined(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    areas = cv2.connectedComponentsWithStats(mask)[2][1:, cv2.CC_STAT_AREA]
    gap_px = round(_GAP_OF_LOBES * float(np.sqrt(areas.max(initial=0) * 4 / np.pi)))
    if gap_px < 2:
        return mask
    # With a margin, so that closing does not tie nuclei to the picture's edge.
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap_px, gap_px))
    wide = cv2.copyMakeBorder(mask, *4 * (gap_px,), cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, kernel)
    return np.ascontiguousarray(closed[gap_px:-gap_px, gap_px:-gap_px])


def _in_the_middle(numbers: NDArray[np.int32]) -> Mask | None:
    """Where the part is that is large and near the middle, (h, w) bool; None for no part."""
    height, width = numbers.shape
    rows, columns = np.indices(numbers.shape, np.float32)
    away = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2)
    near = np.exp(-np.square(away / (_MIDDLE * min(height, width))))
    weights = np.bincount(numbers.ravel(), near.ravel())
    weights[0] = 0
    best = int(np.argmax(weights))
    return np.asarray(numbers == best) if best else None


def _reaches_beyond_the_middle(nucleus: Mask) -> bool:
    """Whether a nucleus touches the picture's edge, or lies off its middle: more than one cell."""
    edge = nucleus[0].any() or nucleus[-1].any() or nucleus[:, 0].any() or nucleus[:, -1].any()
    rows, columns = np.nonzero(nucleus)
    middle = (np.array(nucleus.shape) - 1) / 2
    off = np.hypot(*(np.array([rows.mean(), columns.mean()]) - middle))
    return bool(edge or off > _OFF_MIDDLE * min(nucleus.shape))


def square_around(
    rgb: Rgb,
    box: Region,
    *,
    size_px: int,
    multiple: float = 1.0,
    background: np.ndarray | None = None,
) -> Reframed:
    """A square around a box's middle, as size_px × size_px.

    Where it reaches outside of the picture it is filled with the colour of the background (black
    around a cell cut out on black).

    Args:
        rgb: (h, w, 3) uint8.
        box: Left, top, right and bottom, in pixels, where 0 is the outer edge of the first one;
            its middle lies in the picture.
        size_px: Side of the result, in pixels.
        multiple: Side of the square as a multiple of the box's longer side.
        background: (3,) its colour, 0 to 255; looked for in the picture where None.
    """
    height, width = rgb.shape[:2]
    left, top, right, bottom = box
    side = max(2, round(multiple * max(right - left, bottom - top)))
    x, y = round((left + right - side) / 2), round((top + bottom - side) / 2)
    corner = np.array([x, y])
    first, last = np.maximum(corner, 0), np.minimum(corner + side, (width, height))
    inside = rgb[first[1] : last[1], first[0] : last[0]]
    # Scaled before it is put in its place: a square far larger than the picture costs nothing.
    per_px = size_px / side
    begin = np.clip(np.rint((first - corner) * per_px), 0, size_px - 1).astype(int)
    end = np.clip(np.rint((last - corner) * per_px), begin + 1, size_px).astype(int)
    square = np.empty((size_px, size_px, 3), np.uint8)
    if inside.shape != (side, side, 3):
        if background is None:
            background = np.zeros(3) if is_cut_out_on_black(rgb) else background_colour(rgb)
        square[:] = np.rint(background)
    square[begin[1] : end[1], begin[0] : end[0]] = scaled(inside, *(end - begin).tolist())
    region = (float(x), float(y), float(x + side), float(y + side))
    return Reframed(rgb=square, region=region)


def white_balance(rgb: Rgb, *, level: int) -> Rgb:
    """The picture as if its background let all light pass, alike in red, green and blue.

    Args:
        rgb: (h, w, 3) uint8. Black around a cell that was cut out becomes background.
        level: Grey level of the background afterwards, 0 to 255.
    """
    if is_cut_out_on_black(rgb):
        black = is_black(rgb)
        bright = np.percentile(rgb[~black], _BRIGHT_PERCENTILE, axis=0).max()
        light = np.full(3, bright / _LIGHT_THROUGH_CYTOPLASM, np.float32)
        return _filled(balanced(rgb, light, level=level), black, level)
    return balanced(rgb, background_colour(rgb), level=level)


def balanced(rgb: Rgb, light: np.ndarray, *, level: int) -> Rgb:
    """The picture with each channel scaled so that the background's light becomes one grey level.

    Args:
        rgb: (h, w, 3) uint8.
        light: (3,) colour of the background, see `background_colour`; of the whole field where
            the picture was cut out of one. Black for "unknown": nothing is changed.
        level: Grey level of the background afterwards, 0 to 255.
    """
    if not np.any(light > 0):
        return rgb.copy()
    gain = np.minimum(level / np.maximum(light, 1.0), _MOST_GAIN)
    table = np.clip(np.arange(256)[:, None] * gain, 0, 255)
    result: Rgb = cv2.LUT(np.ascontiguousarray(rgb), np.rint(table).astype(np.uint8)[None])
    return result


def _filled(rgb: Rgb, mask: Mask, level: int) -> Rgb:
    filled = rgb.copy()
    filled[mask] = level
    return filled


def _square(rgb: Rgb, parameters: Mapping[str, Any]) -> Reframed:
    return nucleus_square(rgb, **parameters)


NUCLEUS_SQUARE = StepSpec(
    title="Square around the nucleus",
    description=(
        "Finds the nucleus in the middle of a picture of one cell and cuts a square around it, "
        "at a fixed multiple of its size: so pictures of all microscopes show the cell alike, and "
        "little of its neighbours."
    ),
    source=(
        "Our own. Features of a stock network and logistic regression, each laboratory left out: "
        "0.54 of eight kinds right on Johns Hopkins' cells, 0.39 with the picture as it is "
        "(docs/experiments/blood-cells.md)."
    ),
    parameters={
        "size_px": StepParameter(
            kind="int", default=128, low=16, high=2048, unit="px", description="Side of the result."
        ),
        "multiple": StepParameter(
            kind="float",
            default=1.8,
            low=1.0,
            high=8.0,
            unit="times the nucleus",
            description="Side of the square as a multiple of the nucleus's longer side.",
        ),
    },
    apply=_square,
)

WHITE_BALANCE = StepSpec(
    title="White balance on the background",
    description=(
        "Scales red, green and blue so that the light where nothing is stained is one grey level: "
        "takes away the tint of lamp and camera, not that of the stain. Black around a cell that "
        "was cut out becomes background."
    ),
    source=(
        "Flat white balance against the unstained field, as in Ruifrok and Johnston 2001, Anal. "
        "Quant. Cytol. Histol. 23:291–299, for optical density."
    ),
    parameters={
        "level": StepParameter(
            kind="int",
            default=240,
            low=128,
            high=255,
            unit="grey levels",
            description="Grey level of the background afterwards.",
        ),
    },
    apply=lambda rgb, parameters: white_balance(rgb, **parameters),
)
