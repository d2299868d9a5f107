"""What a whole field is like before its cells are looked for: its light, its scale, its stain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.finding.reconstruction import reconstructed
from models.finding.stain import counts_of, nuclear_level, stain_levels
from models.image.cell_mask import background_colour
from models.image.scale import shrunk

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]

RED_CELL_UM = 7.2
"""Diameter of a red cell on a smear (Bain, Blood Cells)."""
NUCLEUS_UM = 8.5
"""Diameter of the middle nucleus of white cells, where no red cell is there to go by."""

# The widest circle inside of a red cell, as a share of its diameter: measured against the boxes
# of red cells in bccd, raabin and bcd (half of the fields of each; 0.77 to 0.83).
_INSCRIBED_SHARE = 0.8
# Scale is told from windows of at most this side, as many as this along a side, shrunk to this.
_WINDOW_PX = 1024
_MOST_WINDOWS = 3
_LOOKED_AT_PX = 512
_FEWEST_RED_CELLS = 3
_SMALLEST_RADIUS_PX = 3.0
# Red cells of one smear differ by about this share in diameter.
_ALIKE = 0.12
# No nucleus is wider than so many red cells.
_MOST_RED_CELLS_WIDE = 3.2
# The middle nucleus of one field and that of another differ by about this share.
_NUCLEI_DIFFER = 0.4
# What is cut off at the edge of a window is carried on for so many px.
_FRAME_PX = 48
# Lobes lie at most this share of the widest one's radius apart; nuclei fill so much of their hulls.
_GAP_OF_LOBES = 0.4
_CONVEX = 0.9
_SMALLEST_NUCLEUS_PX2 = 12
_SMALLEST_NUCLEUS_SHARE = 0.15


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How many µm a pixel of a field is, and who says so.

    Attributes:
        um_per_px: µm per pixel of the original; None where nothing tells.
        told_by: "file", "red cells", "nuclei" or "nothing".
        n: Number of red cells or nuclei that it rests on; 0 for the file's own word.
    """

    um_per_px: float | None
    told_by: str
    n: int = 0


def light_of(rgb: np.ndarray) -> Floats:
    """The colour of a field's background, (3,) float32; black for one without background."""
    return background_colour(np.ascontiguousarray(shrunk(rgb, _WINDOW_PX)))


def scale_of(
    rgb: np.ndarray, light: Floats, empty_below: float, *, um_per_px: float | None = None
) -> Scale:
    """The scale of a field: of the file, else of its red cells, else of its nuclei.

    Args:
        rgb: (H, W, 3) uint8.
        light: (3,) its background's colour.
        empty_below: Density of what lies on the slide, see `stain.empty_density`.
        um_per_px: What its file declares.
    """
    if um_per_px is not None:
        return Scale(um_per_px=um_per_px, told_by="file")
    seen = [(*stain_levels(window, light, empty_below), shrink) for window, shrink in _windows(rgb)]
    level = nuclear_level(np.sum([counts_of(levels) for levels, _, _ in seen], axis=0))
    reds: list[float] = []
    nuclei: list[float] = []
    for levels, empty, shrink in seen:
        stained = (levels > level).astype(np.uint8)
        nuclei += [size * shrink for size in _nucleus_diameters(stained)]
        reds += [size * shrink for size in _red_cell_diameters(empty, stained)]
    nucleus = _middle(nuclei)
    reds = [red for red in reds if _MOST_RED_CELLS_WIDE * red >= nucleus]
    if len(reds) >= _FEWEST_RED_CELLS:
        red = _commonest(reds, expected=nucleus * RED_CELL_UM / NUCLEUS_UM)
        return Scale(um_per_px=RED_CELL_UM / red, told_by="red cells", n=len(reds))
    if nuclei:
        return Scale(um_per_px=NUCLEUS_UM / nucleus, told_by="nuclei", n=len(nuclei))
    return Scale(um_per_px=None, told_by="nothing")


