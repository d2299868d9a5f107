"""The step that parts touching cells: a watershed of the distance to the background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.preprocessing.pixels import blackened, is_black
from models.preprocessing.spec import Mask, Rgb, StepParameter, StepSpec
from models.preprocessing.threshold import otsu_mask

# Numbers of cells, exact in float32, which OpenCV can dilate.
Numbers = NDArray[np.float32]

_NEIGHBOURS = np.ones((3, 3), np.uint8)
_MIN_DEPTH_PX = np.float32(1.5)  # a bump of the outline that is flatter than this is no cell
_WORK_PX = 1024  # long side that the watershed runs at; larger pictures are cut along its lines


def watershed_split(rgb: Rgb, *, foreground: str, neck_share: float, smooth_px: int) -> Rgb:
    """The picture with the background black and a black line between touching cells.

    Args:
        rgb: (h, w, 3) uint8.
        foreground: "otsu" takes what is dark in the picture; "not_black" takes what a
            segmentation before this step has left.
        neck_share: Two cells are parted where the neck between them is narrower than this share
            of the smaller one's width, 0 to 1.
        smooth_px: Side of the median that removes specks and pinholes from the foreground,
            odd; 1 for none.

    The line is 1 px wide and parts the cells for 8-connected counting too. In pictures with a
    side above 1024 px the cells are parted at that size, and the line is drawn at full size.
    """
    mask = otsu_mask(rgb, channel="green", keep="dark") if foreground == "otsu" else ~is_black(rgb)
    small = mask.astype(np.uint8)
    height, width = mask.shape
    scale = _WORK_PX / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = (cv2.resize(small * 255, size, interpolation=cv2.INTER_AREA) > 127).astype(np.uint8)
    if smooth_px > 1:
        small = cv2.medianBlur(small, smooth_px)
    cells = parted_cells(small, neck_share)
    if scale < 1:
        cells = cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST)
    return blackened(rgb, (cells > 0) & ~_lines(cells))


def parted_cells(mask: NDArray[np.uint8], neck_share: float) -> Numbers:
    """Number of the cell at each pixel, (h, w) float32; 0 is background.

    Args:
        mask: (h, w) uint8, 1 where cells are.
        neck_share: As in watershed_split.
    """
    if mask.all():
        return np.ones(mask.shape, np.float32)
    # The frame keeps a cell at the picture's edge from being pinched there.
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    distance: NDArray[np.float32] = cv2.distanceTransform(
        framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )[1:-1, 1:-1]
    return _flooded(_markers(distance, neck_share), distance)


def _markers(distance: NDArray[np.float32], neck_share: float) -> Numbers:
    """One number for each peak that stands out of its surroundings, on the peak's summit.

    A peak stands out where every way from it to a higher one passes a neck lower than
    neck_share times the peak: the maxima of a morphological reconstruction (Vincent 1993).
    """
    lowered = np.minimum(distance * np.float32(neck_share), distance - _MIN_DEPTH_PX)
    lowered = np.maximum(lowered, np.float32(0.0))
    filled = lowered
    while True:
        grown = np.minimum(cv2.dilate(filled, _NEIGHBOURS), distance)
        if np.array_equal(grown, filled):
            break
        filled = grown
    tops = (distance > 0) & (filled <= lowered)
    # Peaks of like height may share one plateau of the reconstruction: they are one cell.
    summit = (distance > 0) & (cv2.dilate(filled, _NEIGHBOURS) == filled)
    _, plateaus = cv2.connectedComponents(summit.astype(np.uint8), connectivity=8)
    has_top = np.zeros(int(plateaus.max()) + 1, np.bool_)
    has_top[plateaus[tops]] = True
    return np.where(has_top[plateaus], plateaus, 0).astype(np.float32)


def _flooded(markers: Numbers, distance: NDArray[np.float32]) -> Numbers:
    """The markers grown downhill, level by level, until they meet or reach the background."""
    cells = markers
    for level in range(int(distance.max()), -1, -1):
        is_open: Mask = (distance > level) & (cells == 0)
        while is_open.any():
            grown = cv2.dilate(cells, _NEIGHBOURS)
            reached = is_open & (grown > 0)
            if not reached.any():
                break
            cells = np.where(reached, grown, cells)
            is_open &= ~reached
    return cells


def _lines(cells: Numbers) -> Mask:
    """Where a pixel of one cell touches another cell to the right, below, or diagonally below."""
    lines: Mask = np.zeros(cells.shape, np.bool_)
    for here, there in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    ):
        lines[here] |= (cells[here] != cells[there]) & (cells[here] > 0) & (cells[there] > 0)
    return lines


WATERSHED_SPLIT = StepSpec(
    title="Watershed split of touching cells",
    description=(
        "Draws a black line where two cells touch, so that they can be counted and looked at "
        "one by one. Lobed nuclei may be parted too: lower the neck to keep them whole."
    ),
    source=(
        "Vincent and Soille 1991, IEEE Trans. Pattern Anal. Mach. Intell. 13:583–598 (flooding); "
        "Vincent 1993, IEEE Trans. Image Process. 2:176–201 (markers by reconstruction). HSV "
        "colour-based watershed: reviewed by Murtoza et al. 2023."
    ),
    parameters={
        "foreground": StepParameter(
            kind="choice",
            default="otsu",
            choices=("otsu", "not_black"),
            description="What is a cell: what is dark, or what a segmentation before has left.",
        ),
        "neck_share": StepParameter(
            kind="float",
            default=0.8,
            low=0.1,
            high=0.99,
            unit="share",
            description="Cells are parted where the neck is narrower than this share of the "
            "smaller one's width.",
        ),
        "smooth_px": StepParameter(
            kind="int",
            default=5,
            low=1,
            high=31,
            unit="px",
            odd=True,
            description="Side of the median that removes specks and pinholes; 1 for none.",
        ),
    },
    apply=lambda rgb, parameters: watershed_split(rgb, **parameters),
)
