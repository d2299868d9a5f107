"""`python -m bloodui cells` writes which cells are in fields, whatever the files are."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodui.batch.inputs import FileItem
from bloodui.cli.cells import CSV_COLUMNS, Reader, read_cells
from bloodui.cli.main import main
from bloodui.fields.demo import DEMO
from drawn.fields import draw_cells
from models.answer.loading import load_model
from models.cells.count import WHITE_KINDS, CountedCell, counted_cells, differential
from models.cells.read import read_field
from models.finding.morphology import SHOWN
from models.image.micrograph import read_micrograph
from tests.test_house import sha256_of

PLACES = ((80, 80), (300, 120), (200, 255))


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """A folder with a field of three cells and a fourth that the edge cuts, and a spoilt file."""
    rgb = np.full((300, 400, 3), (235, 232, 228), np.uint8)
    for x, y in (*PLACES, (399, 20)):
        cv2.circle(rgb, (x, y), 24, (190, 175, 215), -1, cv2.LINE_AA)
        cv2.circle(rgb, (x, y), 19, (95, 50, 140), -1, cv2.LINE_AA)
    folder = tmp_path / "fields"
    folder.mkdir()
    png = cv2.imencode(".png", cv2.GaussianBlur(rgb, (0, 0), 1.0)[..., ::-1])[1].tobytes()
    (folder / "Doe^Jane.png").write_bytes(png)
    (folder / "spoilt.png").write_bytes(png[: len(png) // 2])
    return folder


def test_a_record_a_field_holds_its_cells_and_their_measures(
    fields: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cells", str(fields)]) == 1
    field, spoilt = map(json.loads, capsys.readouterr().out.splitlines())
    assert field.keys() == spoilt.keys()
    assert (field["width_px"], field["height_px"]) == (400, 300)
    assert field["sha256"] == sha256_of(fields / "Doe^Jane.png")
    assert (field["n_cells"], field["n_cut_off"], field["error"]) == (3, 1, None)
    assert field["scale_told_by"] == "nuclei"
    assert [cell["number"] for cell in field["cells"]] == [1, 2, 3, 4]
    for x, y in PLACES:
        assert any(
            abs(cell["x"] + cell["w"] / 2 - x) < 4 and abs(cell["y"] + cell["h"] / 2 - y) < 4
            for cell in field["cells"]
        )
    assert all(cell["measures"].keys() == set(SHOWN) for cell in field["cells"])
    assert spoilt["error"]["code"] == "truncated_image"
    assert (spoilt["n_cells"], spoilt["cells"]) == (None, [])


def test_a_row_a_cell_comes_as_csv(fields: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cells", "--format", "csv", str(fields)]) == 1
    told = capsys.readouterr()
    assert "1 of 2 files had an error; see error_message." in told.err
    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", ""]
    assert [row["is_cut_off"] for row in rows].count("True") == 1
    assert float(rows[2]["nuclear_cytoplasmic_ratio"]) > 0.4
    assert rows[4]["error_code"] == "truncated_image"


def test_the_gallery_holds_a_picture_of_each_cell_without_the_files_name(
    fields: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = tmp_path / "gallery"
    field = fields / "Doe^Jane.png"
    assert main(["cells", "--gallery", str(gallery), str(field)]) == 0
    record = json.loads(capsys.readouterr().out)
    names = [cell["picture"] for cell in record["cells"]]
    assert sorted(names) == sorted(path.name for path in gallery.iterdir())
    assert all(name.startswith(record["sha256"][:16]) for name in names)
    for name in names:
        picture = cv2.imread(str(gallery / name))
        assert picture.shape == (128, 128, 3)
    assert np.allclose(cv2.imread(str(gallery / names[1]))[2, 2], 240, atol=3)


def test_a_gallery_that_cannot_be_written_is_an_error_of_its_field(
    fields: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = tmp_path / "gallery"
    field = fields / "Doe^Jane.png"
    main(["cells", "--gallery", str(gallery), str(field)])
    first = json.loads(capsys.readouterr().out)["cells"][0]["picture"]
    (gallery / first).unlink()
    (gallery / first).mkdir()
    assert main(["cells", "--gallery", str(gallery), str(field)]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["error"]["code"] == "picture_not_written"
    assert record["n_cells"] == 3


def test_an_empty_folder_is_no_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cells", str(tmp_path)]) == 2
    assert "These folders are empty" in capsys.readouterr().err


@pytest.fixture
def read_fields(tmp_path: Path) -> Path:
    """A folder with two drawn fields of white cells."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    for seed in (1, 2):
        rgb = draw_cells(["blast", "lymphocyte", "neutrophil", "monocyte"] * 2, seed=seed).rgb
        cv2.imwrite(str(folder / f"{seed}.png"), rgb[..., ::-1])
    return folder


