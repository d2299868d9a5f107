"""Who is audited: the networks of a bundle, beside the images that they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.answer.ensemble import ensemble_logits, member_contents
from models.answer.loading import model_of
from models.answer.prediction import softmax
from models.answer.runtime import Model
from models.bundle.card import Card, parse_card
from models.bundle.folder import BundleContents
from models.bundle.manifest import CARD_FILE, Manifest
from models.preprocessing import apply_steps
from training.audits.own_split import own_split
from training.data.collection import Collection
from training.data.index import DatasetIndex, ImageRecord
from training.data.splits import Split
from training.errors import DatasetError

Views = tuple[np.ndarray, ...]
"""The same n images as each member sees them: (n, px, px, 3) uint8 a member."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """A model or an ensemble, with the images by which it can be judged.

    Attributes:
        manifest, card: Of the bundle.
        members: Its models; one where it is no ensemble.
        weights: (members,) float, sum 1.
        collections: The same images through each member's own steps.
        split: The one that the networks come from.
    """

    manifest: Manifest
    card: Card
    members: tuple[Model, ...]
    weights: np.ndarray
    collections: tuple[Collection, ...]
    split: Split

    @property
    def records(self) -> tuple[ImageRecord, ...]:
        """All images."""
        return self.collections[0].records

    @property
    def labels(self) -> np.ndarray:
        """(n,) int, class of each image."""
        return self.collections[0].labels

    @property
    def groups(self) -> np.ndarray:
        """(n,) int, patient, case or block of each image."""
        return self.collections[0].groups["grouped"]

    def own(self, images: np.ndarray) -> Views:
        """Some of its images, by number."""
        return tuple(each.pictures.rgb[images] for each in self.collections)

    def prepared(self, originals: Sequence[np.ndarray]) -> Views:
        """Any images (H, W, 3) uint8 through each member's steps."""
        return tuple(
            np.stack([apply_steps(rgb, member.manifest.steps) for rgb in originals])
            for member in self.members
        )

    def logits(self, views: Views) -> np.ndarray:
        """(n, classes) float, as the bundle answers before its temperature."""
        return self._together(
            [member.logits(rgb) for member, rgb in zip(self.members, views, strict=True)]
        )

    def logits_and_foreignness(self, views: Views) -> tuple[np.ndarray, np.ndarray]:
        """As `logits`, and how foreign pictures are to it, (n,): above 1 turned away.

        Of an ensemble what half of the weights reach, as its members vote
        (`Ensemble.judge`).

        Raises:
            BundleError: A member has no domain.
        """
        logits, shares = [], []
        for member, rgb in zip(self.members, views, strict=True):
            found, foreignness = member.logits_and_foreignness(rgb)
            logits.append(found)
            shares.append(foreignness)
        table = np.stack(shares)
        order = np.argsort(-table, axis=0, kind="stable")
        half = np.cumsum(self.weights[order], axis=0) >= 0.5 * self.weights.sum() - 1e-9
        place = half.argmax(axis=0)[np.newaxis]
        reached = np.take_along_axis(np.take_along_axis(table, order, axis=0), place, axis=0)
        return self._together(logits), np.asarray(reached[0])

    def answers(self, views: Views) -> np.ndarray:
        """The most probable class of each picture, as (n,) int."""
        return np.asarray(self.logits(views).argmax(axis=1))

    def _together(self, logits: Sequence[np.ndarray]) -> np.ndarray:
        """The bundle's logits, given its members'."""
        if not self.manifest.members:
            return logits[0]
        shares = [
            softmax(each, member.manifest.temperature)
            for each, member in zip(logits, self.members, strict=True)
        ]
        return ensemble_logits(np.stack(shares), self.weights)


def read_subject(contents: BundleContents, index: DatasetIndex) -> Subject:
    """The model or ensemble in a verified bundle, with the images that it was made from.

    Raises:
        BundleError: Its network is not what the manifest says.
        DatasetError: As `own_split`, or the members of an ensemble were not judged by the same
            images.
    """
    parts = member_contents(contents) if contents.manifest.members else (contents,)
    members = tuple(model_of(part) for part in parts)
    collections, splits = zip(*(own_split(member, index) for member in members), strict=True)
    judged = [
        [collection.records[item].name for item in np.sort(split.test)]
        for collection, split in zip(collections, splits, strict=True)
    ]
    if any(names != judged[0] for names in judged[1:]):
        raise DatasetError(
            f"The members of '{contents.manifest.id}' were judged by different images. "
            "Make the ensemble of runs of one index, seed and split."
        )
    return Subject(
        manifest=contents.manifest,
        card=parse_card(contents.files[CARD_FILE]),
        members=members,
        weights=np.array([member.weight for member in contents.manifest.members] or [1.0]),
        collections=collections,
        split=splits[0],
    )
