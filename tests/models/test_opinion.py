"""One image is judged in order: quality first, then the model, then the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.errors import SaliencyError
from models.manifest import Manifest
from models.micrograph import Micrograph, micrograph_from_rgb
from models.opinion import opinion_on
from models.quality import MeasureLimit, QualityLimits, measure_quality
from models.runtime import Model, load_model


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load_model(tiny_bundle)


@pytest.fixture(scope="module")
def micrograph() -> Micrograph:
    rgb = np.full((120, 160, 3), (236, 224, 228), np.uint8)
    cv2.circle(rgb, (60, 60), 25, (92, 48, 130), -1, cv2.LINE_AA)
    return micrograph_from_rgb(rgb)


class SpyModel:
    """Passes questions on to a model, under another manifest, and notes their order."""

    def __init__(self, model: Model, manifest: Manifest) -> None:
        self.manifest = manifest
        self.asked: list[str] = []
        for name in ("prepare", "ask", "explain"):
            setattr(self, name, self._noting(name, getattr(model, name)))

    def _noting(self, name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            self.asked.append(name)
            return answer(*arguments, **options)

        return noted


def limits_that_decline(rgb: np.ndarray) -> QualityLimits:
    name, value = next(iter(measure_quality(rgb).items()))
    limit = MeasureLimit(
        name=name,
        unit="1",
        declined_below=value + 1,
        warned_below=None,
        warned_above=None,
        declined_above=None,
        source="set by a test",
    )
    return QualityLimits(modality="smear", measures=(limit,))


def test_a_good_image_is_prepared_then_predicted_then_explained(
    model: Model, micrograph: Micrograph
) -> None:
    spy = SpyModel(model, model.manifest)
    opinion = opinion_on(micrograph, spy)  # type: ignore[arg-type]
    assert spy.asked == ["prepare", "ask", "explain"]
    assert opinion.decision == "answered"
    assert opinion.prediction is not None
    assert opinion.explanation is not None
    assert opinion.explanation.class_index == opinion.prediction.top_class
    assert opinion.reason == opinion.prediction.reason
    np.testing.assert_array_equal(opinion.pictures[0].rgb, micrograph.rgb)
    assert opinion.pictures[-1].rgb.shape == (64, 64, 3)


def test_a_declined_image_is_not_shown_to_the_model(model: Model, micrograph: Micrograph) -> None:
    limits = limits_that_decline(micrograph.rgb)
    spy = SpyModel(model, replace(model.manifest, quality_limits=limits))
    opinion = opinion_on(micrograph, spy)  # type: ignore[arg-type]
    assert spy.asked == []
    assert opinion.decision == "declined"
    assert opinion.prediction is None
    assert opinion.explanation is None
    assert opinion.pictures == ()
    assert opinion.quality.reasons
    assert all(reason in opinion.reason for reason in opinion.quality.reasons)


def test_an_unsure_model_abstains_and_still_shows_what_it_saw(
    model: Model, micrograph: Micrograph
) -> None:
    unsure = Model.__new__(Model)
    unsure.__dict__.update(vars(model))
    unsure.manifest = replace(model.manifest, answer_threshold=1.0)
    opinion = opinion_on(micrograph, unsure)
    assert opinion.decision == "abstained"
    assert opinion.explanation is not None
    assert "100.0 %" in opinion.reason


def test_class_and_method_of_the_map_can_be_chosen(model: Model, micrograph: Micrograph) -> None:
    opinion = opinion_on(micrograph, model, class_index=2, method="layercam")
    assert opinion.explanation is not None
    assert opinion.explanation.class_name == "Pre"
    assert opinion.explanation.method == "layercam"


def test_a_class_that_is_not_there_is_refused(model: Model, micrograph: Micrograph) -> None:
    with pytest.raises(SaliencyError):
        opinion_on(micrograph, model, class_index=9)


def test_without_a_map_the_model_is_not_asked_for_one(model: Model, micrograph: Micrograph) -> None:
    spy = SpyModel(model, model.manifest)
    opinion = opinion_on(micrograph, spy, is_explained=False)  # type: ignore[arg-type]
    assert "explain" not in spy.asked
    assert opinion.explanation is None
    assert opinion.prediction is not None


def test_the_opinion_is_that_of_the_prepared_picture(model: Model, micrograph: Micrograph) -> None:
    opinion = opinion_on(micrograph, model, is_explained=False)
    assert opinion.prediction is not None
    expected = model.logits(opinion.pictures[-1].rgb[np.newaxis])[0]
    np.testing.assert_allclose(opinion.prediction.logits, expected, rtol=1e-6)
