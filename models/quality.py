"""Is this image good enough to be read: size, focus, grain, exposure, glare, stain, cells."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from models._measures import measure
from models.micrograph import Micrograph

Verdict = Literal["good", "usable", "declined"]

MODALITIES = ("smear", "cell", "histology", "mixed")
_LIMITS_FILE = Path(__file__).with_name("quality_limits.json")


@dataclass(frozen=True, kw_only=True)
class MeasureSpec:
    """What a measure is, for the reader.

    Attributes:
        unit: Unit of the value; empty for a plain ratio.
        meaning: What is measured.
        good: Sentence where the value is within its limits.
        low, high: Sentences on values below and above, with what to do.
    """

    unit: str
    meaning: str
    good: str
    low: str
    high: str


MEASURES: Mapping[str, MeasureSpec] = MappingProxyType(
    {
        "size": MeasureSpec(
            unit="px",
            meaning="shorter side of the image",
            good="The image is large enough.",
            low="The image is small. Upload the original, not a thumbnail or a screenshot.",
            high="The image is larger than usual.",
        ),
        "focus": MeasureSpec(
            unit="",
            meaning="share of fine detail in all detail, at a longest side of 512 px",
            good="The image is in focus.",
            low="The image is out of focus or soft. Refocus and take it again.",
            high="The image is very sharp.",
        ),
        "grain": MeasureSpec(
            unit="",
            meaning="share of grain finer than a pixel in all detail, at that side",
            good="Little noise.",
            low="Little noise.",
            high="Noise hides detail. Use more light or less gain, and take it again.",
        ),
        "brightness": MeasureSpec(
            unit="of 255",
            meaning="mean brightness of what is not black",
            good="The image is bright enough.",
            low="The image is dark. Raise the lamp or the exposure time.",
            high="The image is bright. Lower the lamp or the exposure time.",
        ),
        "underexposed": MeasureSpec(
            unit="%",
            meaning="pixels darker than 40 of 255",
            good="Little of the image is too dark.",
            low="Little of the image is dark.",
            high="Much of the image is too dark to show stain. Raise the exposure time.",
        ),
        "overexposed": MeasureSpec(
            unit="%",
            meaning="pixels with all colours at 250 or more of 255",
            good="Little of the image is blown out.",
            low="Little of the image is bright.",
            high="Much of the image is blown out to white. Lower the lamp or the exposure time.",
        ),
        "glare": MeasureSpec(
            unit="%",
            meaning="blown-out pixels brighter than the background",
            good="No glare.",
            low="No glare.",
            high="Glare covers part of the image. Remove reflections and clean the lens.",
        ),
        "stain": MeasureSpec(
            unit="OD",
            meaning="density of nuclear stain: green minus blue optical density, 99th percentile",
            good="The stain is strong enough.",
            low="The stain is pale or has no colour. Check the stain and the white balance.",
            high="The stain is very dense.",
        ),
        "cells": MeasureSpec(
            unit="%",
            meaning="area of stained nuclei or cells",
            good="Stained cells are in view.",
            low="Few stained cells or none are in view. Choose a field with nucleated cells.",
            high="Stained cells cover much of the image.",
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class MeasureLimit:
    """From where to where a measure is good, usable with a warning, or declined.

    Attributes:
        name: A key of MEASURES.
        unit: Unit of the value and of the limits.
        declined_below, warned_below, warned_above, declined_above: Limits, in that order from
            low to high; None where there is none.
        source: Where the limits come from: data set, percentile, n, value.
    """

    name: str
    unit: str
    declined_below: float | None
    warned_below: float | None
    warned_above: float | None
    declined_above: float | None
    source: str

    def __post_init__(self) -> None:
        if self.name not in MEASURES:
            raise ValueError(
                f"Expected a measure among {', '.join(MEASURES)}, received {self.name!r}."
            )
        low = (self.declined_below, self.warned_below)
        limits = [limit for limit in (*low, *self._above) if limit is not None]
        if not all(math.isfinite(limit) for limit in limits) or limits != sorted(limits):
            raise ValueError(f"Expected limits of {self.name} from low to high, received {limits}.")

    @property
    def _above(self) -> tuple[float | None, float | None]:
        return self.warned_above, self.declined_above

    def verdict(self, value: float) -> Verdict:
        """What a value of this measure means for the image."""
        if _is_outside(value, self.declined_below, self.declined_above):
            return "declined"
        return "usable" if _is_outside(value, self.warned_below, self.warned_above) else "good"

    def is_low(self, value: float) -> bool:
        """Whether a value lies below the limits rather than above them."""
        return _is_outside(value, self.warned_below, None) or _is_outside(
            value, self.declined_below, None
        )


@dataclass(frozen=True, kw_only=True)
class QualityLimits:
    """The limits for one kind of image: "smear", "cell", "histology", or "mixed" for any."""

    modality: str
    measures: tuple[MeasureLimit, ...]

    def __post_init__(self) -> None:
        if self.modality not in MODALITIES:
            raise ValueError(
                f"Expected a modality among {', '.join(MODALITIES)}, received {self.modality!r}."
            )

    def to_dict(self) -> dict[str, Any]:
        """The limits as values for JSON."""
        return {
            "modality": self.modality,
            "measures": [asdict(limit) for limit in self.measures],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> QualityLimits:
        """Limits from `to_dict`. Raises KeyError, TypeError or ValueError on anything else."""
        measures = tuple(MeasureLimit(**limit) for limit in data["measures"])
        return cls(modality=data["modality"], measures=measures)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measured value, what it means, and a sentence on it for a clinician."""

    name: str
    value: float
    unit: str
    verdict: Verdict
    limit: MeasureLimit
    sentence: str


