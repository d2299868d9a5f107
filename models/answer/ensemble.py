"""Several models that answer together: their bundle, and the mean of what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.answer.domain import DomainVerdict
from models.answer.prediction import (
    LEAST_PROBABILITY,
    AnswerRules,
    Prediction,
    predict_from_logits,
)
from models.answer.reference import Reference
from models.bundle.card import Card
from models.bundle.folder import (
    BundleContents,
    check_files,
    folder_beside,
    seal_bundle,
)
from models.bundle.manifest import MANIFEST_FILE, REFERENCE_FILE, Manifest, member_file
from models.errors import BundleError

if TYPE_CHECKING:
    from models.answer.runtime import Model


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """A loaded ensemble.

    Attributes:
        members: In the order of the manifest's members.
        reference: For its prediction sets; None in a bundle from before there were any.
    """

    manifest: Manifest
    card: Card
    members: tuple[Model, ...]
    reference: Reference | None = None

    def __post_init__(self) -> None:
        for member in self.members:
            if member.manifest.classes != self.manifest.classes:
                raise BundleError(
                    f"Expected members with the classes {', '.join(self.manifest.classes)}, "
                    f"received {', '.join(member.manifest.classes)} from "
                    f"'{member.manifest.id}'. Make the ensemble again."
                )

    def combine(
        self,
        predictions: Sequence[Prediction],
        rules: AnswerRules,
        *,
        jpeg_quality: int | None = None,
    ) -> Prediction:
        """What the ensemble says, given what each member says of the same image.

        Args:
            rules, jpeg_quality: See `predict_from_logits`.
        """
        answers = np.stack([prediction.probabilities for prediction in predictions])
        weights = np.array([member.weight for member in self.manifest.members])
        conformal = self.reference.conformal if self.reference else None
        return predict_from_logits(
            ensemble_logits(answers, weights),
            self.manifest,
            conformal,
            rules=rules,
            jpeg_quality=jpeg_quality,
        )

    def judge(self, verdicts: Sequence[DomainVerdict | None]) -> DomainVerdict | None:
        """Whether the image is of a kind that it knows: what half of the weights say.

        Args:
            verdicts: Of each member; None of one that cannot tell.
        """
        members = self.manifest.members
        weights = {
            is_inside: sum(
                member.weight
                for member, verdict in zip(members, verdicts, strict=True)
                if verdict is not None and verdict.is_inside == is_inside
            )
            for is_inside in (True, False)
        }
        decided = weights[True] > weights[False]
        return next((v for v in verdicts if v is not None and v.is_inside == decided), None)


def ensemble_logits(answers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Logarithms of the members' weighted mean probabilities.

    Divided by a temperature and put through a softmax they are the ensemble's probabilities; at
    temperature 1 these are the mean itself.

    Args:
        answers: (members, ..., C) float, each member's calibrated probabilities.
        weights: (members,) float, sum 1.

    Returns:
        (..., C) float64.
    """
    mean = np.tensordot(weights, answers, axes=1)
    return np.asarray(np.log(np.clip(mean, LEAST_PROBABILITY, None)))


def write_ensemble(
    directory: Path,
    *,
    members: Sequence[BundleContents],
    manifest: Manifest,
    card: Card,
    reference: Reference | None = None,
) -> Manifest:
    """Write the bundle of an ensemble, which holds those of its members, whole or not at all.

    Args:
        members: Verified bundles, in the order of the manifest's members.

    Raises:
        BundleError: the directory exists, or the members are not those of the manifest.
    """
    ids = [member.manifest.id for member in members]
    if ids != [member.id for member in manifest.members] or manifest.files:
        raise BundleError(
            f"Expected the members {[member.id for member in manifest.members]} and no files "
            f"yet, received {ids}. Give the bundles in the manifest's order."
        )
    with folder_beside(directory) as folder:
        for number, member in enumerate(members, start=1):
            files = {**member.files, MANIFEST_FILE: member.manifest.to_json()}
            for name, data in files.items():
                (folder / member_file(number, name)).write_bytes(data)
        if reference is not None:
            (folder / REFERENCE_FILE).write_bytes(reference.to_bytes())
        return seal_bundle(folder, manifest, card)


def member_contents(ensemble: BundleContents) -> tuple[BundleContents, ...]:
    """The bundles of an ensemble's members, of which every file is the one that was recorded.

    Raises:
        BundleTamperedError: a member's file is not the one of the member's own manifest.
        BundleError: a member's manifest is not readable, or of another model.
    """
    members = []
    for number, member in enumerate(ensemble.manifest.members, start=1):
        manifest = Manifest.from_json(ensemble.files[member_file(number, MANIFEST_FILE)])
        if manifest.id != member.id or manifest.members:
            raise BundleError(
                f"Expected the model '{member.id}' as member {number} of the ensemble "
                f"'{ensemble.manifest.id}', received '{manifest.id}'. Make the ensemble again."
            )
        files = {
            name: ensemble.files.get(member_file(number, name), b"") for name in manifest.files
        }
        check_files(manifest, files)
        members.append(BundleContents(manifest=manifest, files=files))
    return tuple(members)