def _windows(rgb: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    """Windows spread over a field, none over another, each with how many times it was shrunk."""
    height, width = rgb.shape[:2]
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            window = rgb[top:bottom, left:right]
            small = np.ascontiguousarray(shrunk(window, _LOOKED_AT_PX))
            yield small, window.shape[1] / small.shape[1]


def _spans(side_px: int) -> list[tuple[int, int]]:
    """Where the windows along a side begin and end: all of it, or as much as they may take."""
    n = min(_MOST_WINDOWS, -(-side_px // _WINDOW_PX))
    window_px = min(_WINDOW_PX, side_px / n)
    starts = np.linspace(0, side_px - window_px, n)
    return [(round(start), round(start + window_px)) for start in starts.tolist()]


def _nucleus_diameters(stained: Mask) -> list[float]:
    """Diameters of the discs of the nuclei's areas, in px: of the convex ones, if there are any."""
    widest = float(cv2.distanceTransform(stained, cv2.DIST_L2, 5).max())
    gap = max(1, round(_GAP_OF_LOBES * widest))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap))
    wide = cv2.copyMakeBorder(stained, *4 * (gap,), cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, kernel)
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = np.array([cv2.contourArea(each) for each in outlines])
    hulls = np.array([cv2.contourArea(cv2.convexHull(each)) for each in outlines])
    is_large = areas >= max(_SMALLEST_NUCLEUS_PX2, _SMALLEST_NUCLEUS_SHARE * areas.max(initial=0))
    is_convex = is_large & (areas > _CONVEX * hulls)
    chosen = areas[is_convex if is_convex.any() else is_large]
    return [float(diameter) for diameter in np.sqrt(chosen * 4 / np.pi)]


def _framed(mask: Mask) -> Mask:
    """The mask with its edge carried on outwards, so that what is cut there is not made narrow."""
    framed: Mask = cv2.copyMakeBorder(mask, *4 * (_FRAME_PX,), cv2.BORDER_REPLICATE)
    return framed


def _red_cell_diameters(empty: Mask, stained: Mask) -> list[float]:
    """Diameters of red cells in px, from the widest circles inside of what is coloured."""
    square = np.ones((3, 3), np.uint8)
    coloured = cv2.morphologyEx(1 - empty, cv2.MORPH_OPEN, square)
    coloured = _without_holes(coloured, at_most=0.01)
    near_nuclei = cv2.dilate(cv2.morphologyEx(stained, cv2.MORPH_OPEN, square), square)
    height, width = coloured.shape
    diameters = []
    for x, y, radius in _circles(_framed(coloured)):
        x, y = x - _FRAME_PX, y - _FRAME_PX
        is_half_seen = min(x, y, width - 1 - x, height - 1 - y) > 0.3 * radius
        if is_half_seen and not near_nuclei[y, x]:
            diameters.append(2 * radius / _INSCRIBED_SHARE)
    return diameters


def _without_holes(mask: Mask, *, at_most: float) -> Mask:
    """The mask with holes filled whose area is at most that share of the picture."""
    _, numbers, boxes, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    height, width = mask.shape
    left, top, wide, high, area = boxes.T
    is_inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
    is_hole = is_inside & (area < at_most * mask.size)
    is_hole[0] = False
    filled = mask.copy()
    filled[is_hole[numbers]] = 1
    return filled


def _circles(mask: Mask) -> Iterator[tuple[int, int, float]]:
    """Centres and radii of the widest circles in a mask, one for each bulge."""
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    step = np.maximum(1, 0.12 * distance)
    lowered = np.maximum(distance - step, 0).astype(np.float32)
    filled = reconstructed(lowered, distance)
    is_top = (distance - filled >= np.minimum(step, distance) - 1e-3) & (
        distance > _SMALLEST_RADIUS_PX
    )
    n, numbers, _, centres = cv2.connectedComponentsWithStats(is_top.astype(np.uint8))
    radii = np.zeros(n, np.float32)
    np.maximum.at(radii, numbers.ravel(), np.where(is_top, distance, 0).ravel())
    for (x, y), radius in zip(centres[1:], radii[1:], strict=True):
        yield round(x), round(y), float(radius)


def _middle(diameters: list[float]) -> float:
    """The diameter on both sides of which lies half of the area; 0 for none."""
    if not diameters:
        return 0.0
    ordered = np.sort(diameters)
    covered = np.cumsum(ordered**2)
    return float(ordered[np.searchsorted(covered, covered[-1] / 2)])


def _commonest(diameters: list[float], *, expected: float) -> float:
    """The diameter about which most lie, on a scale of ratios.

    Args:
        diameters: At least one.
        expected: About what it should be by the size of the nuclei; 0 for unknown.
    """
    logs = np.log(np.sort(diameters))
    near = np.exp(-np.square((logs[:, None] - logs[None]) / _ALIKE) / 2)
    weights = near @ np.exp(logs)
    if expected:
        # not to nothing far away: what looked like nuclei may be platelets, or a clump
        away = (logs - np.log(expected)) / _NUCLEI_DIFFER
        weights *= 0.08 + np.exp(-np.square(away) / 2)
    return float(np.exp(logs[int(np.argmax(weights))]))
