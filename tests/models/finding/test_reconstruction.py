"""Grey reconstruction gives what scikit-image's gives, to the last bit."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.morphology import reconstruction

from models.finding.reconstruction import reconstructed


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(1, 1), (7, 40), (160, 90), (300, 300)])
def test_it_equals_scikit_image(seed: int, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(seed)
    rough = cv2.GaussianBlur(random.random(shape).astype(np.float32), (0, 0), 1 + 2 * seed)
    surface = np.maximum(rough - np.quantile(rough, 0.3), 0)
    lowered = np.maximum(surface - 0.2 * surface.max(), 0)
    expected = reconstruction(lowered, surface).astype(np.float32)
    assert np.array_equal(reconstructed(lowered, surface), expected)


def test_what_flows_along_a_winding_path_reaches_its_end() -> None:
    surface = np.zeros((61, 61), np.float32)
    for turn, row in enumerate(range(0, 61, 4)):
        surface[row] = 2
        surface[row : row + 5, 60 if turn % 2 == 0 else 0] = 2
    lowered = np.zeros_like(surface)
    lowered[0, 0] = 1.5
    filled = reconstructed(lowered, surface)
    assert np.array_equal(filled, reconstruction(lowered, surface).astype(np.float32))
    assert filled[60, 30] == 1.5
    assert filled[2, 30] == 0


def test_what_it_is_given_stays_as_it_was() -> None:
    surface = np.ones((9, 9), np.float32)
    lowered = np.zeros_like(surface)
    lowered[4, 4] = 0.5
    reconstructed(lowered, surface)
    assert lowered.sum() == 0.5
