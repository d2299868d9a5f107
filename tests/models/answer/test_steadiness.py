"""Flips and turns of a picture are eight, and tell how far an answer hangs on its position."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from drawn.smears import draw
from models.answer.loading import load_model
from models.answer.runtime import Model
from models.answer.steadiness import VIEWS, eight_views, steadiness_of
from models.errors import BundleError
from models.preprocessing import apply_steps

pytestmark = pytest.mark.slow


class Cornered:
    """A model that says A where the picture is bright in its upper left corner, else B."""

    manifest = SimpleNamespace(classes=("A", "B"), temperature=1.0)

    def logits(self, rgb: np.ndarray) -> np.ndarray:
        bright = rgb[:, 0, 0, 0] > 128
        return np.where(bright[:, None], (2.0, 0.0), (0.0, 1.0))


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load_model(tiny_bundle)


def cornered() -> np.ndarray:
    rgb = np.zeros((8, 8, 3), np.uint8)
    rgb[0, 0] = 255
    return rgb


def test_the_eight_views_are_all_others_and_the_first_is_the_picture() -> None:
    rgb = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    views = eight_views(rgb)
    assert views.shape == (VIEWS, 4, 4, 3)
    assert np.array_equal(views[0], rgb)
    assert len({view.tobytes() for view in views}) == VIEWS
    assert all(sorted(view.ravel()) == sorted(rgb.ravel()) for view in views)


def test_a_model_that_looks_at_one_corner_is_unsteady() -> None:
    found = steadiness_of(cornered(), Cornered())
    # A corner comes to the upper left in two of eight positions.
    assert found.votes.tolist() == [2, 6]
    assert (found.classes[found.top_class], found.agreeing) == ("B", 6)
    sure = 1 / (1 + np.exp(-2.0))
    assert found.highest[0] == pytest.approx(sure)
    assert found.lowest[0] == pytest.approx(1 - 1 / (1 + np.exp(-1.0)))
    assert found.mean.sum() == pytest.approx(1)


def test_a_picture_without_a_direction_is_answered_alike_in_every_view(model: Model) -> None:
    found = steadiness_of(np.full((64, 64, 3), 180, np.uint8), model)
    assert found.agreeing == VIEWS
    assert np.allclose(found.lowest, found.highest, atol=1e-6)


def test_the_first_row_is_the_models_own_answer(model: Model) -> None:
    rgb = apply_steps(draw("Pre", seed=3).rgb, model.manifest.steps)
    found = steadiness_of(rgb, model)
    assert found.probabilities.shape == (VIEWS, 4)
    assert found.probabilities[0] == pytest.approx(model.ask(rgb)[0].probabilities, abs=1e-5)
    assert (found.lowest <= found.mean).all()
    assert (found.mean <= found.highest).all()
    assert np.ptp(found.probabilities, axis=0).max() > 1e-4


def test_a_picture_of_another_size_is_refused(model: Model) -> None:
    with pytest.raises(BundleError, match="Apply the steps"):
        steadiness_of(np.zeros((32, 32, 3), np.uint8), model)
