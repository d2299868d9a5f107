"""Cells of a field, or of all fields of a case, counted by kind, with the limits of each share.

Two kinds of limits stand beside each other. The exact ones say how far the share in so few cells
may be from the share in all cells of the patient, if every cell was named rightly (Clopper and
Pearson 1934, Biometrika 26:404; for differentials: Rümke 1985, "The imprecision of the
leukocyte differential count": 20 of 100 is 12.7 to 29.2 %). The others carry the model's mistakes
too, see `models.cells.count_error`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy.special import betaincinv

from models.cells.count_error import ModelError, limits_with_error
from models.cells.read import FieldReading
from models.errors import CellModelError
from models.rate import Rate

BLAST = "blast"
WHITE_KINDS = (
    BLAST,
    "immature granulocyte",
    "lymphocyte",
    "monocyte",
    "neutrophil",
    "eosinophil",
    "basophil",
)
"""White cells, in the order in which they are listed."""
ERYTHROBLAST = "erythroblast"
OTHER = "other"
"""Not a cell to count: smudge, platelet clump, stain."""
KINDS = (*WHITE_KINDS, ERYTHROBLAST, OTHER)
ABSTAINED, OUTSIDE = "abstained", "outside"
"""Not answered: a column each, and in no denominator."""

PRESETS = (100, 200, 400, 500)
"""White cells that are counted: 100 and 200 in routine blood (ICSH: Palmer et al. 2015, Int J Lab
Hematol 37:287), 400 in the reference differential, 200 by each of two readers (CLSI H20-A2), 500 in
marrow (ICSH: Lee et al. 2008, Int J Lab Hematol 30:349)."""
BLAST_MARKS = (0.05, 0.20)
"""Shares of blasts that classifications of leukaemia mention; nothing is decided by them here."""
_TAIL = 0.025
_MOST_CELLS = 10**6


@dataclass(frozen=True, kw_only=True)
class CountedCell:
    """One whole cell, as it is counted.

    Attributes:
        kind: Name of its class, or `ABSTAINED` or `OUTSIDE` where the model gave none.
        by: Who named it.
    """

    kind: str
    by: Literal["model", "reader"] = "model"


@dataclass(frozen=True, kw_only=True)
class KindCount:
    """How many white cells of one kind there are.

    Attributes:
        name: Of the kind.
        n: Cells; n_by_reader of them were named by the reader.
        share: Of the white cells, with its exact 95 % limits; None without any white cell.
        with_error: Lower and upper 95 % limit, 0 to 1, that carry the model's error, too; None
            where that is not known.
    """

    name: str
    n: int
    n_by_reader: int
    share: Rate | None
    with_error: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Differential:
    """The white cells of one or several fields by kind.

    Attributes:
        kinds: Every kind of white cell, also those without a cell, in a fixed order.
        n_white: All of them together: what shares are shares of.
        n_erythroblasts, n_other: Cells that are no white cells.
        n_by_reader: Of all these, those that a reader named.
        n_abstained, n_outside: Cells that the model did not name and no reader has; in no share.
        erythroblasts_per_100: For 100 white cells, with exact 95 % limits; None without white cell.
        is_error_known: Whether `with_error` could be worked out.
    """

    kinds: tuple[KindCount, ...]
    n_white: int
    n_erythroblasts: int
    n_other: int
    n_by_reader: int
    n_abstained: int
    n_outside: int
    erythroblasts_per_100: Rate | None
    is_error_known: bool

    @property
    def n_unnamed(self) -> int:
        """Cells that have no name, neither the model's nor a reader's."""
        return self.n_abstained + self.n_outside

    @property
    def is_mostly_unnamed(self) -> bool:
        """Whether most cells have no name: the few that have one stand for no share."""
        return self.n_unnamed > self.n_white + self.n_erythroblasts + self.n_other

    def kind(self, name: str) -> KindCount:
        """The count of that kind. Raises KeyError where it is none of white cells."""
        for each in self.kinds:
            if each.name == name:
                return each
        raise KeyError(name)

    def more_for(self, name: str, plus_minus: float) -> int | None:
        """How many more white cells to count until this kind's exact limits are within ± that.

        Under the share that was found; 0 where there are enough. None where nothing was counted.

        Args:
            plus_minus: How far the farther limit may be from the share, 0 to 1, not 0.
        """
        share = self.kind(name).share
        if share is None:
            return None
        return max(0, cells_for(share.value, plus_minus) - self.n_white)

    def limits_at(self, name: str, n_white: int) -> tuple[float, float] | None:
        """The exact limits of this kind if so many white cells were counted, at the same share."""
        share = self.kind(name).share
        return None if share is None else exact_limits(share.value * n_white, n_white)


def counted_cells(
    reading: FieldReading, corrected: Mapping[int, str] | None = None
) -> tuple[CountedCell, ...]:
    """The whole cells of a field as they are counted; those that the edge cuts are left out.

    Args:
        corrected: Kind that a reader gave, by the cell's number.

    Raises:
        CellModelError: A correction names no cell of this field, or no kind of the model.
    """
    given = dict(corrected or {})
    numbers = {each.cell.number for each in reading.cells}
    for number, kind in given.items():
        if number not in numbers or kind not in reading.manifest.classes:
            raise CellModelError(
                f"Received the kind {kind!r} for cell {number}. Expected one of the "
                f"{len(numbers)} cells of this field, and one of the kinds "
                f"{', '.join(reading.manifest.classes)}."
            )
    return tuple(
        CountedCell(kind=given[number], by="reader")
        if (number := each.cell.number) in given
        else CountedCell(kind=each.top_class if each.decision == "answered" else each.decision)
        for each in reading.counted
    )


def differential(
    cells: Iterable[CountedCell],
    *,
    classes: Sequence[str] = KINDS,
    error: ModelError | None = None,
) -> Differential:
    """The differential of cells, be they of one field or of all fields of a case.

    Args:
        cells: As `counted_cells` gives them for each field.
        classes: Of the model; what is neither an erythroblast nor other is a white cell.
        error: How often the model takes one kind for another; None where it is not known.

    Raises:
        CellModelError: A cell has a kind that is none of these.
    """
    numbers = Counter((cell.kind, cell.by) for cell in cells)
    unknown = {kind for kind, _ in numbers} - {*classes, ABSTAINED, OUTSIDE}
    if unknown:
        raise CellModelError(
            f"Received a cell of the kind {min(unknown)!r}, expected one of {', '.join(classes)}."
        )
    named = {kind: numbers[kind, "model"] + numbers[kind, "reader"] for kind in classes}
    white = white_kinds(classes)
    n_white = sum(named[kind] for kind in white)
    by_model = {kind: numbers[kind, "model"] for kind in classes}
    by_reader = {kind: numbers[kind, "reader"] for kind in classes}
    limits = limits_with_error(by_model, by_reader, white=white, error=error)
    n_erythroblasts = named.get(ERYTHROBLAST, 0)
    return Differential(
        kinds=tuple(
            KindCount(
                name=kind,
                n=named[kind],
                n_by_reader=by_reader[kind],
                share=_share(kind, named[kind], n_white),
                with_error=limits[kind] if limits else None,
            )
            for kind in white
        ),
        n_white=n_white,
        n_erythroblasts=n_erythroblasts,
        n_other=named.get(OTHER, 0),
        n_by_reader=sum(by_reader.values()),
        n_abstained=numbers[ABSTAINED, "model"],
        n_outside=numbers[OUTSIDE, "model"],
        erythroblasts_per_100=_per_100(n_erythroblasts, n_white),
        is_error_known=limits is not None,
    )


def white_kinds(classes: Sequence[str]) -> tuple[str, ...]:
    """Those of a model's classes that are white cells: known ones first, in their fixed order."""
    known = tuple(kind for kind in WHITE_KINDS if kind in classes)
    return known + tuple(kind for kind in classes if kind not in KINDS)


