"""A drawn smear field of cells of given kinds, each with its place: tests know what is in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from drawn.canvas import Canvas, Ink
from drawn.cells import CellPlan, draw_nucleated_cell, draw_platelets, draw_red_cell, draw_smudge
from drawn.errors import DrawingError
from drawn.smears import CAPTION, stain_of
from drawn.styles import (
    EOSINOPHIL,
    GRANULOCYTE,
    LYMPHOCYTE,
    MONOCYTE,
    MYELOBLAST,
    PROMYELOCYTE,
    CellKind,
)

Array = np.ndarray[Any, Any]

UM_PER_PX = 0.2
MOST_CELLS = 1000

ERYTHROBLAST = CellKind(nucleus_share=(0.4, 0.55), clumping=0.9, cytoplasm=0.7, elongation=1.08)
BASOPHIL = CellKind(
    nucleus_share=(0.45, 0.6),
    nucleus="two lobes",
    clumping=0.6,
    granules=0.35,
    granule_size=0.08,
    cytoplasm=0.5,
)


@dataclass(frozen=True, kw_only=True)
class _Look:
    """How a kind is drawn, and how wide its cells are, in µm (Bain, Blood Cells)."""

    kind: CellKind
    diameter_um: float


_LOOKS: Mapping[str, _Look] = MappingProxyType(
    {
        "blast": _Look(kind=MYELOBLAST, diameter_um=14.5),
        "immature granulocyte": _Look(kind=PROMYELOCYTE, diameter_um=16.0),
        "erythroblast": _Look(kind=ERYTHROBLAST, diameter_um=9.5),
        "lymphocyte": _Look(kind=LYMPHOCYTE, diameter_um=9.5),
        "monocyte": _Look(kind=MONOCYTE, diameter_um=16.0),
        "neutrophil": _Look(kind=GRANULOCYTE, diameter_um=13.0),
        "eosinophil": _Look(kind=EOSINOPHIL, diameter_um=13.5),
        "basophil": _Look(kind=BASOPHIL, diameter_um=12.0),
    }
)
SMUDGE = "other"
DRAWN_KINDS = (*_LOOKS, SMUDGE)
"""Kinds that can be drawn; a smudge is what is "other"."""

_RED_CELL_UM = 7.2
_PLACE_UM = 22.0  # side of the square that each cell has for itself
# A field is drawn in tiles of so many places each way: textures are made once for all of them.
_TILE_PLACES = 4
_TILE_PX = round(_TILE_PLACES * _PLACE_UM / UM_PER_PX)
_ROOM_UM = 2.0  # that is left around it at least
_OFTEN_PX = 60.0  # a red cell for so many px squared of the background, each way


@dataclass(frozen=True, kw_only=True)
class DrawnCell:
    """One cell of a drawn field.

    Attributes:
        number: From 1, in the order of the kinds that were asked for; its number in the mask.
        kind: Of `DRAWN_KINDS`.
        centre: (x, y) of the cell, in px.
        radius_px: Of the disc of its area.
    """

    number: int
    kind: str
    centre: tuple[float, float]
    radius_px: float


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnField:
    """A drawn field, and each cell in it.

    Attributes:
        rgb: (side, side, 3) uint8, read-only, at `UM_PER_PX`.
        cells: Every nucleated cell and smudge; none touches another one or the edge.
        cell_numbers: (side, side) uint16, read-only: number of the cell there, 0 for none and for
            smudges.
        caption: Says that it is drawn; show it wherever the picture is shown.
    """

    rgb: Array
    cells: tuple[DrawnCell, ...]
    cell_numbers: Array
    caption: str = CAPTION

    def __post_init__(self) -> None:
        for array in (self.rgb, self.cell_numbers):
            array.setflags(write=False)

    def at(self, x_px: float, y_px: float) -> DrawnCell | None:
        """The cell whose disc holds this point, or None."""
        for cell in self.cells:
            if math.dist((x_px, y_px), cell.centre) <= 1.15 * cell.radius_px:
                return cell
        return None


def draw_cells(kinds: Sequence[str], *, seed: int) -> DrawnField:
    """A field with one cell of each of these kinds, in places of their own; same bytes each time.

    Args:
        kinds: Of `DRAWN_KINDS`, one for each cell, 1 to 1000: ["blast"] * 20 + ["lymphocyte"] * 80.
        seed: Not negative; another seed gives other places, shapes and stain.

    Raises:
        DrawingError: A kind is unknown, there are too many, or none.
    """
    unknown = sorted({*kinds} - {*DRAWN_KINDS})
    if unknown or not 1 <= len(kinds) <= MOST_CELLS or seed < 0:
        raise DrawingError(
            f"Expected 1 to {MOST_CELLS} kinds of {', '.join(DRAWN_KINDS)} and a seed from 0, "
            f"received {len(kinds)}, with {', '.join(map(repr, unknown)) or 'no other'}, seed "
            f"{seed}."
        )
    layout, grain = (np.random.default_rng([seed, stream]) for stream in (7, 8))
    n_tiles = math.ceil(math.sqrt(1.15 * len(kinds) + 1) / _TILE_PLACES)
    ink = stain_of("Benign", patient=seed, rng=layout)
    cells = _placed(kinds, n_tiles * _TILE_PLACES, layout)
    side_px = n_tiles * _TILE_PX
    whole = Canvas(size_px=side_px, scale=1.0, stretch=1.0, rng=grain)
    tile = Canvas(size_px=_TILE_PX, scale=1.0, stretch=1.0, rng=grain)
    for top in range(0, side_px, _TILE_PX):
        for left in range(0, side_px, _TILE_PX):
            tile = tile.another()
            _draw_tile(tile, ink, cells, (left, top), layout)
            place = slice(top, top + _TILE_PX), slice(left, left + _TILE_PX)
            whole.density[place], whole.number[place] = tile.density, tile.number
    rgb = whole.expose(ink.rgb[ink.light], blur_px=0.9, noise_sd=2.0)
    return DrawnField(rgb=np.ascontiguousarray(rgb), cells=tuple(cells), cell_numbers=whole.number)


def _draw_tile(
    canvas: Canvas,
    ink: Ink,
    cells: Sequence[DrawnCell],
    corner: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    """Draw what lies in one tile of a field, whose upper left corner is (x, y)."""
    here = []
    for cell in cells:
        x, y = cell.centre[0] - corner[0], cell.centre[1] - corner[1]
        if 0 <= x < canvas.size_px and 0 <= y < canvas.size_px:
            here.append(replace(cell, centre=(x, y)))
    _draw_surroundings(canvas, ink, here, rng)
    for cell in here:
        if cell.kind == SMUDGE:
            draw_smudge(canvas, ink, cell.centre, cell.radius_px, rng)
            continue
        plan = CellPlan(
            kind=_LOOKS[cell.kind].kind,
            centre=cell.centre,
            radius_px=cell.radius_px,
            lighter=float(rng.normal(0, 2)),
            chromatin=0.12,
        )
        before = int(canvas.number.max())
        draw_nucleated_cell(canvas, ink, plan, rng)
        canvas.number[canvas.number == before + 1] = cell.number


def _placed(kinds: Sequence[str], places: int, rng: np.random.Generator) -> list[DrawnCell]:
    """Each cell in a place of its own, with room around it."""
    chosen = rng.permutation(places**2)[: len(kinds)]
    cells = []
    for number, (kind, place) in enumerate(zip(kinds, chosen, strict=True), start=1):
        diameter_um = _LOOKS[kind].diameter_um if kind in _LOOKS else 13.0
        radius_um = diameter_um / 2 * float(np.clip(rng.normal(1, 0.05), 0.85, 1.12))
        room_um = max(0.0, _PLACE_UM / 2 - 1.2 * radius_um - _ROOM_UM / 2)
        x_um, y_um = (
            (at + 0.5) * _PLACE_UM + float(rng.uniform(-room_um, room_um))
            for at in (place % places, place // places)
        )
        cells.append(
            DrawnCell(
                number=number,
                kind=kind,
                centre=(x_um / UM_PER_PX, y_um / UM_PER_PX),
                radius_px=radius_um / UM_PER_PX,
            )
        )
    return cells


def _draw_surroundings(
    canvas: Canvas, ink: Ink, cells: Sequence[DrawnCell], rng: np.random.Generator
) -> None:
    """Red cells and platelets in what the nucleated cells leave free."""
    side = canvas.size_px
    taken = np.array([(*cell.centre, cell.radius_px) for cell in cells]).reshape(-1, 3)
    red_px = _RED_CELL_UM / 2 / UM_PER_PX
    steps = np.arange(_OFTEN_PX / 2, side, _OFTEN_PX)
    for x, y in ((x, y) for y in steps for x in steps):
        at = (float(x + rng.normal(0, 5)), float(y + rng.normal(0, 5)))
        away = np.hypot(taken[:, 0] - at[0], taken[:, 1] - at[1]) - taken[:, 2]
        if away.min(initial=side) < 1.25 * red_px:
            continue
        if not 1.3 * red_px < min(at) <= max(at) < side - 1.3 * red_px:
            continue  # no red cell is cut at the seam of two tiles
        if rng.random() < 0.03:
            draw_platelets(canvas, ink, at, 6.0, rng)
        else:
            radius = red_px * float(np.clip(rng.normal(1, 0.05), 0.85, 1.15))
            draw_red_cell(canvas, at, radius, float(rng.uniform(0.1, 0.6)), rng)
    canvas.density += canvas.red[..., None] * ink.density("red_cell")
