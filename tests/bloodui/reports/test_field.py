"""The report on cells says what the page says, with corrections, and runs nothing of a stranger."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodui.render.outlined import OutlinedCell, outlined
from bloodui.reports.field import FieldReport, ReportedField, field_html
from drawn.fields import UM_PER_PX, draw_cells
from models.answer.loading import load_model
from models.answer.runtime import Model
from models.bundle.card import LeftOut
from models.cells.count import KINDS, counted_cells, differential
from models.cells.count_error import model_error_of
from models.cells.read import FieldReading, read_field
from models.image.micrograph import micrograph_from_rgb

MADE = dt.datetime(2026, 11, 29, 12, 0, tzinfo=dt.UTC)
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def model(tiny_cell_bundle: Path) -> Model:
    return load_model(tiny_cell_bundle)


@pytest.fixture(scope="module")
def readings(model: Model) -> tuple[FieldReading, FieldReading]:
    first, second = (
        read_field(
            micrograph_from_rgb(
                draw_cells(["blast", "neutrophil", "lymphocyte"] * 3, seed=seed).rgb[:, 40:],
                um_per_px=UM_PER_PX,
            ),
            model,
        )
        for seed in (1, 2)
    )
    return first, second


def report_on(model: Model, *fields: ReportedField, **changes: str) -> FieldReport:
    error = model_error_of(model.card, model.manifest.classes)
    cells = [cell for each in fields for cell in counted_cells(each.reading, dict(each.corrected))]
    return FieldReport(
        fields=fields,
        counted=differential(cells, classes=KINDS, error=error),
        card=model.card,
        figures=(),
        **changes,
    )


def written(report: FieldReport) -> str:
    html = field_html(report, version="1", made=MADE)
    return re.sub(r"\s+", " ", html.replace("\N{NARROW NO-BREAK SPACE}", " "))


def test_it_says_the_counts_and_limits_of_the_page(
    model: Model, readings: tuple[FieldReading, FieldReading]
) -> None:
    report = report_on(model, ReportedField(label="Field 1", reading=readings[0]))
    html = written(report)
    assert html.count("Research and teaching only, not for diagnosis.") == 2
    assert f"Differential: {report.counted.n_white} white cells" in html
    for kind in report.counted.kinds:
        assert kind.share is not None
        assert kind.share.in_percent in html
    assert "No cell was corrected." in html
    assert "not known" in html


def test_corrections_move_the_counts_and_are_listed(
    model: Model, readings: tuple[FieldReading, FieldReading]
) -> None:
    reading = readings[0]
    first, second = reading.counted[0], reading.counted[1]
    corrected = {first.cell.number: "blast", second.cell.number: second.top_class}
    report = report_on(
        model,
        ReportedField(label="Field 2", reading=reading, corrected=corrected),
        ReportedField(label="Field 3", reading=readings[1]),
        reader="Dr Ada",
    )
    html = written(report)
    assert f'<th scope="row">2.{first.cell.number}</th>' in html
    assert re.search(rf"<td>{first.top_class}, [^<]*</td><td>blast", html)
    assert f"<td>{second.top_class} (the reader agrees)</td>" in html
    assert "read by Dr Ada" in html
    blast = report.counted.kind("blast")
    assert f"{blast.n} <small>({blast.n_by_reader} by the reader)</small>" in html
    assert "By Dr Ada." in html


def test_the_reader_and_the_file_are_named_only_where_that_is_asked(
    model: Model, readings: tuple[FieldReading, FieldReading]
) -> None:
    corrected = {readings[0].counted[0].cell.number: "blast"}
    html = written(
        report_on(model, ReportedField(label="Field 1", reading=readings[0], corrected=corrected))
    )
    assert "read by" not in html
    assert "<p>By " not in html


def test_the_gallery_holds_every_counted_cell_at_true_relative_size(
    model: Model, readings: tuple[FieldReading, FieldReading]
) -> None:
    reading = readings[0]
    html = written(report_on(model, ReportedField(label="Field 1", reading=reading)))
    assert len(re.findall(r'alt="Cell [\d.]+"', html)) == len(reading.counted)
    by_number = {
        number: int(width)
        for width, number in re.findall(r'style="width:(\d+)px" alt="Cell ([\d.]+)"', html)
    }
    for each in reading.counted:
        side_um = 2.0 * max(each.cell.nucleus_box[2:]) * UM_PER_PX
        assert by_number[str(each.cell.number)] == pytest.approx(4 * side_um, abs=1)
    kinds = Counter(each.top_class for each in reading.counted)
    for kind, n in kinds.items():
        assert f">{n}</span> {kind}</h3>" in html


def test_the_limits_with_the_models_error_stand_beside_the_exact_ones(
    model: Model, readings: tuple[FieldReading, FieldReading]
) -> None:
    confusion = tuple(tuple(90 * (i == j) + 5 for j in range(9)) for i in range(9))
    card = model.card.changed(left_out=(LeftOut(name="other", classes=KINDS, confusion=confusion),))
    field = ReportedField(label="Field 1", reading=readings[0])
    error = model_error_of(card, KINDS)
    assert error is not None
    counted = differential(counted_cells(readings[0]), error=error)
    html = written(FieldReport(fields=(field,), counted=counted, card=card, figures=()))
    assert "not known" not in html
    assert html.count('<i class="error"') == 7


def test_everything_from_outside_is_escaped(
    model: Model, readings: tuple[FieldReading, FieldReading]
) -> None:
    reading = readings[0]
    manifest = reading.manifest.changed(title=HOSTILE)
    field = ReportedField(
        label=HOSTILE,
        name=HOSTILE,
        credit=HOSTILE,
        reading=replace(reading, manifest=manifest),
        corrected={},
    )
    report = report_on(model, field, case=HOSTILE, reader=HOSTILE)
    html = written(replace(report, card=model.card.changed(summary=HOSTILE)))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 6
    assert "default-src 'none'" in html
    assert not re.search(r'(src|href)="(?!data:|#)', html)


def test_a_declined_field_is_said_to_be_one(model: Model) -> None:
    dark = micrograph_from_rgb(draw_cells(["blast"] * 4, seed=1).rgb // 5)
    reading = read_field(dark, model)
    html = written(report_on(model, ReportedField(label="Field 1", reading=reading)))
    assert "not good enough for its cells to be read" in html
    assert "Differential: 0 white cells" in html
    assert 'alt="Cell' not in html


def test_outlines_are_drawn_in_the_colour_of_their_kind(
    readings: tuple[FieldReading, FieldReading],
) -> None:
    reading = readings[0]
    cells = [OutlinedCell(cell=reading.cells[0].cell, colour="#ff0000", is_counted=True)]
    rgb = np.full_like(reading.micrograph.rgb, 128)
    drawn = outlined(rgb, cells, longest_px=2000)
    assert drawn.shape == rgb.shape
    x, y = reading.cells[0].cell.outline[0]
    near = drawn[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].reshape(-1, 3)
    assert ((near[:, 0] > 230) & (near[:, 1:] < 60).all(axis=1)).any()
    assert (drawn == 128).all(axis=2).mean() > 0.9
    small = outlined(rgb, cells, longest_px=300)
    assert max(small.shape[:2]) == 300


def test_the_field_is_drawn_with_its_outlines(
    model: Model, readings: tuple[FieldReading, FieldReading]
) -> None:
    html = field_html(
        report_on(model, ReportedField(label="Field 1", reading=readings[0])),
        version="1",
        made=MADE,
    )
    found = re.search(r'src="data:image/jpeg;base64,([^"]+)" alt="Field 1 with', html)
    assert found is not None
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(found[1]), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert 900 <= max(picture.shape[:2]) <= 1600
