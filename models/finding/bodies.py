"""How far the cell around each nucleus reaches: its cytoplasm, parted from what touches it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

Labels = NDArray[np.int32]
Mask = NDArray[np.uint8]

# Cytoplasm reaches at most so far from the nucleus, and at least that far, in µm.
_FARTHEST_UM = 5.5
_NEAREST_UM = 0.4
# What is thinner than this, in µm, is no part of a cell's body.
_THIN_UM = 2.6
# Two nuclei in one cell: the smaller has at most so many µm², both are at most this share of a
# body that is at most so large, as full, and as round as one cell.
_LARGEST_LOBE_UM2 = 60.0
_MOST_NUCLEUS = 0.62
_LARGEST_CELL_UM2 = 330.0
_FULL_BODY = 0.88
_ROUND_BODY = 1.6


def body_labels(rgb: np.ndarray, nuclei: Labels, empty: Mask, *, um_per_px: float) -> Labels:
    """Number of the cell at each pixel, (h, w) int32: each nucleus with its cytoplasm.

    Flooded from the nuclei, and from what is no cell, to the strongest edge between (Meyer 1992,
    the watershed of OpenCV). What is no cell: the empty slide, and all that is too far away.

    Args:
        rgb: (h, w, 3) uint8.
        nuclei: (h, w) int32, number of the nucleus at each pixel.
        empty: (h, w) uint8, 1 where nothing lies on the slide.
        um_per_px: Scale of the picture.
    """
    away = cv2.distanceTransform((nuclei == 0).astype(np.uint8), cv2.DIST_L2, 5) * um_per_px
    outside = int(nuclei.max()) + 1
    markers = np.where(away > _FARTHEST_UM, outside, nuclei).astype(np.int32)
    markers[(empty > 0) & (away > _NEAREST_UM)] = outside
    # the nearest pixels are the cell's, so that the flood starts outside of the nucleus's edge
    near = cv2.dilate(nuclei.astype(np.float32), _disc(_NEAREST_UM, um_per_px)).astype(np.int32)
    markers = np.where((markers == 0) & (away <= _NEAREST_UM), near, markers)
    smooth = cv2.medianBlur(np.ascontiguousarray(rgb), 3)
    flooded: Labels = cv2.watershed(smooth, np.ascontiguousarray(markers))
    flooded[(flooded < 0) | (flooded == outside)] = 0
    flooded[nuclei > 0] = nuclei[nuclei > 0]
    return flooded


def one_body(body: Mask, nucleus: Mask, *, um_per_px: float) -> Mask:
    """A cell's body without what hangs on it by a thread, and without what has come off.

    Args:
        body: (h, w) uint8, 0 or 1.
        nucleus: The same, of its nucleus: kept whole.
        um_per_px: Scale of both.
    """
    kernel = _disc(_THIN_UM / 2, um_per_px)
    width = len(kernel)
    wide = cv2.copyMakeBorder(body, *4 * (width,), cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(wide, cv2.MORPH_OPEN, kernel)[width:-width, width:-width]
    opened = cv2.morphologyEx(opened | nucleus, cv2.MORPH_CLOSE, _disc(0.4, um_per_px))
    n, numbers = cv2.connectedComponents(np.ascontiguousarray(opened))
    if n < 3:
        return np.asarray(opened)
    held = np.bincount(numbers[nucleus > 0], minlength=n)
    held[0] = 0
    whole: Mask = (numbers == int(np.argmax(held))).astype(np.uint8) | nucleus
    return whole


def lobes_in_one_body(nuclei: Labels, bodies: Labels, *, um_per_px: float) -> dict[int, int]:
    """Numbers of nuclei that are lobes of another, since both lie in one round cell: to which.

    Such a cell is as full as a round one and mostly cytoplasm, as granulocytes are; two
    lymphoid cells that touch are mostly nucleus, two others are as long as two.

    Args:
        nuclei: (h, w) int32, number of the nucleus at each pixel.
        bodies: The same, of the cells.
        um_per_px: Scale of both.
    """
    per_um2 = um_per_px**2
    n = int(bodies.max()) + 1
    nucleus_um2 = np.bincount(nuclei.ravel(), minlength=n) * per_um2
    body_um2 = np.bincount(bodies.ravel(), minlength=n) * per_um2
    owner: dict[int, int] = {}
    points: dict[int, NDArray[np.int32]] = {}
    places = find_objects(bodies)
    for a, b in _touching(bodies):
        one, other = owner.get(a, a), owner.get(b, b)
        nuclear, whole = nucleus_um2[one] + nucleus_um2[other], body_um2[one] + body_um2[other]
        if one == other or min(nucleus_um2[one], nucleus_um2[other]) > _LARGEST_LOBE_UM2:
            continue
        if nuclear > _MOST_NUCLEUS * whole or whole > _LARGEST_CELL_UM2:
            continue
        for number in (one, other):
            if number not in points:
                points[number] = _hull(bodies, number, places[number - 1])
        hull = cv2.convexHull(np.concatenate([points[one], points[other]])).reshape(-1, 2)
        _, sides, _ = cv2.minAreaRect(hull)
        is_full = whole > _FULL_BODY * cv2.contourArea(hull) * per_um2
        if is_full and max(sides) <= _ROUND_BODY * min(sides):
            owner |= {number: one for number, mine in owner.items() if mine == other}
            owner[other] = one
            points[one] = hull
            nucleus_um2[one], body_um2[one] = nuclear, whole
    return owner


def _hull(bodies: Labels, number: int, place: tuple[slice, slice]) -> NDArray[np.int32]:
    """Corners of the hull of one body, (N, 2) x and y, of which its place is known."""
    mask = (bodies[place] == number).astype(np.uint8)
    corner = (place[1].start, place[0].start)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=corner)
    hull: NDArray[np.int32] = cv2.convexHull(np.concatenate(outlines)).reshape(-1, 2)
    return hull


def _touching(labels: Labels) -> list[tuple[int, int]]:
    """Pairs of labels that lie beside each other, at most two pixels apart."""
    pairs = []
    for here, there in ((labels[:, :-2], labels[:, 2:]), (labels[:-2], labels[2:])):
        is_border = (here != there) & (here > 0) & (there > 0)
        pairs.append(np.sort(np.stack([here[is_border], there[is_border]], 1), axis=1))
    found = np.unique(np.concatenate(pairs), axis=0)
    return [(int(a), int(b)) for a, b in found]


def _disc(radius_um: float, um_per_px: float) -> Mask:
    size = 2 * max(1, round(radius_um / um_per_px)) + 1
    disc: Mask = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return disc
