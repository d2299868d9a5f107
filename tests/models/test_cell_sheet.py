"""A model that sees nothing but cells of a smear: asked, explained, declining without any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drawn.fields import draw_cells
from models.answer.loading import load_model
from models.answer.runtime import Model
from models.cells.evidence import evidence_on
from models.image.micrograph import Micrograph, micrograph_from_rgb
from models.opinion import Opinion, opinion_on, opinions_on

EMPTY = micrograph_from_rgb(np.full((160, 200, 3), (236, 224, 228), np.uint8))


@pytest.fixture(scope="module")
def model(tiny_sheet_bundle: Path) -> Model:
    return load_model(tiny_sheet_bundle)


@pytest.fixture(scope="module")
def smear() -> Micrograph:
    return micrograph_from_rgb(np.array(draw_cells(["blast"] * 4 + ["lymphocyte"] * 3, seed=5).rgb))


def test_it_runs_on_openvino_and_its_logits_are_those_of_its_cells_in_any_place(
    model: Model, smear: Micrograph
) -> None:
    assert model.runtime == "OpenVINO"
    sheet = model.prepare(smear)[-1]
    side = len(sheet.rgb) // 3
    tiles = sheet.rgb.reshape(3, side, 3, side, 3).swapaxes(1, 2).reshape(9, side, side, 3)
    turned = np.ascontiguousarray(tiles[::-1])
    mixed = turned.reshape(3, 3, side, side, 3).swapaxes(1, 2).reshape(sheet.rgb.shape)
    logits = model.logits(np.stack([sheet.rgb, mixed]))
    np.testing.assert_allclose(logits[0], logits[1], atol=1e-3)
    # One cell twice weighs as that cell once: the mean is over cells, not over tiles.
    once, twice = (np.full_like(sheet.rgb, 255) for _ in range(2))
    once[sheet.tile(0)] = twice[sheet.tile(0)] = twice[sheet.tile(5)] = sheet.rgb[sheet.tile(0)]
    alone = model.logits(np.stack([once, twice]))
    np.testing.assert_allclose(alone[0], alone[1], atol=1e-3)
    assert np.abs(alone[0] - logits[0]).max() > 1e-3


def test_what_a_tile_says_does_not_depend_on_its_neighbours(
    model: Model, smear: Micrograph
) -> None:
    rgb = model.prepare(smear)[-1].rgb
    alone = np.full_like(rgb, 255)
    sheet = model.prepare(smear)[-1]
    alone[sheet.tile(4)] = rgb[sheet.tile(4)]
    with_all, by_itself = model.look(rgb).features[0], model.look(alone).features[0]
    side = len(with_all) // 3
    middle = np.s_[side : 2 * side, side : 2 * side]
    n_cells = len(sheet.tiles)
    np.testing.assert_allclose(with_all[middle] * n_cells, by_itself[middle], atol=2e-2)


def test_its_map_and_its_evidence_lie_on_the_cells(model: Model, smear: Micrograph) -> None:
    opinion = opinion_on(smear, model, despite_domain=True)
    assert opinion.explanation is not None
    values, region = opinion.pictures[-1].on_original(opinion.explanation.map)
    height, width = smear.rgb.shape[:2]
    assert region == (0.0, 0.0, width, height)
    outside = np.ones(values.shape, bool)
    per_px = values.shape[1] / width
    for left, top, right, bottom in opinion.pictures[-1].tiles:
        rows = slice(max(0, int(per_px * top) - 1), int(per_px * bottom) + 2)
        outside[rows, max(0, int(per_px * left) - 1) : int(per_px * right) + 2] = False
    assert outside.any()
    assert not values[outside].any()
    found = evidence_on(opinion, model)
    assert (found.kind, len(found.parts)) == ("cells", 7)
    assert found.are_all_that_is_seen
    assert np.abs(found.weights).max() > 0


def test_a_picture_without_cells_is_declined_and_says_why(model: Model, smear: Micrograph) -> None:
    alone = opinion_on(EMPTY, model, despite_quality=True, despite_domain=True)
    many = opinions_on([smear, EMPTY, smear], model, measured=[{}, {}, {}])
    assert isinstance(many[1], Opinion)
    for opinion in (alone, many[1]):
        assert opinion.decision == "declined"
        assert opinion.prediction is None
        assert "No nucleated cell was found" in opinion.reason
    assert isinstance(many[0], Opinion)
    assert isinstance(many[2], Opinion)
    assert many[0].decision == many[2].decision != "declined"
