"""Which pixels of a smear are nuclei, cells and red cells, found by colour; OpenCV only.

It measures real and drawn smears alike. It differs from
models.image.cell_mask.stained_mask, which must also do for histology and cut-out cells: here
nuclei are told from red cells by L*a*b* chroma, which holds for pale nuclei, and touching nuclei
are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]


def to_lab(rgb: Array) -> Array:
    """CIE L*a*b* (H, W, 3) float32 of an sRGB picture in uint8 (D65; L 0–100)."""
    lab: Array = cv2.cvtColor(np.asarray(rgb, np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    return lab


def nucleated_cells(rgb: Array) -> Array:
    """Mask (H, W) bool of stained nuclei in a smear: what is purple beyond the red cells."""
    scale = max(1.0, rgb.shape[1] / 224)
    lab = to_lab(cv2.GaussianBlur(rgb, (0, 0), 0.8 * scale))
    bright = lab[..., 0] > otsu(lab[..., 0])
    background = np.median(lab[bright], axis=0)
    purple = (lab[..., 1] - background[1]) - (lab[..., 2] - background[2])
    stained = purple[purple > 12]
    # 25: what the purplest red cells of the measured sets show against their background
    threshold = max(otsu(stained), 25.0) if stained.size else 25.0
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(scale) + 1,) * 2)
    mask = (purple > threshold).astype(np.uint8)
    mask = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    solid = [c for c in contours if cv2.contourArea(c) < 1.6 * _pixels_inside(mask, c)]
    cv2.drawContours(filled, solid, -1, 1, -1)
    is_stained: Array = (filled | mask) > 0
    return is_stained


@dataclass(frozen=True, kw_only=True)
class IsolatedCells:
    """Cells that touch no other: areas of nucleus and of the whole, and a mask of their rims."""

    nucleus_areas: Array
    cell_areas: Array
    rim: Array


def split_touching(mask: Array, *, smallest_px: float) -> Array:
    """Label (H, W) each nucleus of a mask, touching ones apart, debris left out.

    Every stained pixel goes to the nearest of the places that lie deepest inside.
    """
    binary = mask.astype(np.uint8)
    depth = cv2.distanceTransform(binary, cv2.DIST_L2, 5)
    smooth = cv2.GaussianBlur(depth, (0, 0), max(0.8, smallest_px / 5))
    reach = disc(smallest_px / 2)
    seeds = (smooth == cv2.dilate(smooth, reach)) & (depth > smallest_px / 3)
    _, nearest = cv2.distanceTransformWithLabels(
        (~seeds).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP
    )
    labels = np.where(mask, nearest, 0) if seeds.any() else np.zeros(mask.shape, np.int32)
    n_seeds = int(labels.max())
    areas = np.bincount(labels.ravel(), minlength=n_seeds)[1:]
    kept = np.flatnonzero(areas >= np.pi / 4 * smallest_px**2)
    renumbered = np.zeros(n_seeds + 1, np.int32)
    renumbered[kept + 1] = np.arange(1, len(kept) + 1)
    return renumbered[labels]


def central_nucleus(labels: Array) -> Array:
    """One label for the nucleus in the middle, all its lobes together; 0 elsewhere."""
    height, width = labels.shape
    ys, xs = np.mgrid[:height, :width]
    central = np.zeros(labels.shape, np.int32)
    for label in range(1, labels.max() + 1):
        here = labels == label
        away = np.hypot(ys[here].mean() - height / 2, xs[here].mean() - width / 2)
        if away < 0.2 * width:
            central[here] = 1
    return central


def whole_areas(labels: Array) -> Array:
    """Areas in pixels of the labelled pieces that do not touch the image's edge."""
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    areas = np.bincount(labels.ravel())
    areas[np.unique(edge)] = 0
    return areas[1:][areas[1:] > 0]


def isolated_cells(labels: Array, foreground: Array, *, smallest_area: float) -> IsolatedCells:
    """Cells that touch neither another one nor the image's edge, from nuclei and foreground."""
    height, width = labels.shape
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(foreground.astype(np.uint8))
    nuclei, cells = [], []
    rim = np.zeros(labels.shape, bool)
    for piece in np.unique(pieces[labels > 0]):
        left, top, w, h, area = stats[piece]
        box = np.s_[top : top + h, left : left + w]
        here = pieces[box] == piece
        nucleus = here & (labels[box] > 0)
        at_edge = left == 0 or top == 0 or left + w == width or top + h == height
        points = np.argwhere(here)[:, ::-1].astype(np.int32)
        is_compact = area > 0.85 * cv2.contourArea(cv2.convexHull(points))
        is_one = len(np.unique(labels[box][nucleus])) == 1
        is_cell = smallest_area <= nucleus.sum() and area <= 3 * nucleus.sum()
        if piece == 0 or at_edge or not (is_one and is_compact and is_cell):
            continue
        nuclei.append(float(nucleus.sum()))
        cells.append(float(area))
        near = cv2.dilate(nucleus.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        core = cv2.erode(here.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        rim[box] |= core & ~near
    return IsolatedCells(nucleus_areas=np.array(nuclei), cell_areas=np.array(cells), rim=rim)


def cells_of_mask(mask: Array) -> IsolatedCells:
    """The one cell of a mask that somebody drew: 255 nucleus, 1–254 cytoplasm."""
    nucleus, cell = mask == 255, mask > 0
    core = cv2.erode(cell.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    near = cv2.dilate(nucleus.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return IsolatedCells(
        nucleus_areas=np.array([float(nucleus.sum())]),
        cell_areas=np.array([float(cell.sum())]),
        rim=core & ~near,
    )


def disc(radius_px: float) -> Array:
    """A round kernel of at least one pixel's radius."""
    side = 2 * max(1, round(radius_px)) + 1
    kernel: Array = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return kernel


def _pixels_inside(mask: Array, contour: Array) -> int:
    """How many pixels of the mask lie in the contour's box; a cheap test for big holes."""
    left, top, width, height = cv2.boundingRect(contour)
    return int(mask[top : top + height, left : left + width].sum())


def otsu(values: Array) -> float:
    """Threshold of Otsu 1979 in the values' own units."""
    counts, edges = np.histogram(values, 128)
    centres = (edges[1:] + edges[:-1]) / 2
    weight = np.cumsum(counts).astype(np.float64)
    mass = np.cumsum(counts * centres)
    below, above = weight[:-1], weight[-1] - weight[:-1]
    spread = (mass[-1] * below / weight[-1] - mass[:-1]) ** 2 / np.maximum(below * above, 1e-9)
    return float(centres[int(np.argmax(spread))])
