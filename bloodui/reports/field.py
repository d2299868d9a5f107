"""The cells of one field, or of the fields of a case, as one HTML file that needs nothing else.

Streamlit is not imported. Whatever comes from a bundle, a reader or a file's name is escaped by the
template. Names of files and of the reader are there only where the reader asked for that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bloodui.render.differential_words import (
    IF_RIGHT,
    LIMITS_EXPLAINED,
    NO_SHARE_TO_BE_TOLD,
    blast_words,
    error_limits_in_words,
    erythroblasts_in_words,
    left_out_in_words,
    more_in_words,
    share_in_words,
)
from bloodui.render.outlined import OutlinedCell, outlined
from bloodui.render.palette import UNSURE_COLOUR, code_of, colour_of
from bloodui.render.pictures import jpeg_address
from bloodui.reports.template import template
from models.bundle.card import Card
from models.bundle.manifest import Manifest
from models.cells.count import BLAST, PRESETS, Differential, KindCount
from models.cells.read import CellReading, FieldReading
from models.image.scale import shrunk
from models.rate import percent

TEMPLATE = "field.html.j2"
FIELD_PX = 1600
LEAST_FIELD_PX = 900
"""Fields are drawn with a longer side between these."""
MOST_IN_GALLERY = 60
"""Cells of a kind in the gallery; how many more there are is told."""
_CELL_PX = 72
_PX_PER_UM = 4.0
_PX_WITHOUT_SCALE = 64.0
_DECIDED = {
    "answered": "",
    "abstained": "not sure enough to name it",
    "outside": "unlike the cells that it learned from",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportedField:
    """A field in a report.

    Attributes:
        label: What the page calls it, such as "Field 1".
        reading: What the model said of its cells.
        corrected: The kind that the reader gave, by the cell's number.
        name: Of its file, where the reader asked for it; else "".
        credit: Whose picture it is, where that has to be said.
        is_drawn: Whether it is drawn, and no patient's.
    """

    label: str
    reading: FieldReading
    corrected: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    name: str = ""
    credit: str = ""
    is_drawn: bool = False

    @property
    def short(self) -> str:
        """The number of the label, as it stands before that of a cell."""
        return self.label.rpartition(" ")[2]


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a reader wants to know of a differential.

    Attributes:
        n_white: White cells to count.
        kind: The kind whose share is to be known.
        plus_minus: How well, 0 to 1.
    """

    n_white: int = PRESETS[0]
    kind: str = BLAST
    plus_minus: float = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldReport:
    """A report on the cells of one or several fields that count together.

    Attributes:
        fields: At least one, all read by one model.
        manifest: Of the model that read.
        counted: The differential of all of them together, corrections in it, as the page shows it.
        card: The model's.
        figures: Rows of the card's table, as the page shows them.
        case: What the reader calls the case, where the reader asked for it; else "".
        reader: The reader's name, where the reader asked for it; else "".
        aim: As the reader chose it on the page.
    """

    fields: tuple[ReportedField, ...]
    manifest: Manifest
    counted: Differential
    card: Card
    figures: tuple[dict[str, str], ...]
    case: str = ""
    reader: str = ""
    aim: Aim = Aim()


def to_go_in_words(counted: Differential, n_white: int) -> str:
    """How far it is to so many white cells: "70 of 100, 30 more."."""
    left = max(0, n_white - counted.n_white)
    return f"{counted.n_white} of {n_white}" + (f", {left} more." if left else ": reached.")


def aim_in_words(counted: Differential, aim: Aim) -> str:
    """How many more cells bring the share as near as is wanted, and its limits in the aim's number.

    Page and report say it alike; "" where the kind or any white cell is missing. Where most cells
    have no name, it says that no share can be told.
    """
    if counted.n_white == 0 or aim.kind not in [each.name for each in counted.kinds]:
        return ""
    if counted.is_mostly_unnamed:
        return NO_SHARE_TO_BE_TOLD
    words = f"{aim.kind.capitalize()}: {more_in_words(counted, aim.kind, aim.plus_minus)}"
    at = counted.limits_at(aim.kind, aim.n_white)
    if at is None:
        return words
    low, high = at
    return (
        f"{words} In {aim.n_white} white cells of the same share: {100 * low:.1f} to "
        f"{100 * high:.1f} %, {IF_RIGHT}."
    )


