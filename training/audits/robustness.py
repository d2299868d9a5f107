"""How a model's accuracy falls as its own test images get worse."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from models.bundle.card import Degraded
from models.image.degradation import (
    NOTHING,
    STRENGTHS,
    Degradation,
    degrade,
)
from training.audits.subject import Subject, Views
from training.data.collection import spread_out
from training.data.pictures import read_rgb
from training.judge.bootstrap import bootstrap_figures

MOST_IMAGES = 200
_BATCH = 32


@dataclass(frozen=True, kw_only=True)
class RobustnessReport:
    """What a robustness check measured.

    Attributes:
        model: Bundle id.
        images: What was judged, in a sentence.
        rows: The images as they are first, then each kind from its weakest strength on.
    """

    model: str
    images: str
    rows: tuple[Degraded, ...]

    def lines(self) -> Iterator[str]:
        """The report as lines of text."""
        yield f"{self.model}: {self.images}"
        for row in self.rows:
            name = f"{row.kind}, strength {row.strength}" if row.kind else "as they are"
            yield f"{name}: accuracy {row.accuracy.in_percent}, n {row.accuracy.n}"


def measure_robustness(subject: Subject, *, limit: int = MOST_IMAGES) -> RobustnessReport:
    """A model's accuracy on test images as they are, and on each kind and strength of worse ones.

    The original image is made worse, and then goes through the model's own steps. The most
    probable class counts, whether or not the model would have answered. Every condition is drawn
    from the same groups, so that the intervals of two can be compared.

    Args:
        subject: Who is audited.
        limit: Number of test images, spread evenly; 0 for all.

    Raises:
        DatasetError: A file is not a readable image.
    """
    chosen = spread_out(subject.split.test, limit)
    records = [subject.records[item] for item in chosen]
    conditions = _conditions(subject.manifest.modality)
    with ThreadPoolExecutor(max_workers=2) as pool:
        originals = list(pool.map(read_rgb, records))
        right = {
            condition: _answers(subject, originals, degradation, pool) == subject.labels[chosen]
            for condition, degradation in tqdm(
                conditions.items(), desc="Worse images", leave=False, disable=None
            )
        }
    groups = subject.groups[chosen]
    figures = bootstrap_figures(
        lambda rows: {str(key): float(hit[rows].mean()) for key, hit in right.items()}, groups
    )
    return RobustnessReport(
        model=subject.manifest.id,
        images=f"{len(chosen)} images of {len(np.unique(groups))} groups to judge by",
        rows=tuple(
            Degraded(kind=kind, strength=strength, accuracy=figure.changed(name="accuracy"))
            for (kind, strength), figure in zip(right, figures, strict=True)
        ),
    )


def _conditions(modality: str) -> dict[tuple[str, int], Degradation]:
    """What is done to the images, by kind and strength; the stains are those of the modality."""
    stain = "hematoxylin_eosin" if modality == "histology" else "wright_giemsa"
    return {("", 0): NOTHING} | {
        (kind, strength): replace(degradation, stain=stain)
        for kind, degradations in STRENGTHS.items()
        for strength, degradation in enumerate(degradations, start=1)
    }


def _answers(
    subject: Subject,
    originals: list[np.ndarray],
    degradation: Degradation,
    pool: ThreadPoolExecutor,
) -> np.ndarray:
    """The most probable class of each image after it was made worse, as (n,) int."""

    def prepared(rgb: np.ndarray) -> Views:
        return subject.prepared([degrade(rgb, degradation)])

    found = []
    for start in range(0, len(originals), _BATCH):
        batch = list(pool.map(prepared, originals[start : start + _BATCH]))
        found.append(subject.answers(tuple(map(np.concatenate, zip(*batch, strict=True)))))
    return np.concatenate(found)
