"""A differential in words: shares with their limits, and what lies about 5 and 20 % of blasts."""

from __future__ import annotations

from models.cells.count import BLAST, BLAST_MARKS, Differential, KindCount
from models.rate import percent

NOT_KNOWN = "not known"
LIMITS_EXPLAINED = (
    "95 % limits: how far the share in so few cells may be from that in all cells, if every cell "
    "was named rightly. With the model's error: its mistakes in laboratories that it had not seen "
    "are in them, too, so that they may lie higher or lower than the exact ones; cells that a "
    "reader named carry none of their own, but what the others are moves their share, too."
)
_FEWEST_WHITE = 10
"""White cells that are counted before erythroblasts are told beside them."""
IF_RIGHT = "if every cell was named rightly"
NO_SHARE_TO_BE_TOLD = "Most cells have no name, so that no share can be told. Name them yourself."
NOT_TO_BE_TOLD = (
    "What share are blasts cannot be told: most cells have no name. Name them yourself."
)
DECIDES_NOTHING = "A share of cells is no diagnosis, and decides nothing here."


def share_in_words(count: KindCount) -> str:
    """A kind's share with its exact limits: "20.0 % (12.7 to 29.2)"; "" without white cells."""
    return "" if count.share is None else count.share.in_percent


def error_limits_in_words(count: KindCount) -> str:
    """The limits that carry the model's error: "9.3 to 41.0 %", or "not known"."""
    return NOT_KNOWN if count.with_error is None else _range(count.with_error)


def blast_words(counted: Differential) -> tuple[str, ...]:
    """How the blasts' interval lies to 5 % and 20 %, in sentences that decide nothing.

    Empty where the model knows no blasts, or no white cell was counted. Where most cells have no
    name, it says that the share cannot be told.
    """
    blast = next((each for each in counted.kinds if each.name == BLAST), None)
    if blast is None:
        return ()
    if counted.is_mostly_unnamed:
        return (NOT_TO_BE_TOLD,)
    if blast.share is None or blast.share.bounds is None:
        return ()
    white = f"{counted.n_white:,} white cell{'' if counted.n_white == 1 else 's'}"
    words = [
        f"Blasts: {blast.n:,} of {white}, {share_in_words(blast)}.",
        f"The interval {_against_marks(blast.share.bounds)}.",
    ]
    if blast.with_error is None and not counted.is_error_known:
        words.append("The model's error is not known, and not in it.")
    elif blast.with_error is not None:
        placed = _against_marks(blast.with_error)
        same = "lies the same" if placed == _against_marks(blast.share.bounds) else placed
        words.append(f"With the model's error it is {_range(blast.with_error)}, and {same}.")
    return (*words, DECIDES_NOTHING)


def left_out_in_words(counted: Differential) -> str:
    """Which cells are in no share, in a sentence; "" where there are none."""
    parts = [
        f"{n:,} {what}"
        for n, what in (
            (counted.n_abstained, "that the model did not name"),
            (counted.n_outside, "unlike those that it learned from"),
            (counted.n_other, "that are no cells to count"),
        )
        if n
    ]
    return f"In no share: {', '.join(parts)}." if parts else ""


def erythroblasts_in_words(counted: Differential) -> str:
    """Erythroblasts for 100 white cells with their limits; of few white cells that they are few.

    "" without white cells, or where most cells have no name.
    """
    rate = counted.erythroblasts_per_100
    if rate is None or rate.bounds is None or counted.is_mostly_unnamed:
        return ""
    if counted.n_white < _FEWEST_WHITE:
        return "too few white cells counted to tell"
    low, high = rate.bounds
    return f"{rate.value:.1f} ({low:.1f} to {high:.1f})"


def more_in_words(counted: Differential, name: str, plus_minus: float) -> str:
    """How many white cells more bring a kind within ± that; "" where nothing was counted."""
    more = counted.more_for(name, plus_minus)
    if more is None:
        return ""
    reach = f"± {100 * plus_minus:g} percentage points"
    if more == 0:
        return f"{reach} reached with {counted.n_white:,} white cells, {IF_RIGHT}."
    return f"Count {more:,} white cell{'' if more == 1 else 's'} more for {reach}, {IF_RIGHT}."


def _against_marks(bounds: tuple[float, float]) -> str:
    """How an interval lies to each mark: "lies above 5 % and holds 20 %", "holds 5 % and 20 %"."""
    marks: dict[str, list[str]] = {}
    for mark in BLAST_MARKS:
        marks.setdefault(_place(bounds, mark), []).append(f"{100 * mark:g} %")
    return " and ".join(f"{place} {' and '.join(each)}" for place, each in marks.items())


def _place(bounds: tuple[float, float], mark: float) -> str:
    low, high = bounds
    return "lies above" if low > mark else "lies below" if high < mark else "holds"


def _range(bounds: tuple[float, float]) -> str:
    low, high = bounds
    return f"{100 * low:.1f} to {percent(high)}"
