"""What is known of a trained model: its data, its measured figures, its limits."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.errors import BundleError
from models.figure import Figure as Figure
from models.map_check import SaliencyCheck as SaliencyCheck
from models.map_check import saliency_check_of


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
class Shortcut:
    """Who answered for test images in a shortcut audit, and how well.

    Attributes:
        name: "model", or of the alteration or the baseline.
        kind: "model", "altered" (the model on altered pictures) or "baseline" (what answers
            without looking at a cell).
        accuracy, balanced_accuracy: With 95 % intervals over groups.
        gap: The model's balanced accuracy minus this one's, on the same images.
        p_value: Of a baseline, how likely its figure is by chance; None for the others.
    """

    name: str
    kind: str
    accuracy: Figure
    balanced_accuracy: Figure
    gap: Figure
    p_value: float | None = None


@dataclass(frozen=True, kw_only=True)
class Degraded:
    """How a model did on test images that were made worse in one way.

    Attributes:
        kind: Key of `models.degradation.STRENGTHS`; "" for the images as they are.
        strength: 1 to 5; 0 for the images as they are.
        accuracy: With its 95 % interval over groups.
    """

    kind: str
    strength: int
    accuracy: Figure


@dataclass(frozen=True, kw_only=True)
class KindCheck:
    """How a model's domain check takes images of one kind.

    Attributes:
        kind: "own test images", name of a data set, "photographs" or "documents".
        turned_away: Share that is beyond the limit, with its 95 % interval over groups.
        auroc: Of the distance, against the model's own test images; None for these themselves.
            Its n counts the images of the kind.
        energy_auroc: The same of the energy of the logits (Liu et al. 2020, "Energy-based
            out-of-distribution detection"), which the check could go by instead; None of an
            ensemble, which has no logits of its own.
    """

    kind: str
    turned_away: Figure
    auroc: Figure | None = None
    energy_auroc: Figure | None = None


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A test image that a model answered wrongly.

    Attributes:
        path: As the index names it.
        sha256: Of the file.
        truth, answer: Classes.
        probability, truth_probability: Calibrated, of the answer and of the truth, 0 to 1.
    """

    path: str
    sha256: str
    truth: str
    answer: str
    probability: float
    truth_probability: float


@dataclass(frozen=True, kw_only=True)
class Card:
    """A model's card, after Mitchell et al. 2019, "Model cards for model reporting".

    Attributes:
        timing: None for a model whose inference was never timed.
        allowed_leaks: Empty also for a model whose data were never audited.
        shortcuts, robustness, mistakes, subgroups, domain, saliency: What `python -m training
            audit-card` measured on the bundle's own test images: the model beside its shortcuts,
            on images made worse, its surest mistakes of each class, its accuracy by data set, what
            it takes for its own kind, how far to believe its maps. Empty before.
    """

    summary: str
    sources: tuple[DataSource, ...]
    evaluations: tuple[Evaluation, ...]
    limits: tuple[str, ...]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    timing: Timing | None = None
    allowed_leaks: tuple[AllowedLeak, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    robustness: tuple[Degraded, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    subgroups: tuple[Figure, ...] = ()
    domain: tuple[KindCheck, ...] = ()
    saliency: tuple[SaliencyCheck, ...] = ()

    def saliency_check(self, method: str) -> SaliencyCheck | None:
        """The check of that saliency method, or None where it was not checked."""
        return next((check for check in self.saliency if check.method == method), None)

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
            saliency=tuple(saliency_check_of(entry) for entry in data.get("saliency", ())),
            shortcuts=tuple(_shortcut(entry) for entry in data.get("shortcuts", ())),
            robustness=tuple(_degraded(entry) for entry in data.get("robustness", ())),
            mistakes=tuple(Mistake(**entry) for entry in data.get("mistakes", ())),
            subgroups=tuple(Figure(**entry) for entry in data.get("subgroups", ())),
            domain=tuple(_kind_check(entry) for entry in data.get("domain", ())),
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


def _degraded(data: Mapping[str, Any]) -> Degraded:
    return Degraded(
        kind=data["kind"], strength=data["strength"], accuracy=Figure(**data["accuracy"])
    )


def _shortcut(data: Mapping[str, Any]) -> Shortcut:
    figures = {key: Figure(**data[key]) for key in ("accuracy", "balanced_accuracy", "gap")}
    return Shortcut(name=data["name"], kind=data["kind"], p_value=data["p_value"], **figures)


def _kind_check(data: Mapping[str, Any]) -> KindCheck:
    auroc, energy = (
        Figure(**data[key]) if data[key] else None for key in ("auroc", "energy_auroc")
    )
    share = Figure(**data["turned_away"])
    return KindCheck(kind=data["kind"], turned_away=share, auroc=auroc, energy_auroc=energy)