def field_html(report: FieldReport, *, version: str, made: dt.datetime) -> str:
    """The report as HTML.

    Args:
        report: What it holds.
        version: Of this program.
        made: When the report was made, with its time zone.
    """
    manifest = report.manifest
    counted = report.counted
    n_cut_off = sum(len(each.reading.cells) - len(each.reading.counted) for each in report.fields)
    return template(TEMPLATE).render(
        report=report,
        counted=counted,
        kinds=[
            _kind_row(each, manifest.classes, is_told=not counted.is_mostly_unnamed)
            for each in counted.kinds
        ],
        erythroblasts=erythroblasts_in_words(counted),
        left_out=left_out_in_words(counted),
        n_cut_off=n_cut_off,
        explained="" if counted.is_mostly_unnamed else LIMITS_EXPLAINED,
        blasts=blast_words(counted),
        to_go=to_go_in_words(counted, report.aim.n_white),
        more=aim_in_words(counted, report.aim),
        fields=[_field_view(each) for each in report.fields],
        gallery=list(_gallery(report)),
        corrections=list(_corrections(report)),
        manifest=manifest,
        version=version,
        made=made.strftime("%Y-%m-%d %H:%M %Z").strip(),
    )


def _kind_row(count: KindCount, classes: tuple[str, ...], *, is_told: bool) -> dict[str, Any]:
    """What the table draws of a kind; lefts and widths in per cent.

    Args:
        is_told: Whether its share can be told: not where most cells have no name.
    """
    share = count.share if is_told else None
    exact = share.bounds if share else None
    return {
        "name": count.name,
        "code": code_of(count.name),
        "colour": colour_of(classes, classes.index(count.name)),
        "n": count.n,
        "n_by_reader": count.n_by_reader,
        "share": share_in_words(count) if share else "",
        "at": f"{100 * share.value:.2f}" if share else "",
        "with_error": error_limits_in_words(count) if share else "",
        "exact_bar": _bar(exact),
        "error_bar": _bar(count.with_error if share else None),
    }


def _bar(bounds: tuple[float, float] | None) -> tuple[str, str] | None:
    if bounds is None:
        return None
    low, high = bounds
    return f"{100 * low:.2f}", f"{100 * (high - low):.2f}"


def _field_view(reported: ReportedField) -> dict[str, Any]:
    """What the template draws of a field."""
    reading = reported.reading
    classes = reading.manifest.classes
    cells = [
        OutlinedCell(
            cell=each.cell,
            colour=_colour(_named(each, reported), classes),
            mark=_mark(each, reported),
            is_counted=not each.cell.is_cut_off,
        )
        for each in reading.cells
    ]
    if reading.is_declined:  # found, and not read
        cells = [
            OutlinedCell(cell=cell, colour=UNSURE_COLOUR, mark="", is_counted=False)
            for cell in reading.found.cells
        ]
    picture = outlined(reading.micrograph.rgb, cells, longest_px=FIELD_PX, least_px=LEAST_FIELD_PX)
    kinds = {_named(each, reported) for each in reading.counted}
    scale = reading.found.scale
    return {
        "reported": reported,
        "reading": reading,
        "picture": jpeg_address(picture),
        "n_counted": len(reading.counted),
        "n_cut_off": len(reading.cells) - len(reading.counted),
        "scale": ""
        if scale.um_per_px is None
        else f"{scale.um_per_px:.3f} µm a pixel, told by "
        f"{'the file' if scale.told_by == 'file' else f'{scale.n} {scale.told_by}'}",
        "legend": [
            *((name, code_of(name), _colour(name, classes)) for name in classes if name in kinds),
            *([("not named", "?", UNSURE_COLOUR)] if "" in kinds else []),
        ],
    }


