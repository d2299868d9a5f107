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
from playwright.sync_api import Browser

from bloodui.fields import counts
from bloodui.render.outlined import OutlinedCell, outlined
from bloodui.render.palette import code_of
from bloodui.reports.field import Aim, FieldReport, ReportedField, aim_in_words, field_html
from drawn.fields import UM_PER_PX, draw_cells
from models.answer.loading import load_model
from models.answer.runtime import Model
from models.bundle.card import LeftOut
from models.cells.count import KINDS, CountedCell, counted_cells, differential
from models.cells.count_error import model_error_of
from models.cells.read import FieldReading, read_field
from models.image.micrograph import micrograph_from_rgb
from tests.bloodui.dashboard import CHROMIUM

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
        manifest=model.manifest,
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
    html = written(
        FieldReport(
            fields=(field,),
            manifest=field.reading.manifest,
            counted=counted,
            card=card,
            figures=(),
        )
    )
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
    cells = [OutlinedCell(cell=reading.cells[0].cell, colour="#ff0000", mark="Ly", is_counted=True)]
    rgb = np.full_like(reading.micrograph.rgb, 128)
    drawn = outlined(rgb, cells, longest_px=2000)
    assert drawn.shape == rgb.shape
    x, y = reading.cells[0].cell.outline[0]
    near = drawn[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].reshape(-1, 3)
    assert ((near[:, 0] > 230) & (near[:, 1:] < 60).all(axis=1)).any()
    assert (drawn == 128).all(axis=2).mean() > 0.9
    dark = (drawn < 60).all(axis=2)  # of the number and the code, whatever the outline's colour
    assert dark.sum() > 15
    light = cv2.dilate((drawn > 200).all(axis=2).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert light[dark].all()
    number_alone = outlined(rgb, [replace(cells[0], mark="")], longest_px=2000)
    assert dark.sum() > 1.3 * (number_alone < 60).all(axis=2).sum()
    small = outlined(rgb, cells, longest_px=300)
    assert max(small.shape[:2]) == 300


def test_the_picture_names_each_cells_kind_beside_its_number_as_the_page_does(
    model: Model, readings: tuple[FieldReading, FieldReading], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[OutlinedCell] = []

    def seen(rgb: np.ndarray, cells: list[OutlinedCell], **sizes: int) -> np.ndarray:
        drawn.extend(cells)
        return outlined(rgb, cells, **sizes)

    monkeypatch.setattr("bloodui.reports.field.outlined", seen)
    reading = readings[0]
    first, second = reading.counted[:2]
    unsure = replace(second, named_from=1.0)
    cells = tuple(unsure if each is second else each for each in reading.cells)
    field = ReportedField(
        label="Field 1",
        reading=replace(reading, cells=cells),
        corrected={first.cell.number: "immature granulocyte"},
    )
    html = written(report_on(model, field))
    marks = {each.cell.number: each.mark for each in drawn}
    assert marks[first.cell.number] == "IG"
    assert marks[second.cell.number] == "?"
    for each in cells:
        if each.cell.is_cut_off:
            assert marks[each.cell.number] == ""
        elif each not in (first, unsure):
            assert marks[each.cell.number] == code_of(each.top_class)
    assert any(each.cell.is_cut_off for each in cells)
    assert ">?</span> not named</span>" in html


def test_the_report_says_of_the_count_what_the_page_says(
    model: Model, readings: tuple[FieldReading, FieldReading], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(counts.st, "caption", said.append)
    monkeypatch.setattr(counts.st, "progress", lambda _, text: said.append(text))
    chosen = {"Count to": 400, "How sure of": "neutrophil", "Within": 0.1}
    for name in ("segmented_control", "selectbox"):
        monkeypatch.setattr(counts.st, name, lambda label, *_, **named: chosen[label])
    kept = {"fields-target": 400, "fields-kind": "neutrophil", "fields-plus-minus": 0.1}
    monkeypatch.setattr(counts.session, "kept", kept.get)
    report = report_on(model, ReportedField(label="Field 1", reading=readings[0]))
    counts.show_counts(report.counted)
    page = [each.replace("\\", "").replace("\u202f", " ") for each in said]
    html = written(replace(report, aim=counts.aim_of(report.counted)))
    n = report.counted.n_white
    assert page[-2:] == [
        f"{n} of 400, {400 - n} more.",
        aim_in_words(report.counted, Aim(n_white=400, kind="neutrophil", plus_minus=0.1)),
    ]
    assert "± 10 percentage points" in page[-1]
    assert f"White cells: {' '.join(page[-2:])}</p>" in html
    assert "± 5" not in html
    assert "Blast: " not in html


def test_where_most_cells_have_no_name_nothing_is_said_of_shares() -> None:
    cells = [CountedCell(kind="blast"), *[CountedCell(kind="abstained")] * 3]
    words = aim_in_words(differential(cells), Aim(n_white=100, kind="blast", plus_minus=0.05))
    assert words == "Most cells have no name, so that no share can be told. Name them yourself."
    assert "Count" in aim_in_words(
        differential(cells[:1]), Aim(n_white=100, kind="blast", plus_minus=0.05)
    )


def test_a_kind_that_the_model_does_not_know_is_no_aim(
    model: Model, readings: tuple[FieldReading, FieldReading], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"fields-kind": "plasma cell"}
    monkeypatch.setattr(counts.session, "kept", kept.get)
    report = report_on(model, ReportedField(label="Field 1", reading=readings[0]))
    assert counts.aim_of(report.counted) == Aim()
    assert "Blast: " in written(report)


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"No Chromium at {CHROMIUM}.")
@pytest.mark.filterwarnings("ignore:unclosed event loop:ResourceWarning")
def test_names_of_kinds_stay_on_one_line_and_limits_within_a_phones_screen(
    model: Model, readings: tuple[FieldReading, FieldReading], camera_browser: Browser
) -> None:
    confusion = tuple(tuple(90 * (i == j) + 5 for j in range(9)) for i in range(9))
    card = model.card.changed(left_out=(LeftOut(name="other", classes=KINDS, confusion=confusion),))
    counted = differential(counted_cells(readings[0]), error=model_error_of(card, KINDS))
    field = ReportedField(label="Field 1", reading=readings[0])
    report = FieldReport(
        fields=(field,),
        manifest=field.reading.manifest,
        counted=counted,
        card=card,
        figures=(),
    )
    html = field_html(report, version="1", made=MADE)
    for width in (390, 1280):
        page = camera_browser.new_page(viewport={"width": width, "height": 900})
        page.set_content(html)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for name in page.locator(".kinds tbody th").all():
            mark = name.locator(".kind").bounding_box()
            box = name.bounding_box()
            assert mark
            assert box
            assert box["height"] < 2 * mark["height"]
        for each in page.locator(".kinds tbody td").all():
            box = each.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert page.locator(".kinds tbody tr").count() == len(counted.kinds)
        page.context.close()


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
