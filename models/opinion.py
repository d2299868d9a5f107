"""The one place that orders the steps for one image: quality, preparation, answer, map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from models.cells import cells_on_input
from models.domain import DomainVerdict
from models.ensemble import Ensemble
from models.manifest import Manifest
from models.micrograph import Micrograph
from models.prediction import Prediction
from models.prediction_set import DEFAULT_LEVEL
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
        prediction: None where the image was declined, or is outside the model's domain.
        explanation: None where the image was declined or no map was asked for.
        members: What each member of an ensemble says, whose first lends pictures and explanation;
            empty where the model is one network, or the image was declined.
        domain: Whether the image is of the kind that the model knows; None where it cannot tell,
            or was not asked.
    """

    micrograph: Micrograph
    quality: QualityReport
    pictures: tuple[StepPicture, ...]
    prediction: Prediction | None
    explanation: Explanation | None
    manifest: Manifest
    members: tuple[Opinion, ...] = ()
    domain: DomainVerdict | None = None

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
    def decision(self) -> Literal["answered", "abstained", "outside", "declined"]:
        """Whether the model answered, was not sure enough, does not know such images, or was
        not asked."""
        if self.prediction is not None:
            return self.prediction.decision
        return "outside" if self.domain is not None else "declined"

    @property
    def reason(self) -> str:
        """The decision's reason in sentences for a clinician."""
        if self.prediction is None and self.domain is not None:
            return self.domain.reason
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
    despite_domain: bool = False,
    level: float = DEFAULT_LEVEL,
    measured: Mapping[str, float] | None = None,
) -> Opinion:
    """What the model says of the image, in order: quality, steps, domain, prediction, saliency.

    Args:
        class_index: The class that the map explains; the most probable one where None.
        method: Key of `models.saliency.SALIENCY_METHODS`; the manifest's where None.
        is_explained: Whether a saliency map is made; it takes longer than the prediction.
        despite_domain: Whether an image outside the model's domain gets an answer all the same.
        level: Coverage asked of the prediction set, above 0 and below 1.
        measured: The image's quality measures, where another model's opinion has them already.

    Raises:
        SaliencyError: the class or the method is unknown.
        StepError: a step cannot be applied to this image.
    """
    quality = assess_quality(micrograph, model.manifest.quality_limits, measured=measured)
    if not quality.passed:
        return Opinion.declined(micrograph, quality, model.manifest)
    networks = model.members if isinstance(model, Ensemble) else (model,)
    alone = [_answer(micrograph, quality, network, level) for network in networks]
    predictions = [each.prediction for each in alone if each.prediction is not None]
    prediction, domain = predictions[0], alone[0].domain
    if isinstance(model, Ensemble):
        prediction = model.combine(predictions, level)
        domain = model.judge([each.domain for each in alone])
    whole = replace(alone[0], prediction=prediction, domain=domain, manifest=model.manifest)
    if domain is not None and not domain.is_inside and not despite_domain:
        return replace(whole, prediction=None)
    explanation = None
    if is_explained:
        explained_class = prediction.top_class if class_index is None else class_index
        seen = alone[0].pictures[-1]
        cells = cells_on_input(micrograph.rgb, seen.rgb, seen.region)
        explanation = networks[0].explain(seen.rgb, explained_class, method, cells=cells)
    members = (replace(alone[0], explanation=explanation), *alone[1:])
    return replace(
        whole,
        explanation=explanation,
        members=members if isinstance(model, Ensemble) else (),
    )


def _answer(
    micrograph: Micrograph, quality: QualityReport, network: Model, level: float
) -> Opinion:
    """What one network says of an image that is good enough, without a map."""
    pictures = network.prepare(micrograph)
    prediction, domain = network.ask(pictures[-1].rgb, level=level)
    return Opinion(
        micrograph=micrograph,
        quality=quality,
        pictures=pictures,
        prediction=prediction,
        explanation=None,
        manifest=network.manifest,
        domain=domain,
    )
