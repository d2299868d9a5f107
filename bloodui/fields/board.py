"""What the browser is shown of fields and their cells: pictures, outlines, words, numbers.

All of it travels inside the page, as pictures do elsewhere (`bloodui.render.pictures`). The browser
draws texts as texts (`browser/elements.js`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodui.fields.review import Review, Shown, to_browser
from bloodui.render.palette import UNSURE_COLOUR, code_of, colour_of
from bloodui.render.pictures import jpeg_address
from bloodui.render.text import as_plain
from drawn.fields import DRAWN_KINDS, UM_PER_PX, draw_cells
from drawn.smears import CAPTION
from models.bundle.manifest import Manifest
from models.cells.count import white_kinds
from models.cells.read import CellReading, FieldReading
from models.finding.find import Cell
from models.finding.morphology import SHOWN, UNITS
from models.image.scale import shrunk

MOST_CELLS = 3000
"""On the page at once; more make it slow, and are a matter for the command line."""

SIDE_UM = 22.0
"""Side of the window around a cell in the gallery; larger cells have a larger one."""
_AROUND = 1.15
_GALLERY_PX, _SEEN_PX = 120, 96
_PICTURE_PX = ((4, 2048), (12, 1400), (10**9, 900))
"""Longer side of a field's picture on the page, by how many fields there are at most."""
_DOUBTFUL = 0.2
_FEW_TO_TELL_A_SCALE = 5
"""Red cells, or nuclei, that a scale rests on: up to so many, it is more often wrong."""
_SCALES_DIFFER = 1.5
"""How many times the scales of fields may differ: of bccd's 150, whose scale is one, 6 are further
off."""
_SEED_OF_EXAMPLES = 7

DOUBTFUL_WORDS = (
    "Cells that the model does not answer on, and those whose first two classes are less than "
    f"{100 * _DOUBTFUL:.0f}\u202f% apart, as long as you have not said what they are."
)

_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "area_um2": "Cell area",
        "diameter_um": "Cell diameter",
        "cell_roundness": "Cell roundness",
        "nuclear_cytoplasmic_ratio": "Nucleus of cell",
        "nuclear_roundness": "Nuclear roundness",
        "lobes": "Lobes",
        "chromatin_density": "Chromatin density",
        "basophilia": "Basophilia",
    }
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ShownField:
    """A field that was read, as it is called on the page.

    Attributes:
        label: "Field 1".
        key: Of its image in the tray.
        name: Of its file, for the eyes of who gave it alone.
        is_drawn: Whether it is drawn, and no patient's.
        credit: Where the picture is from, if that has to be said; else "".
    """

    label: str
    key: str
    reading: FieldReading
    name: str = ""
    is_drawn: bool = False
    credit: str = ""

    @property
    def title(self) -> str:
        """Its label with its file's name, if it has one."""
        return f"{self.label}, {self.name}" if self.name else self.label

    @property
    def short(self) -> str:
        """The number of the label, as it stands before that of a cell."""
        return self.label.rpartition(" ")[2]

    @property
    def sha256(self) -> str:
        """Of the field's file."""
        return self.reading.micrograph.sha256


def shown_to(visit: str, fields: Sequence[ShownField], classes: Sequence[str]) -> Shown:
    """What the browser's numbers of cells and classes stand for."""
    readings = [(field.sha256, each) for field in fields for each in field.reading.cells]
    return Shown(
        visit=visit,
        cells=[(sha256, each.cell.number) for sha256, each in readings],
        may_move=[not each.cell.is_cut_off for _, each in readings],
        classes=classes,
    )


def board(
    shown: Shown,
    fields: Sequence[ShownField],
    parts: Sequence[Mapping[str, Any]],
    manifest: Manifest,
    review: Review,
) -> dict[str, Any]:
    """Everything that the browser needs, in JSON's own types.

    Args:
        shown: Of these fields.
        parts: What `field_part` made of each of them.
        manifest: Of the model.
        review: What the reader did before.
    """
    white = white_kinds(manifest.classes)
    return {
        "visit": shown.visit,
        "classes": [
            {
                "name": as_plain(name),
                "code": as_plain(code_of(name)),
                "colour": colour_of(manifest.classes, number),
                "isCounted": name in white,
            }
            for number, name in enumerate(manifest.classes)
        ],
        "unsureColour": UNSURE_COLOUR,
        "doubtful": DOUBTFUL_WORDS,
        "fields": [
            {
                **part["field"],
                "label": field.label,
                "short": field.short,
                "name": as_plain(field.name),
                "note": _note(field, fields),
            }
            for field, part in zip(fields, parts, strict=True)
        ],
        "sheets": [part["sheets"] for part in parts],
        "examples": drawn_examples(tuple(manifest.classes)),
        "cells": [
            {**cell, "field": number} for number, part in enumerate(parts) for cell in part["cells"]
        ],
        **to_browser(review, shown),
    }


