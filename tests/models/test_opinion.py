"""One image is judged in order: quality first, then the model, then the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.answer.loading import load_answerer, load_model
from models.answer.runtime import Model
from models.bundle.manifest import Manifest
from models.errors import SaliencyError, StepError
from models.image.micrograph import Micrograph, micrograph_from_rgb
from models.image.quality import MeasureLimit, QualityLimits, measure_quality
from models.opinion import Opinion, opinion_on, opinions_on
from models.preprocessing import StepPicture
from tests.proven import proven_from


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
        for name in ("prepare", "look", "ask", "explain"):
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
    assert spy.asked == ["prepare", "look", "ask", "explain"]
    assert opinion.decision == "answered"
    assert opinion.prediction is not None
    assert opinion.explanation is not None
    assert opinion.explanation.class_index == opinion.prediction.top_class
    assert opinion.reason == opinion.prediction.reason
    np.testing.assert_array_equal(opinion.pictures[0].rgb, micrograph.rgb)
    assert opinion.pictures[-1].rgb.shape == (64, 64, 3)


def test_a_declined_image_is_not_shown_to_the_model(model: Model, micrograph: Micrograph) -> None:
    limits = limits_that_decline(micrograph.rgb)
    spy = SpyModel(model, model.manifest.changed(quality_limits=limits))
    opinion = opinion_on(micrograph, spy)  # type: ignore[arg-type]
    assert spy.asked == []
    assert opinion.decision == "declined"
    assert opinion.prediction is None
    assert opinion.explanation is None
    assert opinion.pictures == ()
    assert opinion.quality.reasons
    assert all(reason in opinion.reason for reason in opinion.quality.reasons)


def test_a_declined_image_is_answered_where_that_is_asked_for(
    model: Model, micrograph: Micrograph
) -> None:
    limits = limits_that_decline(micrograph.rgb)
    spy = SpyModel(model, model.manifest.changed(quality_limits=limits))
    opinion = opinion_on(micrograph, spy, despite_quality=True)  # type: ignore[arg-type]
    assert spy.asked == ["prepare", "look", "ask", "explain"]
    assert opinion.prediction is not None
    assert [each.limit for each in opinion.quality.failed] == list(limits.measures)
    # what the model promises of its answers was measured on good images
    assert opinion_on(micrograph, model).decision == "answered"
    assert opinion.decision == "unproven"
    assert "the image is not good enough" in opinion.reason
    assert opinion_on(micrograph, model).quality.failed == ()


def test_an_unsure_model_abstains_and_still_shows_what_it_saw(
    model: Model, micrograph: Micrograph
) -> None:
    unsure = Model.__new__(Model)
    unsure.__dict__.update(vars(model))
    unsure.manifest = model.manifest.changed(risk=proven_from(1.0))
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


def test_many_images_get_the_opinions_that_each_gets_alone(
    tiny_ensemble: Path, micrograph: Micrograph
) -> None:
    ensemble = load_answerer(tiny_ensemble)
    turned = [micrograph_from_rgb(np.rot90(micrograph.rgb, times).copy()) for times in range(3)]
    bad = micrograph_from_rgb(np.full((80, 80, 3), 255, np.uint8))
    limits = limits_that_decline(bad.rgb)
    wary = replace(ensemble, manifest=ensemble.manifest.changed(quality_limits=limits))
    images = [turned[0], bad, *turned[1:]]
    measured = [measure_quality(image.rgb) for image in images]
    together = opinions_on(images, wary, measured=measured)
    decisions = [each.decision for each in together if isinstance(each, Opinion)]
    assert decisions == ["answered", "declined", "answered", "answered"]
    for image, opinion in zip(images, together, strict=True):
        alone = opinion_on(image, wary)
        assert isinstance(opinion, Opinion)
        assert opinion.decision == alone.decision
        assert len(opinion.members) == len(alone.members)
        if opinion.prediction is not None and alone.prediction is not None:
            expected = alone.prediction.probabilities
            np.testing.assert_allclose(opinion.prediction.probabilities, expected, atol=1e-5)
            assert opinion.explanation is not None
            assert alone.explanation is not None
            np.testing.assert_allclose(opinion.explanation.map, alone.explanation.map, atol=1e-3)


def test_an_image_that_a_step_refuses_takes_nothing_from_the_others(
    model: Model, micrograph: Micrograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = micrograph_from_rgb(micrograph.rgb[::-1].copy())
    prepare = Model.prepare

    def refuse(network: Model, image: Micrograph) -> tuple[StepPicture, ...]:
        if image is other:
            raise StepError("This picture cannot be prepared.")
        return prepare(network, image)

    monkeypatch.setattr(Model, "prepare", refuse)
    measured = [measure_quality(image.rgb) for image in (other, micrograph)]
    first, second = opinions_on([other, micrograph], model, measured=measured)
    assert isinstance(first, StepError)
    assert isinstance(second, Opinion)
    assert second.decision == "answered"