def test_without_a_model_cells_are_found_and_not_named(
    fields: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloodui.cli.cells.cell_models", lambda _: ())
    assert main(["cells", str(fields / "Doe^Jane.png")]) == 0
    told = capsys.readouterr()
    assert "No model that reads cells is installed" in told.err
    assert "For research and teaching, not for diagnosis." in told.err
    record = json.loads(told.out)
    assert (record["model"], record["counts"]) == (None, None)
    assert {cell["class"] for cell in record["cells"]} == {None}


def test_a_model_names_each_cell_and_counts_them(
    read_fields: Path, tiny_cell_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ["--models", str(tiny_cell_bundle.parent), "--model", "tiny-cells"]
    assert main(["cells", *models, str(read_fields)]) == 0
    told = capsys.readouterr()
    records = [json.loads(line) for line in told.out.splitlines()]
    everyone: list[CountedCell] = []
    for number, record in enumerate(records, start=1):
        micrograph = read_micrograph((read_fields / f"{number}.png").read_bytes())
        reading = read_field(micrograph, load_model(tiny_cell_bundle))
        assert (record["model"], record["is_declined"]) == ("tiny-cells", False)
        assert [cell["class"] for cell in record["cells"]] == [
            each.top_class for each in reading.cells
        ]
        assert {cell["decision"] for cell in record["cells"]} == {"answered"}
        assert record["cells"][0]["probability"] == pytest.approx(
            reading.cells[0].probability, abs=1e-3
        )
        counted = differential(counted_cells(reading))
        assert record["counts"]["n_white"] == counted.n_white
        assert list(record["counts"]["kinds"]) == list(WHITE_KINDS)
        for kind in counted.kinds:
            share = kind.share
            assert share is not None
            written = record["counts"]["kinds"][kind.name]
            assert written == {
                "n": kind.n,
                "share": share.value,
                "low": share.low,
                "high": share.high,
                "with_error": None,
            }
        everyone += counted_cells(reading)
    together = differential(everyone)
    assert f"In 2 fields together: {together.n_white} white cells." in told.err
    assert "only if these are fields of one patient" in told.err
    assert "For research and teaching, not for diagnosis." in told.err


def test_the_same_file_given_twice_counts_once_in_the_total(
    read_fields: Path, tiny_cell_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ["--models", str(tiny_cell_bundle.parent), "--model", "tiny-cells"]
    (read_fields / "1 again.png").write_bytes((read_fields / "1.png").read_bytes())
    assert main(["cells", *models, str(read_fields)]) == 0
    told = capsys.readouterr()
    counts = {
        record["sha256"]: record["counts"]["n_white"]
        for record in map(json.loads, told.out.splitlines())
    }
    assert len(counts) == 2
    assert f"In 2 fields together: {sum(counts.values())} white cells." in told.err
    assert "1 field was given again, the same file; it counts once." in told.err


def test_a_row_a_cell_holds_what_the_model_said(
    read_fields: Path, tiny_cell_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ["--models", str(tiny_cell_bundle.parent), "--model", "tiny-cells"]
    assert main(["cells", *models, "--format", "csv", str(read_fields / "1.png")]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 8
    assert {row["decision"] for row in rows} == {"answered"}
    assert all(0 < float(row["probability"]) <= 1 for row in rows)
    assert {row["model"] for row in rows} == {"tiny-cells"}


def test_a_cell_that_the_model_does_not_name_has_no_class(tiny_cell_bundle: Path) -> None:
    model = load_model(tiny_cell_bundle)
    photograph = min(DEMO.glob("*.jpg"))
    item = FileItem(path=photograph)
    answered = read_cells(item, Reader(model=model, error=None))
    model.manifest = model.manifest.changed(answer_threshold=1.0)
    unsure = read_cells(item, Reader(model=model, error=None))
    for record in (answered, unsure):
        assert record.reading is not None
        first = [each.top_class for each in record.reading.cells]
        is_named = record is answered
        named = first if is_named else [None] * len(first)
        cells = record.to_dict()["cells"]
        assert [each["class"] for each in cells] == named
        assert [each["model_class"] for each in cells] == first
        assert {each["decision"] for each in cells} == {"answered" if is_named else "abstained"}
        rows = list(record.to_rows())
        assert [row["class"] for row in rows] == (first if is_named else [""] * len(first))
        assert [row["model_class"] for row in rows] == first
        assert all(0 < float(row["probability"]) <= 1 for row in rows)


def test_a_field_of_poor_quality_is_declined_and_not_counted(
    tmp_path: Path, tiny_cell_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dark = draw_cells(["blast"] * 4, seed=1).rgb // 5
    cv2.imwrite(str(tmp_path / "dark.png"), dark[..., ::-1])
    models = ["--models", str(tiny_cell_bundle.parent), "--model", "tiny-cells"]
    assert main(["cells", *models, str(tmp_path / "dark.png")]) == 0
    told = capsys.readouterr()
    record = json.loads(told.out)
    assert record["is_declined"]
    assert "Declined, not good enough, and in no count: 1 field." in told.err
    assert record["counts"] is None
    assert any("dark" in reason for reason in record["quality"])


def test_a_model_of_whole_pictures_is_refused(
    fields: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ["--models", str(tiny_bundle.parent), "--model", tiny_bundle.name]
    assert main(["cells", *models, str(fields)]) == 2
    told = capsys.readouterr()
    assert "does not read the cells of a field" in told.err
    assert told.out == ""