def longest_px(n_fields: int) -> int:
    """Longer side of a field's picture on the page; of many fields, each is sent smaller."""
    return next(side for most, side in _PICTURE_PX if n_fields <= most)


def field_part(reading: FieldReading, longest_px: int) -> dict[str, Any]:
    """What the browser needs of one field, whatever its number among others."""
    rgb, um_per_px = reading.micrograph.rgb, reading.found.scale.um_per_px or 1.0
    sides_um = [_side_um(each.cell, um_per_px) for each in reading.cells]
    light = np.array(reading.found.light, np.float32)
    windows = [
        _window(rgb, each.cell, side_um / um_per_px, light)
        for each, side_um in zip(reading.cells, sides_um, strict=True)
    ]
    seen = [_scaled(each.square, _SEEN_PX) for each in reading.cells]
    return {
        "field": {
            "width": rgb.shape[1],
            "height": rgb.shape[0],
            "umPerPx": reading.found.scale.um_per_px,
            "picture": jpeg_address(shrunk(rgb, longest_px)),
        },
        "sheets": {"field": _sheet(windows, _GALLERY_PX), "seen": _sheet(seen, _SEEN_PX)},
        "cells": [
            _cell(each, place, side_um)
            for place, (each, side_um) in enumerate(zip(reading.cells, sides_um, strict=True))
        ],
    }


def _cell(reading: CellReading, place: int, side_um: float) -> dict[str, Any]:
    cell, prediction = reading.cell, reading.prediction
    first, second = np.sort(prediction.probabilities)[::-1][:2]
    is_answered = reading.decision == "answered"
    return {
        "number": cell.number,
        "place": place,
        "sideUm": round(side_um, 2),
        "box": list(cell.box),
        "outline": cell.outline.ravel().tolist(),
        "isCut": cell.is_cut_off,
        "top": prediction.top_class,
        "probabilities": [round(float(each), 4) for each in prediction.probabilities],
        "decision": reading.decision,
        "reason": as_plain(reading.reason),
        "isDoubtful": not is_answered or bool(first - second < _DOUBTFUL),
        "measures": _measures(cell),
        "alike": _alike(reading),
        "alikeKinds": _alike_kinds(reading),
    }


@lru_cache(maxsize=8)
def drawn_examples(classes: tuple[str, ...]) -> dict[str, Any]:
    """A drawn cell of each class that can be drawn, as the gallery shows cells.

    Returns:
        "sheet" as those of a field; "places": for each class its number on the sheet, or None.
    """
    drawable = [name for name in classes if name in DRAWN_KINDS]
    if not drawable:
        return {"sheet": None, "places": [None] * len(classes)}
    field = draw_cells(drawable, seed=_SEED_OF_EXAMPLES)
    side = round(SIDE_UM / UM_PER_PX)
    pictures = []
    for cell in field.cells:
        left, top = (max(0, round(at - side / 2)) for at in cell.centre)
        pictures.append(_scaled(field.rgb[top : top + side, left : left + side], _SEEN_PX))
    places = [drawable.index(name) if name in drawable else None for name in classes]
    return {"sheet": _sheet(pictures, _SEEN_PX), "places": places}


def _alike_kinds(reading: CellReading) -> list[int]:
    """Numbers of the classes of the training cells most like a cell, the commonest first."""
    if reading.domain is None:
        return []
    classes = reading.prediction.classes
    return [classes.index(name) for name, _ in reading.domain.nearest if name in classes]


def _alike(reading: CellReading) -> str:
    """The classes of the training cells most like a cell, in a sentence; "" where none is known."""
    if reading.domain is None or not reading.domain.nearest:
        return ""
    named = ", ".join(f"{n} {name}" for name, n in reading.domain.nearest)
    total = sum(n for _, n in reading.domain.nearest)
    return as_plain(f"Of the {total} training cells most like it: {named}.")


