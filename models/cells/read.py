"""A field read cell by cell: every nucleated cell found, shown to a model for cells, answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from models.answer.domain import DomainVerdict
from models.answer.ensemble import Ensemble
from models.answer.prediction import DEFAULT_RULES, Prediction
from models.bundle.manifest import Manifest
from models.cells.cut import cell_square
from models.errors import CellModelError
from models.finding.find import Cell, FoundCells, find_cells
from models.image.micrograph import Micrograph
from models.image.quality import QualityLimits, QualityReport, assess_quality, quality_limits
from models.rate import told_apart

if TYPE_CHECKING:
    from models.answer.runtime import Model

Stage = Literal["finding", "reading"]
Announce = Callable[[Stage, float], None]
"""Told what is being done, and the share of it that is done, 0 to 1."""
Decision = Literal["answered", "abstained", "outside"]

_STEPS = ("white_balance", "nucleus_square")
_AT_ONCE = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class CellReading:
    """What a model says of one cell: an opinion, not a diagnosis.

    Attributes:
        cell: Where it is, and its measures.
        square: (S, S, 3) uint8, read-only: what the model saw.
        prediction: There for every cell, also where the model abstains or does not know its like.
        domain: Whether the cell is of the kind that the model learned from, and the classes of the
            ten training cells most like it (`DomainVerdict.nearest`); None where it cannot tell.
        named_from: Probability from which the model names a cell, 0 to 1. What a field's counts
            promise, their limits say: that few names are wrong need not be proven for them.
    """

    cell: Cell
    square: NDArray[np.uint8]
    prediction: Prediction
    domain: DomainVerdict | None
    named_from: float

    def __post_init__(self) -> None:
        self.square.setflags(write=False)

    @property
    def top_class(self) -> str:
        """Name of the most probable class, whether the model answers with it or not."""
        return self.prediction.classes[self.prediction.top_class]

    @property
    def probability(self) -> float:
        """Calibrated probability of that class, 0 to 1."""
        return float(self.prediction.probabilities[self.prediction.top_class])

    @property
    def decision(self) -> Decision:
        """Whether the model names the cell, is not sure enough, or does not know such cells."""
        if self.domain is not None and not self.domain.is_inside:
            return "outside"
        return "answered" if self.probability >= self.named_from else "abstained"

    @property
    def reason(self) -> str:
        """The decision's reason in a sentence."""
        if self.domain is not None and not self.domain.is_inside:
            return self.domain.reason
        top, least = told_apart(self.probability, self.named_from)
        if self.decision == "abstained":
            return (
                f"{self.top_class} comes first at {top}; the model names cells only from {least}."
            )
        return f"{self.top_class} comes first at {top}; the model names cells from {least}."


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldReading:
    """What was found in a field, and what a model says of each cell: an opinion, not a diagnosis.

    Attributes:
        quality: Of the field, by the limits for smears.
        found: Every cell that was found, also where the field is not good enough to be read.
        cells: A reading for each found cell, in the same order, cut-off ones among them, which are
            not to be counted; empty where the field was declined.
        manifest: Of the model that read.
        is_declined: Whether the field was not good enough, and no cell of it was read.
    """

    micrograph: Micrograph
    quality: QualityReport
    found: FoundCells
    cells: tuple[CellReading, ...]
    manifest: Manifest
    is_declined: bool

    @property
    def counted(self) -> tuple[CellReading, ...]:
        """The cells that the edge does not cut: those that count."""
        return tuple(each for each in self.cells if not each.cell.is_cut_off)

    @property
    def reason(self) -> str:
        """Why the field was declined, or what is to be known of its quality; may be empty."""
        first = ("The field is not good enough for its cells to be read.",)
        return " ".join((*(first if self.is_declined else ()), *self.quality.reasons))