def exact_limits(n: float, of: int) -> tuple[float, float]:
    """Exact 95 % limits of a share, after Clopper and Pearson 1934, each 0 to 1.

    Args:
        n: Cells of the kind; not whole where a share is carried over to another number.
        of: All cells, above 0.
    """
    low = float(betaincinv(n, of - n + 1, _TAIL)) if n > 0 else 0.0
    high = float(betaincinv(n + 1, of - n, 1 - _TAIL)) if n < of else 1.0
    return low, high


def cells_for(share: float, plus_minus: float) -> int:
    """How many cells bring the exact limits of a share within ± that; at most a million.

    Args:
        share: 0 to 1.
        plus_minus: How far the farther limit may be, above 0.
    """
    if plus_minus <= 0:
        raise CellModelError(f"Expected ± to be above 0, received {plus_minus}. Give 0.05 for 5 %.")

    def is_enough(n: int) -> bool:
        low, high = exact_limits(share * n, n)
        return max(share - low, high - share) <= plus_minus

    few, many = 0, 1
    while many < _MOST_CELLS and not is_enough(many):
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_enough(middle) else (middle, many)
    return min(many, _MOST_CELLS)


def _share(name: str, n: int, n_white: int) -> Rate | None:
    if n_white == 0:
        return None
    low, high = exact_limits(n, n_white)
    return Rate(name=name, value=n / n_white, low=low, high=high, n=n_white)


def _per_100(n_erythroblasts: int, n_white: int) -> Rate | None:
    """Erythroblasts for 100 white cells; limits from the share among both together."""
    if n_white == 0:
        return None
    together = n_erythroblasts + n_white
    low, high = (100 * share / (1 - share) for share in exact_limits(n_erythroblasts, together))
    return Rate(
        name="erythroblasts per 100 white cells",
        value=100 * n_erythroblasts / n_white,
        low=low,
        high=high,
        n=together,
    )
