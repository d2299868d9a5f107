"""Is this image good enough to be read: size, focus, grain, exposure, glare, stain, cells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, get_args

import numpy as np
from pydantic import model_validator

from models.errors import BundleError
from models.image.measures import measure
from models.image.micrograph import Micrograph
from models.stored import Number, OneOf, Several, Stored

Verdict = Literal["good", "usable", "declined"]
Modality = Literal["smear", "cell", "histology", "mixed"]

MODALITIES: tuple[Modality, ...] = get_args(Modality)
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


class MeasureLimit(Stored):
    """From where to where a measure is good, usable with a warning, or declined."""

    refused_as = BundleError
    called = "the limit of quality"

    name: Annotated[str, OneOf(MEASURES)]
    """What is measured."""
    unit: str
    """Unit of the value and of the limits."""
    declined_below: Number | None
    """The lowest limit; None where there is none."""
    warned_below: Number | None
    """The next one."""
    warned_above: Number | None
    """The next one."""
    declined_above: Number | None
    """The highest limit."""
    source: str
    """Where the limits come from: data set, percentile, n, value."""

    @model_validator(mode="after")
    def _from_low_to_high(self) -> MeasureLimit:
        sides = (self.declined_below, self.warned_below, self.warned_above, self.declined_above)
        limits = [limit for limit in sides if limit is not None]
        if limits != sorted(limits):
            raise ValueError(f"Expected limits of {self.name} from low to high, received {limits}.")
        return self

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


class QualityLimits(Stored):
    """The limits for one kind of image."""

    refused_as = BundleError
    called = "the limits of quality"

    modality: Modality
    """Which kind: "mixed" for any."""
    measures: Several[MeasureLimit]
    """Every measure that has a limit."""


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
        verdict: The worst verdict of all measures; at best "usable" where the file is damaged.
        measures: Every measure that has a limit.
        reasons: Sentences on the measures that are not good, declined ones first, then on damage.
        damage: What is wrong with the file's data though it could be read, or None.
    """

    verdict: Verdict
    measures: tuple[Measure, ...]
    reasons: tuple[str, ...]
    damage: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the image is good enough for an answer, if perhaps with a warning."""
        return self.verdict != "declined"

    @property
    def failed(self) -> tuple[Measure, ...]:
        """The measures for which the image is not good enough."""
        return tuple(each for each in self.measures if each.verdict == "declined")


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

    Data that was damaged and could be read all the same makes it usable, with a warning, at best.

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
    damage = micrograph.damage
    verdicts = {judged.verdict for judged in measures} | ({"usable"} if damage else set())
    worst: Verdict = "good"
    if verdicts & {"usable", "declined"}:
        worst = "declined" if "declined" in verdicts else "usable"
    reasons += (damage,) if damage else ()
    return QualityReport(verdict=worst, measures=measures, reasons=reasons, damage=damage)


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
