"""The one place that orders the steps for one image: quality, preparation, answer, map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from models.ensemble import Ensemble
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
        members: What each member of an ensemble says, whose first lends pictures and explanation;
            empty where the model is one network, or the image was declined.
    """

    micrograph: Micrograph
    quality: QualityReport
    pictures: tuple[StepPicture, ...]
    prediction: Prediction | None
    explanation: Explanation | None
    manifest: Manifest
    members: tuple[Opinion, ...] = ()

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
    model: Model | Ensemble,
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
    networks = model.members if isinstance(model, Ensemble) else (model,)
    alone = [_answer(micrograph, quality, network) for network in networks]
    predictions = [each.prediction for each in alone if each.prediction is not None]
    prediction = model.combine(predictions) if isinstance(model, Ensemble) else predictions[0]
    explained_class = prediction.top_class if class_index is None else class_index
    prepared = alone[0].pictures[-1].rgb
    explanation = networks[0].explain(prepared, explained_class, method) if is_explained else None
    lead = replace(alone[0], explanation=explanation)
    return replace(
        lead,
        prediction=prediction,
        manifest=model.manifest,
        members=(lead, *alone[1:]) if isinstance(model, Ensemble) else (),
    )


def _answer(micrograph: Micrograph, quality: QualityReport, network: Model) -> Opinion:
    """What one network says of an image that is good enough, without a map."""
    pictures = network.prepare(micrograph)
    return Opinion(
        micrograph=micrograph,
        quality=quality,
        pictures=pictures,
        prediction=network.predict(pictures[-1].rgb),
        explanation=None,
        manifest=network.manifest,
    )
