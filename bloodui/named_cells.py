"""Cells that the reader named on Fields, for sets of images on other pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bloodui import session
from bloodui.images import DraftImage
from models.cells.cut import cell_crop, crop_um_per_px
from models.cells.read import FieldReading
from models.finding.find import Box
from models.image.micrograph import micrograph_from_rgb

_NAMED = "named-cells"


@dataclass(frozen=True, kw_only=True)
class NamedCell:
    """A cell and the class that the reader gave it; its picture stays with the field.

    Attributes:
        field: Key of the field's image in the tray.
        nucleus_box: x, y, width, height in pixels of the field.
        light: Colour of the field's empty slide, 0 to 255.
        um_per_px: Of the field; None where nothing tells.
        name: Of the class.
    """

    field: str
    nucleus_box: Box
    light: tuple[float, float, float]
    um_per_px: float | None
    name: str


def keep_named(
    readings: Sequence[tuple[str, FieldReading, Mapping[int, str]]], classes: Sequence[str]
) -> None:
    """Keep for the other pages what the reader named by now, as long as the field is in the tray.

    Args:
        readings: The key of each field's image, what was read of it, and the kind that the reader
            gave, by the cell's number.
        classes: Of the model that read, in its order.
    """
    named = tuple(
        NamedCell(
            field=key,
            nucleus_box=each.cell.nucleus_box,
            light=reading.found.light,
            um_per_px=reading.found.scale.um_per_px,
            name=given[each.cell.number],
        )
        for key, reading, given in readings
        for each in reading.counted
        if each.cell.number in given
    )
    session.keep(_NAMED, (tuple(classes), named))


def named_cells() -> tuple[tuple[str, ...], tuple[NamedCell, ...]]:
    """The classes to choose from, and the named cells whose field is still in the tray."""
    classes, named = session.kept(_NAMED) or ((), ())
    there = {each.key for each in session.images()}
    return classes, tuple(each for each in named if each.field in there)


def pictures_of(named: Sequence[NamedCell], classes: Sequence[str]) -> tuple[DraftImage, ...]:
    """Each cell with its surroundings, in the field's light; without those whose field is gone."""
    fields = {
        each.key: (each.micrograph.rgb, each.is_drawn)
        for each in session.images()
        if each.micrograph is not None
    }
    return tuple(
        DraftImage(
            micrograph=micrograph_from_rgb(
                cell_crop(fields[each.field][0], each.nucleus_box, each.light),
                um_per_px=crop_um_per_px(each.nucleus_box, each.um_per_px),
            ),
            truth=classes.index(each.name),
            is_drawn=fields[each.field][1],
        )
        for each in named
        if each.field in fields
    )
