"""Every nucleated cell of a smear field: where it is, how far it reaches, and how large it is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from models.finding.bodies import body_labels, lobes_in_one_body, one_body
from models.finding.field import Scale, light_of, scale_of
from models.finding.morphology import Morphology, measure_cell
from models.finding.nuclei import LEAST_CUT_OFF_UM2, LEAST_NUCLEUS_UM2, nucleus_labels
from models.finding.stain import (
    Counts,
    Levels,
    counts_of,
    empty_density,
    nuclear_level,
    stain_levels,
)
from models.image.counts import level_counts, percentile_of_counts
from models.image.scale import shrunk

Announce = Callable[[float], None]
Box = tuple[int, int, int, int]

# Cells are looked for at this scale; finer pictures are shrunk to it, coarser ones stay.
_WORKING_UM_PER_PX = 0.2
# Side of a tile at that scale, and how far it reaches into its neighbours: more than two cells.
_TILE_PX = 1024
_OVERLAP_PX = 192
# Tiles looked at at once: OpenCV works while Python waits.
_THREADS = 2
# A nucleus whose deeper quarter begins below this multiple of the threshold is a red cell or dirt.
_LEAST_CONTRAST = 1.15
# A cell is cut off where so much of its outline's box lies at the picture's edge, in µm.
_CUT_OFF_UM = 2.0
_SMALL_SIDE_PX = 512


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """One nucleated cell of a field; all in pixels of the original.

    Attributes:
        number: From 1, in reading order.
        centre: (x, y) the middle of its nucleus.
        box: x, y, width, height of the cell.
        nucleus_box: x, y, width, height of its nucleus, lobes together.
        outline: (N, 2) int32, read-only: the corners of the cell's outline.
        nucleus_outlines: The same for each lobe of the nucleus that lies apart.
        is_cut_off: Whether the edge of the picture cuts it: it is not to be counted.
        morphology: What was measured of it, at 0.2 µm per pixel.
    """

    number: int
    centre: tuple[float, float]
    box: Box
    nucleus_box: Box
    outline: NDArray[np.int32]
    nucleus_outlines: tuple[NDArray[np.int32], ...]
    is_cut_off: bool
    morphology: Morphology

    def __post_init__(self) -> None:
        for outline in (self.outline, *self.nucleus_outlines):
            outline.setflags(write=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundCells:
    """The nucleated cells of one field.

    Attributes:
        cells: In reading order.
        width_px, height_px: Size of the field.
        scale: µm per pixel, and what told it.
        light: (3,) the colour of the empty slide, 0 to 255.
    """

    cells: tuple[Cell, ...]
    width_px: int
    height_px: int
    scale: Scale
    light: tuple[float, float, float]

    @property
    def whole(self) -> tuple[Cell, ...]:
        """The cells that the edge does not cut: those that count."""
        return tuple(cell for cell in self.cells if not cell.is_cut_off)


def find_cells(
    rgb: np.ndarray, *, um_per_px: float | None = None, announce: Announce | None = None
) -> FoundCells:
    """The nucleated cells of a smear field, each once, whatever its size.

    A field is looked at in tiles that overlap, at 0.2 µm per pixel. The scale is the file's own,
    or told by the field: red cells are 7.2 µm across; without any, nuclei are about 8.5 µm.

    Args:
        rgb: (H, W, 3) uint8.
        um_per_px: Scale that the file declares, of a `Micrograph`.
        announce: Told the share of the field that is done, 0 to 1.
    """
    height, width = rgb.shape[:2]
    light = light_of(rgb)
    empty_below = empty_density(np.ascontiguousarray(shrunk(rgb, _SMALL_SIDE_PX)), light)
    scale = scale_of(rgb, light, empty_below, um_per_px=um_per_px)
    cells: list[Cell] = []
    if scale.um_per_px is not None and light.any():
        working = _Working.of(rgb, scale.um_per_px)
        tiles = working.tiles()
        with ThreadPoolExecutor(_THREADS) as threads:
            count = partial(_counts, working, light, empty_below)
            level = nuclear_level(np.sum(list(threads.map(count, working.strips())), axis=0))
            look = partial(_cells_of_tile, working, light, empty_below, level)
            for n_done, found in enumerate(threads.map(look, tiles), start=1):
                cells += found
                if announce is not None:
                    announce(n_done / len(tiles))
    ordered = sorted(_once(cells), key=lambda cell: (cell.centre[1], cell.centre[0]))
    return FoundCells(
        cells=tuple(_numbered(cell, number) for number, cell in enumerate(ordered, start=1)),
        width_px=width,
        height_px=height,
        scale=scale,
        light=(float(light[0]), float(light[1]), float(light[2])),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tile:
    """A part of the field at the working scale; left and top in that scale's pixels.

    `core` is what it answers for: left, top, right, bottom; its margin belongs to neighbours.
    """

    rgb: np.ndarray
    left: int
    top: int
    core: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Working:
    """The field at the working scale.

    Attributes:
        rgb: (h, w, 3) uint8.
        times: Pixels of the original for one of these, along x and y.
        um_per_px: Its scale.
    """

    rgb: np.ndarray
    times: tuple[float, float]
    um_per_px: float

    @classmethod
    def of(cls, rgb: np.ndarray, um_per_px: float) -> _Working:
        height, width = rgb.shape[:2]
        factor = min(1.0, um_per_px / _WORKING_UM_PER_PX)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = rgb if factor == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        return cls(
            rgb=small,
            times=(width / size[0], height / size[1]),
            um_per_px=um_per_px * width / size[0],
        )

    def strips(self) -> list[tuple[int, int]]:
        """From which row to which the field is cut in strips of about a tile's area."""
        height, width = self.rgb.shape[:2]
        n_rows = max(1, _TILE_PX**2 // width)
        return [(top, min(height, top + n_rows)) for top in range(0, height, n_rows)]

    def tiles(self) -> list[_Tile]:
        """Tiles that overlap and cover the field."""
        height, width = self.rgb.shape[:2]
        tiles = []
        for top, left in ((y, x) for y in _starts(height) for x in _starts(width)):
            part = self.rgb[top : top + _TILE_PX, left : left + _TILE_PX]
            first_x, last_x = _core(left, part.shape[1], width)
            first_y, last_y = _core(top, part.shape[0], height)
            core = (first_x, first_y, last_x, last_y)
            tiles.append(_Tile(rgb=part, left=left, top=top, core=core))
        return tiles


def _starts(side: int) -> list[int]:
    """Where tiles begin along a side."""
    step = _TILE_PX - _OVERLAP_PX
    return [*range(0, max(1, side - _OVERLAP_PX), step)]


def _core(start: int, length: int, side: int) -> tuple[float, float]:
    """From where to where a tile answers: half of each overlap, all of it at the field's edge."""
    first = start + _OVERLAP_PX / 2 if start > 0 else -1.0
    last = start + length - _OVERLAP_PX / 2 if start + length < side else side + 1.0
    return first, last


def _counts(
    working: _Working, light: np.ndarray, empty_below: float, rows: tuple[int, int]
) -> Counts:
    """How many pixels of a strip have each level of stain, (256,)."""
    top, bottom = rows
    above = min(1, top)  # a pixel's level is that of its 3 × 3 neighbours
    strip = np.ascontiguousarray(working.rgb[top - above : bottom + 1])
    levels, _ = stain_levels(strip, light, empty_below)
    return counts_of(levels[above : above + bottom - top])


def _cells_of_tile(
    working: _Working, light: np.ndarray, empty_below: float, level: float, tile: _Tile
) -> list[Cell]:
    rgb = np.ascontiguousarray(tile.rgb)
    levels, empty = stain_levels(rgb, light, empty_below)
    um_per_px = working.um_per_px
    nuclei = nucleus_labels(levels, empty, threshold=level, um_per_px=um_per_px)
    if not nuclei.any():
        return []
    bodies = body_labels(rgb, nuclei, empty, um_per_px=um_per_px)
    lobes = lobes_in_one_body(nuclei, bodies, um_per_px=um_per_px)
    if lobes:
        renumbered = np.arange(int(bodies.max()) + 1, dtype=np.int32)
        renumbered[list(lobes)] = list(lobes.values())
        nuclei, bodies = renumbered[nuclei], renumbered[bodies]
    cells = []
    for number, place in enumerate(find_objects(bodies), start=1):
        if place is None:
            continue
        nucleus = (nuclei[place] == number).astype(np.uint8)
        if not _may_be_one(working, tile, place, nucleus, levels, level):
            continue
        body = (bodies[place] == number).astype(np.uint8)
        body = one_body(body, nucleus, um_per_px=um_per_px)
        cell = _cell(working, tile, place, body, nucleus, light)
        if cell.is_cut_off or cell.morphology.nucleus_area_um2 >= LEAST_NUCLEUS_UM2:
            cells.append(cell)
    return cells


def _may_be_one(
    working: _Working,
    tile: _Tile,
    place: tuple[slice, slice],
    nucleus: NDArray[np.uint8],
    levels: Levels,
    level: float,
) -> bool:
    """Whether this tile answers for a nucleus, and it is large and deep enough for one at the edge.

    Looked at first, since all else takes longer.
    """
    counts = level_counts(levels[place], 256, mask=nucleus.view(np.bool_))
    area_px = int(counts.sum())
    if area_px == 0 or area_px * working.um_per_px**2 < LEAST_CUT_OFF_UM2:
        return False
    x, y = _middle_of(nucleus)
    x, y = x + tile.left + place[1].start, y + tile.top + place[0].start
    if not (tile.core[0] <= x < tile.core[2] and tile.core[1] <= y < tile.core[3]):
        return False
    return percentile_of_counts(counts, 75) >= _LEAST_CONTRAST * level


def _middle_of(nucleus: NDArray[np.uint8]) -> tuple[float, float]:
    """x and y of the mean of its pixels."""
    ys, xs = np.nonzero(nucleus)
    return float(xs.mean()), float(ys.mean())


def _cell(
    working: _Working,
    tile: _Tile,
    place: tuple[slice, slice],
    body: NDArray[np.uint8],
    nucleus: NDArray[np.uint8],
    light: np.ndarray,
) -> Cell:
    """The cell of these masks in the original's pixels."""
    left, top = tile.left + place[1].start, tile.top + place[0].start
    height, width = working.rgb.shape[:2]
    times = np.array(working.times)
    x, y = _middle_of(nucleus)
    x, y = x + left, y + top
    nuclear = cv2.boundingRect(nucleus)
    outline = max(_outlines(body), key=cv2.contourArea)
    lobes = tuple(_placed(each, (left, top), times) for each in _outlines(nucleus))
    edges = (
        body[:, 0] if left == 0 else None,
        body[0] if top == 0 else None,
        body[:, -1] if left + body.shape[1] == width else None,
        body[-1] if top + body.shape[0] == height else None,
    )
    at_edge_px = max((int(edge.sum()) for edge in edges if edge is not None), default=0)
    return Cell(
        number=0,
        centre=(float((x + 0.5) * times[0]), float((y + 0.5) * times[1])),
        box=_box(left, top, left + body.shape[1], top + body.shape[0], times),
        nucleus_box=_box(
            left + nuclear[0],
            top + nuclear[1],
            left + nuclear[0] + nuclear[2],
            top + nuclear[1] + nuclear[3],
            times,
        ),
        outline=_placed(outline, (left, top), times),
        nucleus_outlines=lobes,
        is_cut_off=at_edge_px * working.um_per_px >= _CUT_OFF_UM,
        morphology=measure_cell(tile.rgb[place], body, nucleus, light, um_per_px=working.um_per_px),
    )


def _outlines(mask: NDArray[np.uint8]) -> list[NDArray[np.int32]]:
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
    return [np.asarray(outline.reshape(-1, 2)) for outline in outlines]


def _placed(
    outline: NDArray[np.int32], corner: tuple[int, int], times: NDArray[np.float64]
) -> NDArray[np.int32]:
    """An outline of a part of the working picture in the original's pixels."""
    placed: NDArray[np.int32] = np.rint((outline + corner + 0.5) * times - 0.5).astype(np.int32)
    return placed


def _box(left: int, top: int, right: int, bottom: int, times: NDArray[np.float64]) -> Box:
    x, y = int(left * times[0]), int(top * times[1])
    return x, y, round(right * times[0]) - x, round(bottom * times[1]) - y


def _once(cells: list[Cell]) -> list[Cell]:
    """The cells without those whose centre lies in the nucleus of one before them."""
    centres = np.array([cell.centre for cell in cells]).reshape(-1, 2)
    radii = np.array([min(cell.nucleus_box[2:]) / 4 for cell in cells])
    farthest = radii.max(initial=0)
    downwards = np.argsort(centres[:, 1])
    ys = centres[downwards, 1]
    first, last = (
        np.searchsorted(ys, centres[:, 1] - farthest),
        np.searchsorted(ys, centres[:, 1] + farthest, side="right"),
    )
    is_kept = np.zeros(len(cells), np.bool_)
    for i, centre in enumerate(centres):
        near = downwards[first[i] : last[i]]
        near = near[is_kept[near]]
        away = np.linalg.norm(centres[near] - centre, axis=1)
        is_kept[i] = not (away < radii[near]).any()
    return [cell for cell, keep in zip(cells, is_kept, strict=True) if keep]


def _numbered(cell: Cell, number: int) -> Cell:
    return replace(cell, number=number)
