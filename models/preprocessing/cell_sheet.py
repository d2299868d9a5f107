"""The step that shows a network nothing of a smear but its cells: a sheet of squares."""

from __future__ import annotations

import numpy as np

from models.preprocessing.nucleus import NUCLEUS_SQUARE, balanced, square_around
from models.preprocessing.spec import Region, Rgb, StepParameter, StepSpec, Tiled

EMPTY_LEVEL = 255
"""Grey level of a tile of the sheet in which no cell stands."""


def cell_sheet(rgb: Rgb, *, size_px: int, per_side: int, multiple: float, level: int) -> Tiled:
    """The largest nucleated cells of a smear, each in a tile of its own, largest nucleus first.

    Cells that the edge cuts off are shown only where no other is found. Tiles without a cell are
    one even white, so that a network can tell them.

    Args:
        rgb: (h, w, 3) uint8, a smear.
        size_px: Side of the sheet; what per_side does not divide is left empty at its right and
            bottom.
        per_side: Tiles along each side.
        multiple: Side of each square as a multiple of the nucleus's longer side.
        level: Grey level that the empty slide gets, 0 to 255.
    """
    from models.finding.find import find_cells  # who only lists steps needs none of it

    found = find_cells(rgb)
    cells = sorted(found.whole or found.cells, key=lambda each: -each.morphology.nucleus_area_um2)
    side = size_px // per_side
    sheet = np.full((size_px, size_px, 3), EMPTY_LEVEL, np.uint8)
    light = np.array(found.light, np.float32)
    regions: list[Region] = []
    for number, cell in enumerate(cells[: per_side**2]):
        left, top, width, height = cell.nucleus_box
        box = (left, top, left + width, top + height)
        square = square_around(rgb, box, size_px=side, multiple=multiple, background=light)
        y, x = (side * place for place in divmod(number, per_side))
        sheet[y : y + side, x : x + side] = balanced(square.rgb, light, level=level)
        regions.append(square.region)
    return Tiled(rgb=sheet, regions=tuple(regions), per_side=per_side)


CELL_SHEET = StepSpec(
    title="Sheet of cells",
    description=(
        "Finds the nucleated cells of a smear and shows the largest ones side by side, each in a "
        "square at a fixed multiple of its nucleus, balanced on the background's light. The "
        "network sees nothing else of the picture: no red cells, no background, no marks."
    ),
    source=(
        "Our own; the bag of Ilse et al. 2018, Attention-based deep multiple instance learning "
        "(arXiv 1802.04712), laid out as one picture. Measured in docs/experiments/cell-sheets.md."
    ),
    parameters={
        "size_px": StepParameter(
            kind="int",
            default=288,
            low=32,
            high=2048,
            unit="px",
            description="Side of the sheet.",
        ),
        "per_side": StepParameter(
            kind="int",
            default=3,
            low=1,
            high=8,
            unit="tiles",
            description="Tiles along each side; so many times as many cells are shown.",
        ),
        "multiple": NUCLEUS_SQUARE.parameters["multiple"],
        "level": StepParameter(
            kind="int",
            default=240,
            low=128,
            high=254,
            unit="grey levels",
            description="Grey level of the background afterwards.",
        ),
    },
    apply=lambda rgb, parameters: cell_sheet(rgb, **parameters),
)
