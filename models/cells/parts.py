"""The parts of a picture that can be taken away: its cells, the parts of one cell, or blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from models.finding.find import Cell, FoundCells, find_cells
from models.image.cell_mask import background_colour, has_no_smear
from models.image.scale import shrunk
from models.preprocessing import StepPicture
from models.preprocessing.cell_sheet import EMPTY_LEVEL

Kind = Literal["cells", "parts", "blocks"]
Region = tuple[float, float, float, float]
Outline = NDArray[np.int32]

MOST_CELLS = 120
"""Number of cells that are weighed, the largest; the others go only when all go."""
BLOCKS_PER_SIDE = 6
NAMES_OF_PARTS = ("nucleus", "cytoplasm", "surroundings")

# Cells are looked for on a picture of at most this side: a network sees fewer pixels still.
_LOOKED_AT_PX = 1600
# So far beyond a cell's outline its stain still shows, in µm.
_HALO_UM = 1.0
_NUCLEAR_HALO_UM = 0.4
# A picture is of one cell where that is at least this share of its shorter side, and no other
# cell is whole.
_SINGLE_CELL_SHARE = 0.2
_MOST_BESIDE = 3
_INPAINT_RADIUS_PX = 3
_EDGE_SIGMA_PX = 0.8
# As in training.audits.saliency_fidelity: a cell of a quarter of the side leaves a faint stain.
_BLUR_SHARE = 0.08


@dataclass(frozen=True, kw_only=True, eq=False)
class PicturePart:
    """A part of a picture.

    Attributes:
        name: "cell 3", "nucleus" or "block 2, 5" (row and column).
        outlines: (N, 2) int32 each, read-only, in pixels of the original; what lies in an odd
            number of them is the part.
    """

    name: str
    outlines: tuple[Outline, ...]

    def __post_init__(self) -> None:
        for outline in self.outlines:
            outline.setflags(write=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureParts:
    """The parts of one picture.

    Attributes:
        kind: "cells" of a field, "parts" of the one cell that it shows, or "blocks" of what has
            no cells that can be told apart.
        parts: Those that are weighed one by one.
        rest: Cells beyond `MOST_CELLS`.
        um_per_px: Of the original; None where nothing tells.
        are_all_that_is_seen: Whether the network sees nothing but the parts: a sheet of cells.
    """

    kind: Kind
    parts: tuple[PicturePart, ...]
    rest: tuple[PicturePart, ...] = ()
    um_per_px: float | None = None
    are_all_that_is_seen: bool = False


def parts_of(rgb: np.ndarray, region: Region, *, um_per_px: float | None = None) -> PictureParts:
    """The parts of what a network sees of a picture.

    Cells are found in the original, where their colour and scale are as the finder knows them: the
    steps of a model may turn colours to grey or leave few pixels for a cell. One of more than
    1,600 px a side is shrunk to that first, so that its cells may be others than those of the page
    Fields, and their numbers, too; in a smaller one both are the same.

    Args:
        rgb: (H, W, 3) uint8, the original.
        region: What the network sees of it, (left, top, right, bottom) in its pixels.
        um_per_px: Scale that its file declares.
    """
    if has_no_smear(rgb):
        return _blocks(region, rgb.shape)
    small = np.ascontiguousarray(shrunk(rgb, _LOOKED_AT_PX))
    times = rgb.shape[1] / small.shape[1]
    found = find_cells(small, um_per_px=None if um_per_px is None else um_per_px * times)
    cells = [cell for cell in found.cells if _is_seen(cell, region, times)]
    if not cells or found.scale.um_per_px is None:
        return _blocks(region, rgb.shape)
    scale = found.scale.um_per_px / times
    single = _single_cell(found, cells, region, times)
    if single is not None:
        return PictureParts(
            kind="parts", parts=_parts_of_cell(single, region, times), um_per_px=scale
        )
    largest = sorted(cells, key=lambda cell: -cell.morphology.area_um2)[:MOST_CELLS]
    weighed = {cell.number for cell in largest}
    named = [
        (
            cell.number,
            PicturePart(name=f"cell {cell.number}", outlines=(_placed(cell.outline, times),)),
        )
        for cell in cells
    ]
    return PictureParts(
        kind="cells",
        parts=tuple(part for number, part in named if number in weighed),
        rest=tuple(part for number, part in named if number not in weighed),
        um_per_px=scale,
    )


def parts_seen(
    rgb: np.ndarray, picture: StepPicture, *, um_per_px: float | None = None
) -> PictureParts:
    """The parts of what a network sees: of a sheet its tiles, else as of `parts_of`.

    Args:
        rgb: (H, W, 3) uint8, the original.
        picture: What the network sees of it.
        um_per_px: Scale that its file declares.
    """
    if not picture.is_sheet:
        return parts_of(rgb, picture.region, um_per_px=um_per_px)
    parts = tuple(
        PicturePart(name=f"cell {number}", outlines=(_rectangle(tile),))
        for number, tile in enumerate(picture.tiles, start=1)
    )
    return PictureParts(kind="cells", parts=parts, are_all_that_is_seen=True)


class ErasablePicture:
    """What a network sees of a picture, with parts that can be taken away in any number.

    Every part is filled from one picture without any of them, so that no neighbour is smeared into
    the gap, and what is left when all are gone is the same in whatever order they went. Cells are
    painted over from their surroundings (Telea 2004, "An image inpainting technique based on the
    fast marching method"); a nucleus alone from its cytoplasm; surroundings with the colour of the
    empty slide; blocks are blurred; a tile of a sheet is emptied.
    """

    def __init__(self, picture: StepPicture, parts: PictureParts) -> None:
        """Prepare the picture that the network sees."""
        self._rgb = picture.rgb
        masks = part_masks(parts, picture)
        rest = _filled(parts.rest, picture, _halo_px(parts, picture, _HALO_UM))
        self.masks = masks
        self._kind = parts.kind
        soft = not picture.is_sheet  # its tiles don't see each other
        self._patches = [_Patch.of(mask, soft=soft) for mask in masks]
        self._rest = _Patch.of(np.asarray(rest.any(axis=0)), soft=soft) if len(rest) else None
        self._clean, self._clean_nucleus = self._without_parts(masks, rest, picture, parts)

    def without(self, gone: Sequence[int], *, rest_too: bool = False) -> np.ndarray:
        """The picture without these parts, by number, as (px, px, 3) uint8.

        Args:
            rest_too: Whether the cells that are not weighed go, too.
        """
        rgb = self._rgb.astype(np.float32)
        for number in gone:
            clean = self._clean
            if self._kind == "parts" and number == 0 and 1 not in gone:
                clean = self._clean_nucleus
            elif self._kind == "parts" and number == 2:
                clean = np.broadcast_to(background_colour(self._rgb), rgb.shape)
            self._patches[number].fill(rgb, clean)
        if rest_too and self._rest is not None:
            self._rest.fill(rgb, self._clean)
        return np.round(rgb).astype(np.uint8)

    def _without_parts(
        self, masks: np.ndarray, rest: np.ndarray, picture: StepPicture, parts: PictureParts
    ) -> tuple[np.ndarray, np.ndarray]:
        """The picture that fills gaps, and that which fills a nucleus's; both (px, px, 3)."""
        rgb = np.ascontiguousarray(self._rgb)
        if picture.is_sheet:
            empty = np.full_like(rgb, EMPTY_LEVEL)
            return empty, empty
        if parts.kind == "blocks":
            sigma = _BLUR_SHARE * len(rgb)
            blurred = cv2.GaussianBlur(rgb, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
            return blurred, blurred
        if parts.kind == "parts":
            grown = cv2.dilate(
                masks[0].astype(np.uint8), _disc(_halo_px(parts, picture, _NUCLEAR_HALO_UM))
            )
            cell = masks[0] | masks[1]
            return _inpainted(rgb, cell), _inpainted(rgb, (grown > 0) & cell)
        gone = np.concatenate([masks, rest]).any(axis=0)
        clean = _inpainted(rgb, np.asarray(gone))
        return clean, clean


@dataclass(frozen=True, kw_only=True, eq=False)
class _Patch:
    """Where a part is on a picture: its box, and how much of each pixel it is, (h, w, 1)."""

    rows: slice
    columns: slice
    share: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray, *, soft: bool) -> _Patch:
        ys, xs = np.nonzero(mask)
        if not len(ys):
            return cls(rows=slice(0, 0), columns=slice(0, 0), share=np.zeros((0, 0, 1), np.float32))
        margin = 3
        rows = slice(max(0, int(ys.min()) - margin), int(ys.max()) + 1 + margin)
        columns = slice(max(0, int(xs.min()) - margin), int(xs.max()) + 1 + margin)
        inside = mask[rows, columns]
        share = inside.astype(np.float32)
        if soft:
            blurred = cv2.GaussianBlur(share, (0, 0), _EDGE_SIGMA_PX)
            share = np.where(inside, np.float32(1), blurred)
        return cls(rows=rows, columns=columns, share=share[..., np.newaxis])

    def fill(self, rgb: np.ndarray, clean: np.ndarray) -> None:
        """Fill the part's place in (px, px, 3) float32 from another picture."""
        here = rgb[self.rows, self.columns]
        here += self.share * (clean[self.rows, self.columns] - here)


def part_masks(parts: PictureParts, picture: StepPicture) -> np.ndarray:
    """Where each part lies on the picture that a network sees, with its halo: (n, px, px) bool."""
    if parts.kind != "parts" or picture.is_sheet:
        halo_px = _halo_px(parts, picture, _HALO_UM) if parts.kind == "cells" else 0
        return _filled(parts.parts, picture, halo_px)
    nucleus, cytoplasm, _ = _filled(parts.parts, picture, 0)
    halo = _disc(_halo_px(parts, picture, _HALO_UM))
    cell = cv2.dilate((nucleus | cytoplasm).astype(np.uint8), halo) > 0
    return np.stack([nucleus, cell & ~nucleus, ~cell])


def _is_seen(cell: Cell, region: Region, times: float) -> bool:
    """Whether the middle of a cell's nucleus lies in what the network sees."""
    x, y = cell.centre[0] * times, cell.centre[1] * times
    return region[0] <= x < region[2] and region[1] <= y < region[3]


def _single_cell(
    found: FoundCells, cells: Sequence[Cell], region: Region, times: float
) -> Cell | None:
    """The one cell that a picture is of; None where it is a field."""
    side = min(
        min(region[2], found.width_px * times) - max(region[0], 0.0),
        min(region[3], found.height_px * times) - max(region[1], 0.0),
    )
    n_whole = sum(not cell.is_cut_off for cell in cells)
    middle = np.array([(region[0] + region[2]) / 2, (region[1] + region[3]) / 2])
    nearest = min(
        cells, key=lambda cell: float(np.hypot(*(np.array(cell.centre) * times - middle)))
    )
    is_large = max(nearest.box[2:]) * times >= _SINGLE_CELL_SHARE * side
    return nearest if is_large and n_whole <= 1 and len(cells) <= _MOST_BESIDE else None


def _parts_of_cell(cell: Cell, region: Region, times: float) -> tuple[PicturePart, ...]:
    outline = _placed(cell.outline, times)
    nucleus = tuple(_placed(each, times) for each in cell.nucleus_outlines)
    outlines = (nucleus, (outline, *nucleus), (_rectangle(region), outline))
    return tuple(
        PicturePart(name=name, outlines=each)
        for name, each in zip(NAMES_OF_PARTS, outlines, strict=True)
    )


def _blocks(region: Region, shape: tuple[int, ...]) -> PictureParts:
    left, top, right, bottom = region
    columns = np.linspace(left, right, BLOCKS_PER_SIDE + 1)
    rows = np.linspace(top, bottom, BLOCKS_PER_SIDE + 1)
    height, width = shape[:2]
    parts = []
    for row in range(BLOCKS_PER_SIDE):
        for column in range(BLOCKS_PER_SIDE):
            box = (columns[column], rows[row], columns[column + 1], rows[row + 1])
            if box[0] >= width or box[1] >= height or box[2] <= 0 or box[3] <= 0:
                continue  # a bar of a letterbox
            name = f"block {row + 1}, {column + 1}"
            parts.append(PicturePart(name=name, outlines=(_rectangle(box),)))
    return PictureParts(kind="blocks", parts=tuple(parts))


def _rectangle(box: tuple[float, float, float, float]) -> Outline:
    left, top, right, bottom = (round(float(edge)) for edge in box)
    corners = [(left, top), (right - 1, top), (right - 1, bottom - 1), (left, bottom - 1)]
    return np.array(corners, np.int32)


def _placed(outline: Outline, times: float) -> Outline:
    placed: Outline = np.rint((outline + 0.5) * times - 0.5).astype(np.int32)
    return placed


def _filled(parts: Sequence[PicturePart], picture: StepPicture, halo_px: int) -> np.ndarray:
    """Where parts lie on a picture, (n, px, px) bool, as much larger as the halo is wide."""
    height, width = picture.rgb.shape[:2]
    if picture.is_sheet:
        return np.array([_on_sheet(part, picture) for part in parts]).reshape(-1, height, width)
    left, top, right, bottom = picture.region
    scale = np.array([width / (right - left), height / (bottom - top)])
    masks = np.zeros((len(parts), height, width), np.uint8)
    for mask, part in zip(masks, parts, strict=True):
        points = [
            np.rint(16 * ((outline + 0.5 - (left, top)) * scale - 0.5)).astype(np.int32)
            for outline in part.outlines
        ]
        cv2.fillPoly(mask, points, 1, shift=4)
        if halo_px:
            cv2.dilate(mask, _disc(halo_px), dst=mask)
    return masks.astype(bool)


def _on_sheet(part: PicturePart, picture: StepPicture) -> NDArray[np.bool_]:
    """The tiles of a sheet that show a part, (s, s) bool: its own, else those centred in it."""
    mask = np.zeros(picture.rgb.shape[:2], bool)
    boxes = [_rectangle(tile) for tile in picture.tiles]
    own = [n for n, box in enumerate(boxes) if np.array_equal(box, part.outlines[0])]
    for number in own or range(len(boxes)):
        x, y = (float(each) for each in boxes[number].mean(axis=0))
        if own or cv2.pointPolygonTest(part.outlines[0], (x, y), measureDist=False) >= 0:
            mask[picture.tile(number)] = True
    return mask


def _halo_px(parts: PictureParts, picture: StepPicture, halo_um: float) -> int:
    """A width in µm as pixels of the picture that a network sees, at least 1."""
    if parts.um_per_px is None:
        return 1
    left, _, right, _ = picture.region
    um_per_px = float(parts.um_per_px * (right - left) / picture.rgb.shape[1])
    return max(1, round(halo_um / um_per_px))


def _inpainted(rgb: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """The picture with what is gone painted over from around it, (px, px, 3) uint8."""
    if gone.all():
        return np.broadcast_to(background_colour(rgb), rgb.shape).astype(np.uint8)
    return np.asarray(
        cv2.inpaint(rgb, gone.astype(np.uint8), _INPAINT_RADIUS_PX, cv2.INPAINT_TELEA)
    )


def _disc(radius_px: int) -> NDArray[np.uint8]:
    size = 2 * radius_px + 1
    disc: NDArray[np.uint8] = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return disc
