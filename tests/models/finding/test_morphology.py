"""Measures of cells whose size, shape and colours are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.finding.morphology import Morphology, measure_cell

LIGHT = np.array([240, 240, 240], np.float32)
UM_PER_PX = 0.2


def disc(x: int, y: int, radius_px: int) -> np.ndarray:
    mask = np.zeros((160, 160), np.uint8)
    cv2.circle(mask, (x, y), radius_px, 1, -1)
    return mask


def measured(
    body: np.ndarray,
    nucleus: np.ndarray,
    *,
    cytoplasm: tuple[int, int, int] = (190, 180, 220),
    speckle: np.ndarray | None = None,
) -> Morphology:
    rgb = np.full((160, 160, 3), 240, np.uint8)
    rgb[body > 0] = cytoplasm
    rgb[nucleus > 0] = (90, 50, 140)
    if speckle is not None:
        rgb[speckle] = (60, 25, 110)
    return measure_cell(rgb, body, nucleus, LIGHT, um_per_px=UM_PER_PX)


def test_sizes_are_in_micrometres() -> None:
    cell = measured(disc(80, 80, 50), disc(80, 80, 25))
    assert cell.diameter_um == pytest.approx(20, rel=0.02)
    assert cell.area_um2 == pytest.approx(np.pi * 100, rel=0.03)
    assert cell.nuclear_cytoplasmic_ratio == pytest.approx(0.25, rel=0.05)
    assert cell.cell_roundness > 0.95
    assert cell.nuclear_roundness > 0.93
    assert cell.lobes == 1


def test_lobes_are_counted() -> None:
    body = disc(80, 80, 50)
    two = disc(65, 80, 13) | disc(98, 80, 13)
    three = disc(62, 66, 11) | disc(98, 66, 11) | disc(80, 100, 11)
    assert measured(body, two).lobes == 2
    assert measured(body, three).lobes == 3
    assert measured(body, three).nuclear_roundness < 0.7


def test_clumped_chromatin_has_more_texture() -> None:
    body, nucleus = disc(80, 80, 50), disc(80, 80, 35)
    rng = np.random.default_rng(0)
    specks = cv2.GaussianBlur(rng.standard_normal((160, 160)), (0, 0), 1.5) > 0.1
    plain = measured(body, nucleus)
    clumped = measured(body, nucleus, speckle=specks & (nucleus > 0))
    assert clumped.chromatin_texture > plain.chromatin_texture + 0.05
    assert clumped.chromatin_density > plain.chromatin_density


def test_granules_and_blueness_of_the_cytoplasm_are_seen() -> None:
    body, nucleus = disc(80, 80, 50), disc(80, 80, 25)
    rng = np.random.default_rng(1)
    specks = rng.random((160, 160)) < 0.08
    granular = measured(body, nucleus, speckle=specks & (body > 0) & (nucleus == 0))
    plain = measured(body, nucleus)
    blue = measured(body, nucleus, cytoplasm=(150, 170, 215))
    assert granular.granularity is not None
    assert plain.granularity is not None
    assert granular.granularity > plain.granularity + 0.05
    assert blue.basophilia is not None
    assert plain.basophilia is not None
    assert blue.basophilia > 1.3 * plain.basophilia


def test_without_cytoplasm_nothing_is_said_of_it() -> None:
    nucleus = disc(80, 80, 30)
    cell = measured(nucleus, nucleus)
    assert cell.nuclear_cytoplasmic_ratio == 1
    assert (cell.cytoplasm_density, cell.basophilia, cell.granularity) == (None, None, None)
