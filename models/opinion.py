"""The one place that orders the steps for one image: quality, preparation, answer, map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.answer.answer_bound import LEAST_JPEG_QUALITY, bound_of, least_jpeg_quality
from models.answer.domain import DomainVerdict
from models.answer.ensemble import Ensemble
from models.answer.forward import ForwardPass
from models.answer.prediction import DEFAULT_RULES, AnswerRules, Prediction, without_proof
from models.answer.saliency import Explanation
from models.bundle.manifest import Manifest
from models.errors import BlooduiError
from models.image.cell_mask import cells_on_input
from models.image.formats.jpeg_quality import NOT_TOLD
from models.image.micrograph import Micrograph
from models.image.quality import QualityReport, assess_quality
from models.preprocessing import StepPicture

if TYPE_CHECKING:
    from models.answer.runtime import Model


Decision = Literal["answered", "abstained", "unproven", "outside", "declined"]


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
        shows_no_cell: Whether it was declined since no cell was found in it, by a model that sees
            nothing else.
    """

    micrograph: Micrograph
    quality: QualityReport
    pictures: tuple[StepPicture, ...]
    prediction: Prediction | None
    explanation: Explanation | None
    manifest: Manifest
    members: tuple[Opinion, ...] = ()
    domain: DomainVerdict | None = None
    shows_no_cell: bool = False

    @classmethod
    def declined(
        cls,
        micrograph: Micrograph,
        quality: QualityReport,
        manifest: Manifest,
        *,
        shows_no_cell: bool = False,
    ) -> Opinion:
        """The opinion on an image that is not good enough: its quality, and no prediction."""
        return cls(
            micrograph=micrograph,
            quality=quality,
            pictures=(),
            prediction=None,
            explanation=None,
            manifest=manifest,
            shows_no_cell=shows_no_cell,
        )

    @property
    def decision(self) -> Decision:
        """Whether the model answered, was not sure enough, is sure but not proven to be right often
        enough, does not know such images, whether it was asked all the same or not, or was not
        asked."""
        if self.prediction is not None:
            return self.prediction.decision
        return "outside" if self.domain is not None else "declined"

    @property
    def is_outside(self) -> bool:
        """Whether the model does not know images of this kind, though it may have been asked."""
        return self.domain is not None and not self.domain.is_inside

    @property
    def reason(self) -> str:
        """The decision's reason in sentences for a clinician."""
        if self.prediction is None and self.domain is not None:
            return self.domain.reason
        if self.shows_no_cell:
            return (
                "No nucleated cell was found in the image, and the model sees nothing else of it."
            )
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
    despite_quality: bool = False,
    rules: AnswerRules = DEFAULT_RULES,
    measured: Mapping[str, float] | None = None,
) -> Opinion:
    """What the model says of the image, in order: quality, steps, domain, prediction, saliency.

    Args:
        class_index: The class that the map explains; the most probable one where None.
        method: Key of `models.answer.saliency.SALIENCY_METHODS`; the manifest's where None.
        is_explained: Whether a saliency map is made; it takes longer than the prediction.
        despite_domain: Whether an image outside the model's domain gets an answer all the same.
        despite_quality: Whether an image that is not good enough gets one, too.
        rules: What is asked of prediction set and answer.
        measured: The image's quality measures, where another model's opinion has them already.

    Raises:
        SaliencyError: the class or the method is unknown.
        StepError: a step cannot be applied to this image.
    """
    quality = assess_quality(micrograph, model.manifest.quality_limits, measured=measured)
    if not quality.passed and not despite_quality:
        return Opinion.declined(micrograph, quality, model.manifest)
    pictures = [network.prepare(micrograph) for network in _networks(model)]
    if _show_no_cell(pictures):
        return Opinion.declined(micrograph, quality, model.manifest, shows_no_cell=True)
    passes = [
        network.look(steps[-1].rgb)
        for network, steps in zip(_networks(model), pictures, strict=True)
    ]
    wanted = _Wanted(
        class_index=class_index,
        method=method,
        is_explained=is_explained,
        despite_domain=despite_domain,
        rules=rules,
    )
    return _opinion(_Seen(micrograph, quality, pictures, passes), model, wanted)


