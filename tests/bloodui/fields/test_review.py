"""What a browser says of cells is checked value by value, and moves replay in their order."""

from __future__ import annotations

from typing import Any

import pytest

from bloodui.errors import ReviewError
from bloodui.fields.review import (
    MOST_MOVES,
    Review,
    Shown,
    review_from,
    to_browser,
    with_unseen,
    without_removed,
)

A, B = "a" * 64, "b" * 64
SHOWN = Shown(
    visit="visit",
    cells=[(A, 1), (A, 2), (B, 1)],
    may_move=[True, False, True],
    classes=["blast", "lymphocyte"],
)


def sent(**changes: Any) -> dict[str, Any]:
    return {"visit": "visit", "moves": [[[0, 1]], [[2, 0], [0, None]]], "done": 2} | changes


def test_moves_replay_in_their_order_and_undone_ones_do_not_hold() -> None:
    review = review_from(sent(), SHOWN)
    assert review.given == {(B, 1): "blast"}
    assert review_from(sent(done=1), SHOWN).given == {(A, 1): "lymphocyte"}
    assert review_from(sent(done=0), SHOWN).given == {}
    assert review.corrected(B) == {1: "blast"}
    assert review.corrected(A) == {}


def test_what_was_sent_goes_back_as_it_came() -> None:
    review = review_from(sent(done=1), SHOWN)
    assert to_browser(review, SHOWN) == {"moves": sent()["moves"], "done": 1}


def test_cells_of_a_field_that_is_gone_and_unknown_classes_are_left_out() -> None:
    review = Review(
        moves=(
            (((A, 1), "blast"),),
            (((B, 1), "lymphocyte"), ((A, 1), "plasma cell")),
            (((A, 1), "lymphocyte"),),
        ),
        done=2,
    )
    only_b = Shown(visit="t", cells=[(B, 1)], may_move=[True], classes=SHOWN.classes)
    assert to_browser(review, only_b) == {"moves": [[[0, 1]]], "done": 1}
    assert to_browser(review, SHOWN) == {"moves": [[[0, 0]], [[2, 1]], [[0, 1]]], "done": 2}


def test_what_was_said_of_cells_that_are_not_shown_is_carried_over() -> None:
    c = "c" * 64
    before = Review(
        moves=(
            (((A, 1), "blast"), ((B, 1), "blast"), ((c, 1), "blast")),
            (((B, 1), "lymphocyte"),),
            (((B, 1), "blast"),),
        ),
        done=2,
    )
    only_a = Shown(visit="t", cells=[(A, 1)], may_move=[True], classes=SHOWN.classes)
    sent_now = Review(moves=((((A, 1), None),), (((A, 1), "blast"),)), done=1)
    taken = without_removed(with_unseen(sent_now, before, only_a), {A, B})
    assert taken.given == {(B, 1): "lymphocyte"}
    assert to_browser(taken, only_a) == {"moves": [[[0, None]], [[0, 0]]], "done": 1}
    assert without_removed(with_unseen(sent_now, before, only_a), {A}) == sent_now


@pytest.mark.parametrize(
    "value",
    [
        None,
        "moves",
        [],
        sent() | {"more": 1},
        {"moves": [], "done": 0},
        sent(visit="another"),
        sent(visit=None),
        sent(moves={}),
        sent(moves=[[[0, 1]]] * (MOST_MOVES + 1)),
        sent(moves=[[]]),
        sent(moves=[[[0, 1]] * 4]),
        sent(moves=["ab"]),
        sent(moves=[[[0]]]),
        sent(moves=[[[0, 1, 1]]]),
        sent(moves=[[[3, 1]]]),
        sent(moves=[[[-1, 1]]]),
        sent(moves=[[[True, 1]]]),
        sent(moves=[[[0.0, 1]]]),
        sent(moves=[[["0", 1]]]),
        sent(moves=[[[1, 0]]]),
        sent(moves=[[[0, 2]]]),
        sent(moves=[[[0, -1]]]),
        sent(moves=[[[0, "blast"]]]),
        sent(moves=[[[0, False]]]),
        sent(done=3),
        sent(done=-1),
        sent(done=True),
        sent(done=1.0),
        sent(done=None),
    ],
)
def test_what_is_not_as_it_has_to_be_is_refused(value: Any) -> None:
    with pytest.raises(ReviewError, match=r"The browser sent .* Expected .* Load the page again"):
        review_from(value, SHOWN)
