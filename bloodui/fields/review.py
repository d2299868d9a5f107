"""What a reader did to the cells of a case, and the check of what a browser says of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from bloodui.errors import ReviewError

CellKey = tuple[str, int]
"""A cell of any field: the field's SHA-256, and its number there."""
Move = tuple[tuple[CellKey, str | None], ...]
"""Cells that were given a kind in one go; None takes back what was given before."""

MOST_MOVES = 500
"""In the memory for undo; the browser folds older ones into one."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """Moves of cells, in the order in which they were made.

    Attributes:
        moves: Those that hold, and behind them those that were undone.
        done: How many hold.
    """

    moves: tuple[Move, ...] = ()
    done: int = 0

    @property
    def given(self) -> dict[CellKey, str]:
        """The kind that the reader gave to each cell that has one."""
        given: dict[CellKey, str] = {}
        for move in self.moves[: self.done]:
            for cell, kind in move:
                if kind is None:
                    given.pop(cell, None)
                else:
                    given[cell] = kind
        return given

    def corrected(self, sha256: str) -> dict[int, str]:
        """The kinds that the reader gave to cells of one field, by the cell's number."""
        return {number: kind for (field, number), kind in self.given.items() if field == sha256}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a browser was shown, so that it may speak of it by numbers.

    Attributes:
        visit: To the page; what another visit left is not taken.
        cells: Each cell, in the browser's order.
        may_move: Whether each of them counts, and so may be given a kind.
        classes: Of the model.
    """

    visit: str
    cells: Sequence[CellKey]
    may_move: Sequence[bool]
    classes: Sequence[str]


def review_from(sent: Any, shown: Shown) -> Review:
    """The review that a browser sent, every value of it checked.

    Args:
        sent: As `to_browser` has it; whatever came.

    Raises:
        ReviewError: It is not of this page, or speaks of a cell or a class that is not there.
    """
    if not isinstance(sent, dict) or sent.keys() != {"visit", "moves", "done"}:
        raise ReviewError(_refusal("something that is no list of corrections"))
    if sent["visit"] != shown.visit:
        raise ReviewError(_refusal("corrections of another visit to this page"))
    moves, done = sent["moves"], sent["done"]
    if not isinstance(moves, list) or len(moves) > MOST_MOVES:
        raise ReviewError(_refusal(f"no list of at most {MOST_MOVES} corrections"))
    if not _is_number(done, len(moves) + 1):
        raise ReviewError(_refusal("a number of corrections that there are not"))
    return Review(moves=tuple(_move(move, shown) for move in moves), done=done)


def with_unseen(sent: Review, before: Review, shown: Shown) -> Review:
    """What was sent, and what was said before of cells that the browser was not shown.

    Args:
        before: The review until now.
    """
    seen = set(shown.cells)
    unseen = tuple((cell, kind) for cell, kind in before.given.items() if cell not in seen)
    if not unseen:
        return sent
    return Review(moves=(unseen, *sent.moves), done=sent.done + 1)


def without_removed(review: Review, hashes: Collection[str]) -> Review:
    """What was said of the cells of fields with these hashes; the same object where that is all."""
    kept = [
        tuple((cell, kind) for cell, kind in move if cell[0] in hashes) for move in review.moves
    ]
    if tuple(kept) == review.moves:
        return review
    done = sum(bool(move) for move in kept[: review.done])
    return Review(moves=tuple(move for move in kept if move), done=done)


def to_browser(review: Review, shown: Shown) -> dict[str, Any]:
    """The review in the browser's numbers, without cells and classes that are not shown."""
    places = {cell: number for number, cell in enumerate(shown.cells)}
    classes = {name: number for number, name in enumerate(shown.classes)}
    moves: list[list[list[int | None]]] = []
    done = 0
    for number, move in enumerate(review.moves):
        changes = [
            [places[cell], None if kind is None else classes[kind]]
            for cell, kind in move
            if cell in places and shown.may_move[places[cell]] and (kind is None or kind in classes)
        ]
        if changes:
            moves.append(changes)
            done += number < review.done
    return {"moves": moves, "done": done}


def _move(move: Any, shown: Shown) -> Move:
    if not isinstance(move, list) or not 0 < len(move) <= len(shown.cells):
        raise ReviewError(_refusal("a correction of no cell, or of more cells than there are"))
    return tuple(_change(change, shown) for change in move)


def _change(change: Any, shown: Shown) -> tuple[CellKey, str | None]:
    if not isinstance(change, list) or len(change) != 2:
        raise ReviewError(_refusal("a correction that is no cell with a class"))
    cell, kind = change
    if not _is_number(cell, len(shown.cells)):
        raise ReviewError(_refusal("the number of a cell that is not there"))
    if not shown.may_move[cell]:
        raise ReviewError(_refusal("a class for a cell that the edge cuts"))
    if kind is not None and not _is_number(kind, len(shown.classes)):
        raise ReviewError(_refusal("the number of a class that the model does not have"))
    return shown.cells[cell], None if kind is None else shown.classes[kind]


def _is_number(value: Any, below: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < below


def _refusal(what: str) -> str:
    return (
        f"The browser sent {what}. Expected cells and classes of the fields that are shown. "
        "Load the page again; corrections that were taken before are kept."
    )
