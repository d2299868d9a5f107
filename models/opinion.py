"""The one place that orders the steps for one image: quality, preparation, answer, map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from models.manifest import Manifest
from models.micrograph import Micrograph
from models.prediction import Prediction
from models.preprocessing import StepPicture
from models.quality import QualityReport, assess_quality
from models.saliency import Explanation

if TYPE_CHECKING:
    from models.runtime import Model


@dataclass(frozen=True, kw_only=True, eq=False)
class Opinion:
    """What a model says of one image, for research and teaching: an opinion, not a diagnosis.

    Attributes:
        pictures: The original and the picture after each step; empty where declined.
        prediction: None where the image was declined.
        explanation: None where the image was declined or no map was asked for.
    """

    micrograph: Micrograph
    quality: QualityReport
    pictures: tuple[StepPicture, ...]
    prediction: Prediction | None
    explanation: Explanation | None
    manifest: Manifest

    @classmethod
    def declined(
        cls, micrograph: Micrograph, quality: QualityReport, manifest: Manifest
    ) -> Opinion:
        """The opinion on an image that is not good enough: its quality, and no prediction."""
        return cls(
            micrograph=micrograph,
            quality=quality,
            pictures=(),
            prediction=None,
            explanation=None,
            manifest=manifest,
        )

    @property
    def decision(self) -> Literal["answered", "abstained", "declined"]:
        """Whether the model answered, was asked but not sure enough, or was not asked."""
        return "declined" if self.prediction is None else self.prediction.decision

    @property
    def reason(self) -> str:
        """The decision's reason in sentences for a clinician."""
        if self.prediction is None:
            return " ".join(("The image is not good enough for an answer.", *self.quality.reasons))
        return self.prediction.reason


def opinion_on(
    micrograph: Micrograph,
    model: Model,
    *,
    class_index: int | None = None,
    method: str | None = None,
    is_explained: bool = True,
) -> Opinion:
    """What the model says of the image, in order: quality, steps, prediction, saliency.

    Args:
        class_index: The class that the map explains; the most probable one where None.
        method: Key of `models.saliency.SALIENCY_METHODS`; the manifest's where None.
        is_explained: Whether a saliency map is made; it takes longer than the prediction.

    Raises:
        SaliencyError: the class or the method is unknown.
        StepError: a step cannot be applied to this image.
    """
    quality = assess_quality(micrograph, model.manifest.quality_limits)
    if not quality.passed:
        return Opinion.declined(micrograph, quality, model.manifest)
    pictures = model.prepare(micrograph)
    prepared = pictures[-1].rgb
    prediction = model.predict(prepared)
    explained_class = prediction.top_class if class_index is None else class_index
    explanation = model.explain(prepared, explained_class, method) if is_explained else None
    return Opinion(
        micrograph=micrograph,
        quality=quality,
        pictures=pictures,
        prediction=prediction,
        explanation=explanation,
        manifest=model.manifest,
    )
