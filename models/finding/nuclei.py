"""Where nuclei are: stained parts, touching ones parted, the lobes of one nucleus joined."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects
from skimage.segmentation import expand_labels, watershed

from models.finding.reconstruction import reconstructed

Floats = NDArray[np.float32]
Levels = NDArray[np.uint8]
Labels = NDArray[np.int32]
Mask = NDArray[np.uint8]

# All in µm or µm². What is thinner than this is no nucleus.
_THIN_UM = 0.8
# Parts of less than this are specks; nuclei have more than the other, whole ones.
_LEAST_PART_UM2 = 2.0
LEAST_NUCLEUS_UM2 = 11.0
LEAST_CUT_OFF_UM2 = 6.0
# Lobes of one nucleus lie at most that far apart and hold at most so much together.
_GAP_UM = 2.0
_LARGEST_UM2 = 130.0
# Up to this area in µm² a part may be a lobe, if the two span at most so many µm and at most this
# share of the hull around them is empty slide: the lobes of one cell lie in its cytoplasm, and
# two touching cells leave notches. Of pairs of parts in bccd, raabin and bcd that lie in one
# true box, 9 of 10 have 0.03 and less; of pairs in two cells of drawn fields, 9 of 10 have more.
_SURELY_LOBE_UM2 = 14.0
_LOBES = ((_SURELY_LOBE_UM2, 15.5, 0.2), (24.0, 15.5, 0.06), (55.0, 16.8, 0.03))
# Two parts above this area that are as full as round ones and span such a hull are two nuclei.
_WHOLE_UM2 = 24.0
_FULL = 0.93
_LONG_PAIR = 1.7
# Where the two together are as small and as round as one nucleus, more may be empty.
_ROUND_UM = 12.5
_ROUND_PAIR = 1.6
_EMPTY_ABOUT_ROUND = 0.12
# A bulge is a part of its own where the neck is narrower than this share of it.
_NECK_SHARE = 0.8
# Three nuclei that touch in a triangle: larger together than this, less full than one, with three
# notches of at least that depth, and cut there three parts alike, each about as full as a disc.
_LEAST_THREE_UM2 = 60.0
_FULL_THREE = 0.96
_LEAST_NOTCH_UM = 0.6
_ALIKE = 0.6
_FULL_THIRD = 0.9


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stained part in a tile: its number, its hull's points (N, 2) and its area in px."""

    number: int
    points: NDArray[np.int32]
    area_px: float

    @property
    def fullness(self) -> float:
        """Its area as a share of its hull's."""
        return self.area_px / max(1.0, float(cv2.contourArea(self.points)))


def nucleus_labels(levels: Levels, empty: Mask, *, threshold: float, um_per_px: float) -> Labels:
    """Number of the nucleus at each pixel of a tile, (h, w) int32; 0 where there is none.

    Args:
        levels: (h, w) uint8, density of nuclear stain (see `nuclear_levels`).
        empty: (h, w) uint8, 1 where nothing lies on the slide.
        threshold: Level above which a pixel is stained.
        um_per_px: Scale of the tile.
    """
    mask = _stained(levels, threshold, um_per_px)
    parts = _threes_parted(_parted(mask, um_per_px), um_per_px)
    return _joined(parts, empty, um_per_px)


def lobe_labels(nucleus: Mask, *, um_per_px: float) -> Labels:
    """Number of the lobe at each pixel of one nucleus, (h, w) int32; 0 outside."""
    return _parted(nucleus, um_per_px)