def opinions_on(
    micrographs: Sequence[Micrograph],
    model: Model | Ensemble,
    *,
    is_explained: bool = True,
    rules: AnswerRules = DEFAULT_RULES,
    measured: Sequence[Mapping[str, float]],
) -> tuple[Opinion | BlooduiError, ...]:
    """What the model says of each of several images, or the error that stands in its way.

    The networks are asked about all at once, which is quicker than about one after the other.

    Args:
        is_explained, rules: As of `opinion_on`.
        measured: The quality measures of each image.
    """
    answers: list[Opinion | BlooduiError | None] = []
    good: list[tuple[QualityReport, list[tuple[StepPicture, ...]]]] = []
    for micrograph, measures in zip(micrographs, measured, strict=True):
        quality = assess_quality(micrograph, model.manifest.quality_limits, measured=measures)
        if not quality.passed:
            answers.append(Opinion.declined(micrograph, quality, model.manifest))
            continue
        try:
            prepared = [each.prepare(micrograph) for each in _networks(model)]
        except BlooduiError as error:
            answers.append(error)
            continue
        if _show_no_cell(prepared):
            answers.append(
                Opinion.declined(micrograph, quality, model.manifest, shows_no_cell=True)
            )
            continue
        good.append((quality, prepared))
        answers.append(None)
    passes = [
        network.look_at_all(np.stack([pictures[number][-1].rgb for _, pictures in good]))
        for number, network in enumerate(_networks(model) if good else ())
    ]
    wanted = _Wanted(
        class_index=None,
        method=None,
        is_explained=is_explained,
        despite_domain=False,
        rules=rules,
    )
    each_passed = iter(zip(good, zip(*passes, strict=True), strict=True))

    def say(micrograph: Micrograph) -> Opinion | BlooduiError:
        (quality, pictures), passed = next(each_passed)
        try:
            return _opinion(_Seen(micrograph, quality, pictures, list(passed)), model, wanted)
        except BlooduiError as error:
            return error

    return tuple(
        say(micrograph) if answer is None else answer
        for micrograph, answer in zip(micrographs, answers, strict=True)
    )


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What `opinion_on` is asked for."""

    class_index: int | None
    method: str | None
    is_explained: bool
    despite_domain: bool
    rules: AnswerRules


@dataclass(frozen=True, eq=False)
class _Seen:
    """An image that is good enough, with what each network was shown and made of it."""

    micrograph: Micrograph
    quality: QualityReport
    pictures: list[tuple[StepPicture, ...]]
    passes: list[ForwardPass]


def _networks(model: Model | Ensemble) -> tuple[Model, ...]:
    return model.members if isinstance(model, Ensemble) else (model,)


def _show_no_cell(pictures: Sequence[tuple[StepPicture, ...]]) -> bool:
    """Whether a network would be shown a sheet without a cell."""
    return any(steps[-1].is_sheet and not steps[-1].tiles for steps in pictures)


def _opinion(seen: _Seen, model: Model | Ensemble, wanted: _Wanted) -> Opinion:
    networks = _networks(model)
    alone = [_alone(seen, number, network, wanted) for number, network in enumerate(networks)]
    predictions = [each.prediction for each in alone if each.prediction is not None]
    prediction, domain = predictions[0], alone[0].domain
    if isinstance(model, Ensemble):
        prediction = model.combine(
            predictions, wanted.rules, jpeg_quality=seen.micrograph.jpeg_quality
        )
        domain = model.judge([each.domain for each in alone])
    whole = replace(alone[0], prediction=prediction, domain=domain, manifest=model.manifest)
    if domain is not None and not domain.is_inside and not wanted.despite_domain:
        return replace(whole, prediction=None)
    why = _why_no_bound_holds(seen, domain, model.manifest, wanted.rules.error_limit)
    if why:
        is_outside = domain is not None and not domain.is_inside
        prediction = without_proof(prediction, why, is_outside=is_outside)
    elif (quality := seen.micrograph.jpeg_quality) is not None and quality < LEAST_JPEG_QUALITY:
        prediction = replace(prediction, prediction_set=())  # whose promise is of clean images
    whole = replace(whole, prediction=prediction)
    explanation = None
    if wanted.is_explained:
        last = alone[0].pictures[-1]
        explanation = networks[0].explain(
            last.rgb,
            prediction.top_class if wanted.class_index is None else wanted.class_index,
            wanted.method,
            cells=None
            if last.is_sheet  # whose cells stand elsewhere than in the original
            else cells_on_input(seen.micrograph.rgb, last.rgb, last.region),
            passed=seen.passes[0],
        )
    members = (replace(alone[0], explanation=explanation), *alone[1:])
    return replace(
        whole,
        explanation=explanation,
        members=members if isinstance(model, Ensemble) else (),
    )


def _why_no_bound_holds(
    seen: _Seen, domain: DomainVerdict | None, manifest: Manifest, error_limit: float
) -> str:
    """Why what a model promises of its answers does not hold for an image; "" where it does, or
    where it promises nothing of any file, which its answer says itself."""
    if domain is not None and not domain.is_inside:
        return "what the model promises of its answers is of images like those it learned from."
    if not seen.quality.passed:
        return "the image is not good enough."
    if bound_of(manifest, error_limit).threshold is None:
        return ""
    quality, least = seen.micrograph.jpeg_quality, least_jpeg_quality(manifest)
    if quality == NOT_TOLD:
        return "the file was compressed with loss, and it does not tell how hard."
    if quality is not None and quality < least:
        return (
            f"the file was compressed to a JPEG quality of about {quality}, and what the model "
            f"promises of its answers was measured down to {least}."
        )
    return ""


def _alone(seen: _Seen, number: int, network: Model, wanted: _Wanted) -> Opinion:
    """What one network says, without a map."""
    pictures = seen.pictures[number]
    prediction, domain = network.ask(
        pictures[-1].rgb,
        rules=wanted.rules,
        jpeg_quality=seen.micrograph.jpeg_quality,
        passed=seen.passes[number],
    )
    return Opinion(
        micrograph=seen.micrograph,
        quality=seen.quality,
        pictures=pictures,
        prediction=prediction,
        explanation=None,
        manifest=network.manifest,
        domain=domain,
    )