def _named(each: CellReading, reported: ReportedField) -> str:
    """The kind that a cell counts as; "" where nobody named it."""
    said = each.top_class if each.decision == "answered" else ""
    return reported.corrected.get(each.cell.number, said)


def _mark(each: CellReading, reported: ReportedField) -> str:
    """What is written beside a cell's number: the code of its kind, "?" where nobody named it."""
    if each.cell.is_cut_off:
        return ""
    kind = _named(each, reported)
    return code_of(kind) if kind else "?"


def _colour(kind: str, classes: tuple[str, ...]) -> str:
    return colour_of(classes, classes.index(kind)) if kind in classes else UNSURE_COLOUR


def _number(report: FieldReport, of: ReportedField, each: CellReading) -> str:
    """What a cell is called: "13", or "2.13" in "Field 2" where there are several fields."""
    return str(each.cell.number) if len(report.fields) == 1 else f"{of.short}.{each.cell.number}"


def _gallery(report: FieldReport) -> Iterator[dict[str, Any]]:
    """The cells of each kind, the surest first, at true relative size; unnamed ones last."""
    classes = report.manifest.classes
    shown: dict[str, list[tuple[float, dict[str, Any]]]] = {name: [] for name in (*classes, "")}
    for reported in report.fields:
        for each in reported.reading.counted:
            kind = _named(each, reported)
            is_corrected = each.cell.number in reported.corrected
            width_px = _width_px(reported.reading, each)
            cell = {
                "picture": (shrunk(each.square, _CELL_PX)),
                "width_px": f"{width_px:.0f}",
                "number": _number(report, reported, each),
                "probability": _beneath(kind, each, is_corrected=is_corrected),
                "is_corrected": is_corrected,
            }
            shown[kind].append((-2.0 if is_corrected else -each.probability, cell))
    for kind, cells in shown.items():
        if not cells:
            continue
        ordered = [cell for _, cell in sorted(cells, key=lambda pair: pair[0])]
        first = ordered[:MOST_IN_GALLERY]
        yield {
            "kind": kind or "not named",
            "colour": _colour(kind, classes),
            "n": len(cells),
            "n_more": len(cells) - len(first),
            "cells": [cell | {"picture": jpeg_address(cell["picture"])} for cell in first],
        }


def _beneath(kind: str, each: CellReading, *, is_corrected: bool) -> str:
    """What stands under a cell of the gallery: the probability of its kind, or of the first."""
    if is_corrected:
        return "by the reader"
    share = percent(each.probability)
    return share if kind else f"{each.top_class} {share}"


def _width_px(reading: FieldReading, each: CellReading) -> float:
    """How wide a cell's square is drawn, so that cells of all fields have one scale."""
    um_per_px = reading.found.scale.um_per_px
    if um_per_px is None:
        return _PX_WITHOUT_SCALE
    square = next(step for step in reading.manifest.steps if "multiple" in step.parameters)
    side_um = square.parameters["multiple"] * max(each.cell.nucleus_box[2:]) * um_per_px
    return float(min(max(_PX_PER_UM * side_um, 20.0), 240.0))


def _corrections(report: FieldReport) -> Iterator[dict[str, str]]:
    """What the reader said of cells, beside what the model had."""
    for reported in report.fields:
        for each in reported.reading.counted:
            now = reported.corrected.get(each.cell.number)
            if now is None:
                continue
            doubt = _DECIDED[each.decision]
            was = f"{each.top_class}, {percent(each.probability)}"
            yield {
                "number": _number(report, reported, each),
                "was": f"{was} ({doubt})" if doubt else was,
                "now": f"{now} (the reader agrees)" if now == each.top_class and not doubt else now,
            }