def _measures(cell: Cell) -> list[list[str]]:
    words = []
    for name in SHOWN:
        value = getattr(cell.morphology, name)
        if value is None:
            continue
        unit = UNITS.get(name, "")
        if name == "nuclear_cytoplasmic_ratio":
            text = f"{100 * value:.0f}\u202f%"
        elif isinstance(value, int):
            text = str(value)
        else:
            decimals = 0 if value >= 30 else 1 if value >= 1 else 2
            text = f"{value:.{decimals}f}"
        words.append([_MEASURES.get(name, name), f"{text}\u202f{unit}" if unit else text])
    return words


def _note(field: ShownField, fields: Sequence[ShownField]) -> str:
    scale = field.reading.found.scale
    told = {
        "file": "as the file says",
        "red cells": f"told by {scale.n} red cells",
        "nuclei": f"told by {scale.n} nuclei, for want of red cells",
    }
    words = (
        []
        if scale.um_per_px is None
        else [f"{scale.um_per_px:.3f} µm per pixel, {told.get(scale.told_by, 'unknown')}."]
    )
    if scale.told_by in ("red cells", "nuclei") and scale.n <= _FEW_TO_TELL_A_SCALE:
        words.append(
            "So few may mislead: sizes in µm, and cells beside those of other fields, too."
        )
    if _is_apart(field, fields):
        words.append(
            "Its scale is unlike that of most other fields: if all were taken alike, it is wrong "
            "in one of them, and with it sizes in µm and how large cells are drawn."
        )
    words += [*field.reading.micrograph.notes, field.credit]
    return as_plain(" ".join([*words, f"{CAPTION}." if field.is_drawn else ""]))


def scales_in_words(fields: Sequence[ShownField]) -> str:
    """Which fields' scales are unlike most others', in a sentence; "" where none is."""
    apart = [each.label for each in fields if _is_apart(each, fields)]
    if not apart:
        return ""
    return f"Scales differ ({', '.join(apart)}): see the line under each of these pictures."


def _is_apart(field: ShownField, fields: Sequence[ShownField]) -> bool:
    """Whether its scale is unlike that of most others, as far as pictures told them.

    What a file says of its scale is believed, whatever others are.
    """
    own = _told_by_picture(field)
    others = [each for each in map(_told_by_picture, fields) if each is not None]
    if own is None:
        return False
    others.remove(own)
    alike = [each for each in others if max(own / each, each / own) <= _SCALES_DIFFER]
    return 2 * len(alike) < len(others)


def _told_by_picture(field: ShownField) -> float | None:
    """µm per pixel; None where nothing tells, or the file does."""
    scale = field.reading.found.scale
    return None if scale.told_by == "file" else scale.um_per_px


def _side_um(cell: Cell, um_per_px: float) -> float:
    return max(SIDE_UM, _AROUND * max(cell.box[2:]) * um_per_px)


def _window(
    rgb: NDArray[np.uint8], cell: Cell, side_px: float, light: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The square window around a cell's middle, as the field is; the empty slide beyond it."""
    x, y, w, h = cell.box
    side = max(2, round(side_px))
    left, top = round(x + (w - side) / 2), round(y + (h - side) / 2)
    height, width = rgb.shape[:2]
    window = np.empty((side, side, 3), np.uint8)
    window[:] = np.rint(light)
    first_x, first_y = max(0, left), max(0, top)
    last_x, last_y = min(width, left + side), min(height, top + side)
    window[first_y - top : last_y - top, first_x - left : last_x - left] = rgb[
        first_y:last_y, first_x:last_x
    ]
    return _scaled(window, _GALLERY_PX)


def _scaled(rgb: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    is_smaller = rgb.shape[0] > side_px
    how = cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (side_px, side_px), interpolation=how), np.uint8)


def _sheet(pictures: Sequence[NDArray[np.uint8]], side_px: int) -> dict[str, Any]:
    """Pictures of one size on one sheet, row by row."""
    n = max(1, len(pictures))
    per_row = int(np.ceil(np.sqrt(n)))
    rows = -(-n // per_row)
    sheet = np.full((rows * side_px, per_row * side_px, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // per_row * side_px, number % per_row * side_px
        sheet[top : top + side_px, left : left + side_px] = picture
    return {"address": jpeg_address(sheet), "perRow": per_row, "n": n}