def _stained(levels: Levels, threshold: float, um_per_px: float) -> Mask:
    """Where more than the threshold is, without what is thin, holes filled."""
    size = 2 * max(1, round(_THIN_UM / um_per_px / 2)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    mask = (levels > threshold).astype(np.uint8)
    mask = cv2.morphologyEx(_framed(mask, size), cv2.MORPH_OPEN, kernel)
    mask = mask[size:-size, size:-size]
    _, numbers, boxes, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    is_hole = boxes[:, cv2.CC_STAT_AREA] < 4.0 / um_per_px**2
    is_hole[0] = False
    filled: Mask = mask.copy()
    filled[is_hole[numbers]] = 1
    return filled


def _framed(mask: Mask, width: int) -> Mask:
    """The mask with its edge carried on outwards, so that cells at the edge aren't pinched."""
    framed: Mask = cv2.copyMakeBorder(mask, *4 * (width,), cv2.BORDER_REPLICATE)
    return framed


def _parted(mask: Mask, um_per_px: float) -> Labels:
    """Number of the bulge at each pixel of the mask: touching nuclei, and lobes, apart."""
    distance = cv2.distanceTransform(_framed(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    distance = cv2.GaussianBlur(distance, (0, 0), 0.3 / um_per_px) * mask
    lowered = np.minimum(distance * _NECK_SHARE, distance - 0.25 / um_per_px)
    lowered = np.maximum(lowered, 0)
    filled = reconstructed(lowered, distance)
    tops = (distance > 0) & (filled <= lowered + 1e-4)
    summit = (distance > 0) & (cv2.dilate(filled, np.ones((3, 3), np.uint8)) == filled)
    n, plateaus = cv2.connectedComponents(summit.astype(np.uint8), connectivity=8)
    has_top = np.zeros(n, np.bool_)
    has_top[plateaus[tops]] = True
    has_top[0] = False
    markers = np.where(has_top[plateaus], plateaus, 0)
    return _flooded(-distance, markers, mask)


def _flooded(depth: Floats, markers: Labels, mask: Mask) -> Labels:
    """The mask's pixels, flooded from the markers (watershed, 4-neighbours), (h, w) int32.

    Most parts hold one marker, and need no flood: they are its own as a whole.
    """
    n, parts = cv2.connectedComponents(mask, connectivity=4)
    of_part = np.zeros(n, np.int32)
    is_marked = markers > 0
    parts_marked, numbers = parts[is_marked], markers[is_marked]
    of_part[parts_marked] = numbers
    is_shared = np.zeros(n, np.bool_)
    is_shared[parts_marked[of_part[parts_marked] != numbers]] = True
    of_part[is_shared] = 0
    labels: Labels = of_part[parts]
    if is_shared.any():
        where = is_shared[parts]
        labels += watershed(depth, np.where(where, markers, 0), mask=where).astype(np.int32)
    return labels


def _threes_parted(labels: Labels, um_per_px: float) -> Labels:
    """The labels with three nuclei that touch in a triangle apart.

    The widest circle in such a clump lies in its middle, so that no neck parts them; from each of
    its three notches a cut goes to the middle. Cut is what leaves three parts, alike and full.
    """
    parted, n = labels, int(labels.max())
    for part in _parts(labels, um_per_px):
        if part.area_px * um_per_px**2 < _LEAST_THREE_UM2 or part.fullness >= _FULL_THREE:
            continue
        left, top, width, height = cv2.boundingRect(part.points)
        place = (slice(top, top + height), slice(left, left + width))
        mask = (labels[place] == part.number).astype(np.uint8)
        thirds = _thirds(mask, um_per_px)
        if thirds is None:
            continue
        if parted is labels:
            parted = labels.copy()
        parted[place][mask > 0] = (thirds + n)[mask > 0]
        n += 3
    return parted


def _thirds(mask: Mask, um_per_px: float) -> Labels | None:
    """Numbers 1 to 3 of the parts that three cuts from notch to middle leave, or None."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea).reshape(-1, 2)
    hull = cv2.convexHull(outline, returnPoints=False)
    defects = cv2.convexityDefects(outline, hull)
    if defects is None or len(defects) < 3:
        return None
    defects = defects.reshape(-1, 4)
    deepest = defects[np.argsort(-defects[:, 3])][:4]
    depths_um = deepest[:, 3] / 256 * um_per_px
    if depths_um[2] < _LEAST_NOTCH_UM or (depths_um[3:] > _LEAST_NOTCH_UM).any():
        return None
    notches = outline[deepest[:3, 2]]
    middle = tuple(int(at) for at in notches.mean(axis=0).round())
    cut = mask.copy()
    for notch in notches:
        cv2.line(cut, (int(notch[0]), int(notch[1])), middle, 0, 1, cv2.LINE_4)
    n, numbers, boxes, _ = cv2.connectedComponentsWithStats(cut, connectivity=4)
    largest = 1 + np.argsort(-boxes[1:, cv2.CC_STAT_AREA])[:3]
    areas = boxes[largest, cv2.CC_STAT_AREA]
    if n < 4 or areas[2] < _ALIKE * areas[0] or areas[2] * um_per_px**2 < LEAST_NUCLEUS_UM2:
        return None
    new = np.zeros(n, np.int32)
    new[largest] = (1, 2, 3)
    thirds: Labels = watershed(np.zeros(mask.shape), new[numbers], mask=mask > 0).astype(np.int32)
    parts = _parts(thirds, um_per_px)
    return thirds if min(part.fullness for part in parts) >= _FULL_THIRD else None


def _parts(labels: Labels, um_per_px: float) -> list[Part]:
    parts = []
    areas = np.bincount(labels.ravel())
    for number, box in enumerate(find_objects(labels), start=1):
        if box is None or areas[number] * um_per_px**2 < _LEAST_PART_UM2:
            continue
        mask = (labels[box] == number).astype(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        corner = np.array([box[1].start, box[0].start])
        points = np.concatenate(outlines).reshape(-1, 2) + corner
        hull = cv2.convexHull(points.astype(np.int32)).reshape(-1, 2)
        parts.append(Part(number=number, points=hull, area_px=float(areas[number])))
    return parts


def _joined(labels: Labels, empty: Mask, um_per_px: float) -> Labels:
    """The labels with the lobes of one nucleus under one number, specks left out."""
    groups = {part.number: part for part in _parts(labels, um_per_px)}
    kept = np.zeros(int(labels.max()) + 1, np.int32)
    kept[list(groups)] = list(groups)
    labels = kept[labels]
    owner = {number: number for number in groups}

    def root(number: int) -> int:
        while owner[number] != number:
            number = owner[number]
        return number

    for a, b in _neighbours(labels, _GAP_UM / um_per_px):
        one, other = root(a), root(b)
        if one == other:
            continue
        union = _union(groups[one], groups[other])
        if _is_one_nucleus(groups[one], groups[other], union, empty, um_per_px):
            owner[other] = one
            groups[one] = union
    new = np.zeros_like(kept)
    for number in groups:
        new[number] = root(number)
    return new[labels]


def _union(one: Part, other: Part) -> Part:
    hull = cv2.convexHull(np.concatenate([one.points, other.points])).reshape(-1, 2)
    return Part(number=one.number, points=hull, area_px=one.area_px + other.area_px)


def _neighbours(labels: Labels, gap_px: float) -> list[tuple[int, int]]:
    """Pairs of parts at most that far apart, those first that share the longest border."""
    grown = expand_labels(labels, gap_px / 2 + 1)
    pairs = []
    for here, there in ((grown[:, :-1], grown[:, 1:]), (grown[:-1], grown[1:])):
        is_border = (here != there) & (here > 0) & (there > 0)
        pairs.append(np.sort(np.stack([here[is_border], there[is_border]], 1), axis=1))
    found, counts = np.unique(np.concatenate(pairs), axis=0, return_counts=True)
    return [(int(a), int(b)) for a, b in found[np.argsort(-counts, kind="stable")]]


def _is_one_nucleus(one: Part, other: Part, union: Part, empty: Mask, um_per_px: float) -> bool:
    """Whether two parts are lobes of one nucleus, by their sizes and what lies between them."""
    (_, _), sides, _ = cv2.minAreaRect(union.points)
    long, short = max(sides) * um_per_px, max(0.1, min(sides) * um_per_px)
    smaller = min(one.area_px, other.area_px) * um_per_px**2
    if union.area_px * um_per_px**2 > _LARGEST_UM2:
        return False
    are_round = smaller > _WHOLE_UM2 and min(one.fullness, other.fullness) > _FULL
    if are_round and long / short > _LONG_PAIR:
        return False
    if smaller > _SURELY_LOBE_UM2 and long <= _ROUND_UM and long / short <= _ROUND_PAIR:
        return _empty_share(union.points, empty) <= _EMPTY_ABOUT_ROUND
    for most_um2, most_um, most_empty in _LOBES:
        if smaller <= most_um2:
            return long <= most_um and _empty_share(union.points, empty) <= most_empty
    return False


def _empty_share(hull: NDArray[np.int32], empty: Mask) -> float:
    left, top = hull.min(axis=0)
    right, bottom = hull.max(axis=0) + 1
    inside = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(inside, hull - (left, top), 1)
    return float((empty[top:bottom, left:right] & inside).sum() / inside.sum())
