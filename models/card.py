"""What is known of a trained model: its data, its measured figures, its limits."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.errors import BundleError


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number with its 95 % interval.

    Attributes:
        name: The field's standard term, such as "accuracy" or "sensitivity Benign".
        value: The measured value, 0 to 1 for rates; NaN-free.
        low, high: Bounds of the 95 % interval.
        n: Number of images that the figure rests on.
    """

    name: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How a model (or a baseline) did on images that it had not seen.

    Attributes:
        subject: Who was measured: "model", or a baseline such as "six colour numbers".
        split: "random" (the paper's way, duplicates grouped) or "grouped" (patient, case or
            block of consecutive file numbers kept together).
        protocol: The split in one sentence.
        classes: Class names, in the order of the confusion matrix.
        figures: Every figure with n and interval.
        confusion: Rows are the truth, columns the prediction, in images.
        groups: Number of groups in the test part.
    """

    subject: str
    split: str
    protocol: str
    classes: tuple[str, ...]
    figures: tuple[Figure, ...]
    confusion: tuple[tuple[int, ...], ...]
    groups: int

    def figure(self, name: str) -> Figure:
        """The figure of that name. Raises KeyError if it was not measured."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A data set that a model learned from, with what its licence asks for."""

    name: str
    citation: str
    licence: str
    n_images: int
    n_groups: int | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long a model takes for one image, comparable only between models of one machine.

    The network alone, without reading and preparing the image, a batch of one, after warm-up.
    Whatever else the machine did then is in the figures.

    Attributes:
        median_ms: Median of the calls, in milliseconds.
        low_ms, high_ms: Their 5th and 95th percentile: the spread of calls, no confidence interval.
        n: Number of calls.
        device: Where they ran, such as "2 cores, AMD EPYC"; never the name of a machine.
    """

    median_ms: float
    low_ms: float
    high_ms: float
    n: int
    device: str


@dataclass(frozen=True, kw_only=True)
class AllowedLeak:
    """Something that gave labels away when a model was made, and that its recipe allowed by name.

    Attributes:
        name: Of the leak, such as "label-from-size".
        finding: What the audit found, in sentences.
    """

    name: str
    finding: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """A model's card, after Mitchell et al. 2019, "Model cards for model reporting".

    Attributes:
        timing: None for a model whose inference was never timed.
        allowed_leaks: Empty also for a model whose data were never audited.
    """

    summary: str
    sources: tuple[DataSource, ...]
    evaluations: tuple[Evaluation, ...]
    limits: tuple[str, ...]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    timing: Timing | None = None
    allowed_leaks: tuple[AllowedLeak, ...] = ()

    def evaluation(self, *, split: str, subject: str = "model") -> Evaluation | None:
        """The evaluation of that subject on that split, or None where it was not measured."""
        for evaluation in self.evaluations:
            if evaluation.split == split and evaluation.subject == subject:
                return evaluation
        return None


def write_card(card: Card, path: Path) -> None:
    """Write a card as JSON, whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(json.dumps(asdict(card), indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, path)


def read_card(path: Path) -> Card:
    """Read a card from JSON. Raises BundleError if it is missing or not a card."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"Expected a model card in {path.name}, received {type(error).__name__}: {error}. "
            "Train or export the bundle again."
        ) from error
    return parse_card(data)


def parse_card(text: bytes) -> Card:
    """The card in these bytes of a card.json. Raises BundleError if it is none."""
    try:
        data = json.loads(text)
        return Card(
            summary=data["summary"],
            sources=tuple(DataSource(**source) for source in data["sources"]),
            evaluations=tuple(evaluation_of(entry) for entry in data["evaluations"]),
            limits=tuple(data["limits"]),
            recipe=data["recipe"],
            timing=Timing(**data["timing"]) if data.get("timing") else None,
            allowed_leaks=tuple(AllowedLeak(**leak) for leak in data.get("allowed_leaks", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"Expected a model card in card.json, received {type(error).__name__}: {error}. "
            "Train or export the bundle again."
        ) from error


def evaluation_of(data: Mapping[str, Any]) -> Evaluation:
    """An evaluation as `asdict` made it. Raises KeyError or TypeError where it is none."""
    return Evaluation(
        subject=data["subject"],
        split=data["split"],
        protocol=data["protocol"],
        classes=tuple(data["classes"]),
        figures=tuple(Figure(**figure) for figure in data["figures"]),
        confusion=tuple(tuple(row) for row in data["confusion"]),
        groups=data["groups"],
    )
