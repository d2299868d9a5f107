"""Every found cell of a field is shown to the model with the field's light, and answered."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from drawn.smears import draw
from models.answer.loading import load_model
from models.answer.runtime import Model
from models.cells.count import KINDS
from models.cells.read import is_cell_model, read_field
from models.errors import CellModelError
from models.finding.find import find_cells
from models.image.micrograph import Micrograph, micrograph_from_rgb
from models.preprocessing import apply_steps


@pytest.fixture(scope="module")
def model(tiny_cell_bundle: Path) -> Model:
    return load_model(tiny_cell_bundle)


@pytest.fixture(scope="module")
def field() -> Micrograph:
    return micrograph_from_rgb(draw("Pro", seed=0, size_px=448).rgb)


def test_each_found_cell_is_read_in_its_order(model: Model, field: Micrograph) -> None:
    reading = read_field(field, model)
    found = find_cells(field.rgb).cells
    assert [each.cell.number for each in reading.cells] == [cell.number for cell in found]
    assert len(reading.cells) >= 10
    assert not reading.is_declined
    for each in reading.cells:
        assert each.prediction.classes == KINDS
        assert each.top_class == KINDS[int(np.argmax(each.prediction.logits))]
        assert each.probability == each.prediction.probabilities.max()
    assert {each.cell.number for each in reading.counted} == {
        cell.number for cell in found if not cell.is_cut_off
    }


def test_the_answer_is_the_models_own_on_the_square_that_is_shown(
    model: Model, field: Micrograph
) -> None:
    reading = read_field(field, model)
    for each in reading.cells[::5]:
        assert each.square.shape == (64, 64, 3)
        assert not each.square.flags.writeable
        alone, _ = model.ask(each.square)
        assert np.allclose(alone.probabilities, each.prediction.probabilities, atol=1e-3)


def test_a_square_is_what_the_steps_make_of_a_picture_of_the_cell(model: Model) -> None:
    rgb = np.full((300, 400, 3), (235, 232, 200), np.uint8)
    cv2.circle(rgb, (200, 150), 26, (190, 175, 190), -1, cv2.LINE_AA)
    cv2.circle(rgb, (203, 150), 19, (95, 50, 140), -1, cv2.LINE_AA)
    rgb = cv2.GaussianBlur(rgb, (0, 0), 1.0)
    reading = read_field(micrograph_from_rgb(rgb, um_per_px=0.2), model, despite_quality=True)
    picture = np.ascontiguousarray(rgb[100:200, 150:250])
    alone = apply_steps(picture, model.manifest.steps)
    (each,) = reading.cells
    assert each.square[0, 0].tolist() == [230, 230, 230]
    assert np.abs(alone.astype(float) - each.square).mean() < 5


def test_progress_is_told_as_it_is(model: Model, field: Micrograph) -> None:
    told: list[tuple[str, float]] = []
    read_field(field, model, announce=lambda stage, done: told.append((stage, done)))
    assert [stage for stage, _ in told] == sorted(stage for stage, _ in told)
    assert told[0][0] == "finding"
    assert told[-1] == ("reading", 1.0)


def test_a_field_of_poor_quality_is_declined_with_its_cells_found(model: Model) -> None:
    dark = (draw("Pro", seed=0, size_px=448).rgb * 0.2).astype(np.uint8)
    reading = read_field(micrograph_from_rgb(dark), model)
    assert reading.is_declined
    assert reading.cells == ()
    assert "not good enough" in reading.reason
    assert read_field(micrograph_from_rgb(dark), model, despite_quality=True).cells


def test_a_field_without_cells_is_read_as_such(model: Model) -> None:
    empty = micrograph_from_rgb(np.full((300, 400, 3), 230, np.uint8))
    reading = read_field(empty, model, despite_quality=True)
    assert (reading.cells, reading.counted) == ((), ())


def test_a_model_of_whole_pictures_is_refused(tiny_bundle: Path, field: Micrograph) -> None:
    model = load_model(tiny_bundle)
    assert not is_cell_model(model.manifest)
    with pytest.raises(CellModelError, match=r"its steps are resize, .* white_balance"):
        read_field(field, model)