@dataclass(frozen=True, kw_only=True)
class QualityReport:
    """Whether an image can be read.

    Attributes:
        verdict: The worst verdict of all measures.
        measures: Every measure that has a limit.
        reasons: Sentences on the measures that are not good, declined ones first.
    """

    verdict: Verdict
    measures: tuple[Measure, ...]
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the image is good enough for an answer, if perhaps with a warning."""
        return self.verdict != "declined"


def measure_quality(rgb: np.ndarray) -> Mapping[str, float]:
    """Every quality measure of an image, by the names and in the units of MEASURES.

    Args:
        rgb: (H, W, 3) uint8.
    """
    return MappingProxyType(measure(rgb))


def assess_quality(
    micrograph: Micrograph,
    limits: QualityLimits,
    *,
    measured: Mapping[str, float] | None = None,
) -> QualityReport:
    """Whether a micrograph is good enough to be read: every measure against its limit.

    Args:
        measured: What `measure_quality` gave for it, where that is known already.
    """
    values = measure_quality(micrograph.rgb) if measured is None else measured
    measures = tuple(_judged(limit, values[limit.name]) for limit in limits.measures)
    reasons = tuple(
        judged.sentence
        for verdict in ("declined", "usable")
        for judged in measures
        if judged.verdict == verdict
    )
    verdicts = {judged.verdict for judged in measures}
    worst: Verdict = "good"
    if verdicts & {"usable", "declined"}:
        worst = "declined" if "declined" in verdicts else "usable"
    return QualityReport(verdict=worst, measures=measures, reasons=reasons)


def quality_limits(modality: str) -> QualityLimits:
    """The limits that were measured for a kind of image.

    They are written by `python -m training quality-limits`; each says where it comes from.

    Raises:
        ValueError: The modality is not among MODALITIES.
    """
    limits = _stored_limits()
    if modality not in limits:
        raise ValueError(f"Expected a modality among {', '.join(limits)}, received {modality!r}.")
    return limits[modality]


@lru_cache(maxsize=1)
def _stored_limits() -> Mapping[str, QualityLimits]:
    stored = json.loads(_LIMITS_FILE.read_text(encoding="utf-8"))["limits"]
    limits = [QualityLimits.from_dict(entry) for entry in stored]
    return MappingProxyType({entry.modality: entry for entry in limits})


def _judged(limit: MeasureLimit, value: float) -> Measure:
    spec = MEASURES[limit.name]
    verdict = limit.verdict(value)
    sentence = spec.good
    if verdict != "good":
        sentence = spec.low if limit.is_low(value) else spec.high
    return Measure(
        name=limit.name,
        value=value,
        unit=limit.unit,
        verdict=verdict,
        limit=limit,
        sentence=sentence,
    )


def _is_outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)