def is_cell_model(manifest: Manifest) -> bool:
    """Whether a model of this manifest reads the cells of a field.

    Its steps are the light's balance and the square around a nucleus: both are then made from the
    field, whose light and nuclei are known already.
    """
    return tuple(step.name for step in manifest.steps) == _STEPS


def read_field(
    micrograph: Micrograph,
    model: Model | Ensemble,
    *,
    despite_quality: bool = False,
    announce: Announce | None = None,
) -> FieldReading:
    """Every nucleated cell of a smear field, and what a model for cells says of it.

    A field that is not good enough comes back declined: its cells are found, and none is read.

    Args:
        despite_quality: Whether such a field is read all the same.
        announce: Told each step of finding, then of reading.

    Raises:
        CellModelError: The model does not read single cells of a field.
    """
    networks = model.members if isinstance(model, Ensemble) else (model,)
    for network in networks:
        require_cell_model(network.manifest)
    quality = assess_quality(micrograph, _limits_of_field(model.manifest))
    found = find_cells(
        micrograph.rgb,
        um_per_px=micrograph.um_per_px,
        announce=None if announce is None else lambda done: announce("finding", done),
    )
    is_declined = not quality.passed and not despite_quality
    cells: list[CellReading] = []
    to_read = () if is_declined else found.cells
    for start in range(0, len(to_read), _AT_ONCE):
        cells += _read(micrograph, found, to_read[start : start + _AT_ONCE], model, networks)
        if announce is not None:
            announce("reading", len(cells) / len(to_read))
    return FieldReading(
        micrograph=micrograph,
        quality=quality,
        found=found,
        cells=tuple(cells),
        manifest=model.manifest,
        is_declined=is_declined,
    )


def require_cell_model(manifest: Manifest) -> None:
    """Refuse a model that does not read the cells of a field. Raises CellModelError."""
    if not is_cell_model(manifest):
        steps = ", ".join(step.name for step in manifest.steps)
        raise CellModelError(
            f"The model '{manifest.id}' does not read the cells of a field: its steps are {steps}, "
            f"and those of a model for cells are {', '.join(_STEPS)}. Choose a model for cells."
        )


def _limits_of_field(manifest: Manifest) -> QualityLimits:
    """The limits for the field; those of a bundle for single cells are for pictures of one."""
    return manifest.quality_limits if manifest.modality == "smear" else quality_limits("smear")


def _read(
    micrograph: Micrograph,
    found: FoundCells,
    cells: Sequence[Cell],
    model: Model | Ensemble,
    networks: Sequence[Model],
) -> list[CellReading]:
    """What the model says of these cells, whose squares go through each network at once."""
    squares = [_squares(micrograph, found, cells, network.manifest) for network in networks]
    passes = [network.look_at_all(seen) for network, seen in zip(networks, squares, strict=True)]
    readings = []
    for number, cell in enumerate(cells):
        answers = [
            network.ask(seen[number], passed=passed[number])
            for network, seen, passed in zip(networks, squares, passes, strict=True)
        ]
        prediction, domain = answers[0]
        if isinstance(model, Ensemble):
            prediction = model.combine([each for each, _ in answers], DEFAULT_RULES)
            domain = model.judge([each for _, each in answers])
        readings.append(
            CellReading(
                cell=cell,
                square=squares[0][number].copy(),
                prediction=prediction,
                domain=domain,
                named_from=model.manifest.answer_threshold,
            )
        )
    return readings


def _squares(
    micrograph: Micrograph, found: FoundCells, cells: Sequence[Cell], manifest: Manifest
) -> NDArray[np.uint8]:
    """What a model sees of each cell, (N, S, S, 3) uint8, by its own steps' parameters."""
    balance, square = (step.parameters for step in manifest.steps)
    return np.stack(
        [
            cell_square(
                micrograph.rgb,
                cell.nucleus_box,
                multiple=square["multiple"],
                side_px=square["size_px"],
                level=balance["level"],
                background=np.array(found.light, np.float32),
            )
            for cell in cells
        ]
    )
