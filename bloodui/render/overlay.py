"""A saliency map laid over the original image: where it lies, its colours, its contour.

Colours are those of viridis (perceptually even, readable with every colour-vision deficiency),
its upper half, since the purple of its lower half is the colour of stained nuclei. Where the
map is low, the overlay is transparent, so that the cells stay as they were photographed.

A map may be believed only where its method passed its check on the model (`is_doubtful`): all
others are drawn in grey, half as strong and with a faint contour, wherever maps are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.bundle.card import EvidenceCheck, SaliencyCheck

Region = tuple[float, float, float, float]

CONTOUR_LEVEL = 0.5
"""The contour runs where the map is at half of its peak, as a full width at half maximum."""

DOUBTFUL_STRENGTH = 0.5
"""Opacity of a map that is not to be believed, as a share of that which was asked for."""

FAINT_RGB = (128, 128, 128)
"""Colour of its contour, a single thin line; that of a map to be believed is black and white."""


def is_doubtful(check: SaliencyCheck | EvidenceCheck | None) -> bool:
    """Whether a method's maps are not to be believed: it failed its check, or never had one.

    Args:
        check: Of that method on the model; None where it was never checked.
    """
    return check is None or not check.passes


@dataclass(frozen=True, kw_only=True)
class PlacedMap:
    """A saliency map, cut to the original image, and where it lies on it.

    Attributes:
        values: (h, w) float32, 0–1, read-only; enlarged for smooth drawing.
        region: (left, top, right, bottom) in pixels of the original, inside of it.
        is_doubtful: Whether it is drawn weak and without colour, see `is_doubtful`.
    """

    values: NDArray[np.float32]
    region: Region
    is_doubtful: bool

    @property
    def peak(self) -> tuple[float, float]:
        """(x, y) of the map's highest value, in pixels of the original."""
        height, width = self.values.shape
        row, column = np.unravel_index(int(np.argmax(self.values)), self.values.shape)
        left, top, right, bottom = self.region
        return (
            left + (float(column) + 0.5) * (right - left) / width,
            top + (float(row) + 0.5) * (bottom - top) / height,
        )


def place_map(
    values: NDArray[np.float32],
    region: Region,
    *,
    width_px: int,
    height_px: int,
    check: SaliencyCheck | None,
    drawn_px: int = 512,
) -> PlacedMap:
    """The map laid over an original image: what of it covers bars of a letterbox is cut off.

    Args:
        values: (h, w) 0–1, the map of the picture that the model saw.
        region: What that picture covers, (left, top, right, bottom) in pixels of the original;
            may reach outside.
        width_px, height_px: Size of the original.
        check: Of the map's method on its model; None where there was none.
        drawn_px: The longer side is enlarged to at least this, for smooth drawing.
    """
    left, top, right, bottom = region
    rows, columns = values.shape
    x_scale, y_scale = columns / (right - left), rows / (bottom - top)
    inside = (max(left, 0.0), max(top, 0.0), min(right, width_px), min(bottom, height_px))
    first_column = round((inside[0] - left) * x_scale)
    last_column = max(first_column + 1, round((inside[2] - left) * x_scale))
    first_row = round((inside[1] - top) * y_scale)
    last_row = max(first_row + 1, round((inside[3] - top) * y_scale))
    cut = np.ascontiguousarray(values[first_row:last_row, first_column:last_column], np.float32)
    factor = max(1.0, drawn_px / max(cut.shape))
    size = (round(cut.shape[1] * factor), round(cut.shape[0] * factor))
    drawn = np.clip(cv2.resize(cut, size, interpolation=cv2.INTER_LINEAR), 0.0, 1.0)
    drawn.setflags(write=False)
    return PlacedMap(values=drawn, region=inside, is_doubtful=is_doubtful(check))


def heat_rgba(
    values: NDArray[np.float32], opacity: float, *, is_doubtful: bool
) -> NDArray[np.uint8]:
    """The map in colour, as transparent as it is low.

    Args:
        values: (h, w) 0–1.
        opacity: 0–1, of the overlay where the map is at its peak.
        is_doubtful: Whether it is drawn in greys of the same lightness, and half as strong.

    Returns:
        (h, w, 4) uint8, alpha not multiplied in.
    """
    level = np.clip(values, 0.0, 1.0)
    upper_half = np.round(127 + 128 * level).astype(np.uint8)
    bgr = cv2.applyColorMap(upper_half, cv2.COLORMAP_VIRIDIS)
    if is_doubtful:
        opacity *= DOUBTFUL_STRENGTH
        bgr = cv2.cvtColor(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    alpha = np.round(255 * opacity * level).astype(np.uint8)
    return np.dstack([cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), alpha])


def contour_lines(placed: PlacedMap) -> tuple[NDArray[np.float64], ...]:
    """Closed lines where the map is at half of its peak, in pixels of the original.

    Returns:
        Arrays (n, 2) of x and y, the first point repeated at the end; none where the map is
        empty.
    """
    if not placed.values.any():
        return ()
    mask = (placed.values >= CONTOUR_LEVEL * float(placed.values.max())).astype(np.uint8)
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
    left, top, right, bottom = placed.region
    height, width = mask.shape
    scale = np.array([(right - left) / width, (bottom - top) / height])
    lines = []
    for contour in found:
        points = contour[:, 0, :].astype(np.float64)
        if len(points) < 3:
            continue
        lines.append(np.vstack([points, points[:1]]) * scale + scale / 2 + [left, top])
    return tuple(lines)


def blend(
    rgb: NDArray[np.uint8], placed: PlacedMap, *, opacity: float, contour: bool
) -> NDArray[np.uint8]:
    """The image with the map, and where asked for its contour, drawn into its pixels.

    Args:
        rgb: (H, W, 3) uint8, the original; it is not changed.
        placed: The map, placed on that original.
        opacity: 0–1, of the overlay where the map is at its peak.
    """
    height, width = rgb.shape[:2]
    left, top, right, bottom = (round(edge) for edge in placed.region)
    left, top = min(left, width - 1), min(top, height - 1)
    size = (max(1, right - left), max(1, bottom - top))
    heat = heat_rgba(placed.values, opacity, is_doubtful=placed.is_doubtful)
    heat = cv2.resize(heat, size, interpolation=cv2.INTER_LINEAR)
    drawn = rgb.copy()
    part = drawn[top : top + size[1], left : left + size[0]]
    inside = heat[: part.shape[0], : part.shape[1]]
    alpha = inside[..., 3].astype(np.float32) / 255
    colour = np.ascontiguousarray(inside[..., :3])
    part[:] = cv2.blendLinear(np.ascontiguousarray(part), colour, 1 - alpha, alpha)
    if contour:
        lines = [np.round(line).astype(np.int32) for line in contour_lines(placed)]
        thickness = max(1, round(max(width, height) / 400))
        if placed.is_doubtful:
            cv2.polylines(drawn, lines, True, FAINT_RGB, thickness, cv2.LINE_AA)
        else:
            cv2.polylines(drawn, lines, True, (0, 0, 0), 3 * thickness, cv2.LINE_AA)
            cv2.polylines(drawn, lines, True, (255, 255, 255), thickness, cv2.LINE_AA)
    return drawn
