"""Cells are counted by kind; every share has limits that are right."""

from __future__ import annotations

import numpy as np
import pytest

from models.bundle.card import Card, Evaluation, LeftOut
from models.cells.count import (
    ABSTAINED,
    KINDS,
    OUTSIDE,
    WHITE_KINDS,
    CountedCell,
    Differential,
    cells_for,
    differential,
    exact_limits,
    white_kinds,
)
from models.cells.count_error import ModelError, model_error_of
from models.errors import CellModelError

RIGHT = tuple(tuple(200 * (row == column) for column in range(9)) for row in range(9))
"""A model that was never wrong in 200 cells of each kind."""


def cells(by_reader: bool = False, **numbers: int) -> list[CountedCell]:
    return [
        CountedCell(kind=kind.replace("_", " "), by="reader" if by_reader else "model")
        for kind, n in numbers.items()
        for _ in range(n)
    ]


def percent(limits: tuple[float | None, float | None]) -> tuple[float, float]:
    low, high = limits
    assert low is not None
    assert high is not None
    return round(100 * low, 1), round(100 * high, 1)


def share_limits(counted: Differential, kind: str) -> tuple[float, float]:
    share = counted.kind(kind).share
    assert share is not None
    return percent((share.low, share.high))


# Clopper and Pearson's, as tables of the binomial print them (Rümke 1985, Documenta Geigy).
@pytest.mark.parametrize(
    ("n", "of", "limits"),
    [
        (20, 100, (12.7, 29.2)),
        (0, 100, (0.0, 3.6)),
        (100, 100, (96.4, 100.0)),
        (5, 100, (1.6, 11.3)),
        (50, 100, (39.8, 60.2)),
        (5, 200, (0.8, 5.7)),
        (0, 1, (0.0, 97.5)),
    ],
)
def test_exact_limits_are_those_of_the_tables(n: int, of: int, limits: tuple[float, float]) -> None:
    assert percent(exact_limits(n, of)) == limits


def test_exact_limits_hold_the_truth_in_95_of_100_samples_or_more() -> None:
    rng = np.random.default_rng(1)
    for truth in (0.01, 0.05, 0.2, 0.6):
        found = [exact_limits(int(n), 100) for n in rng.binomial(100, truth, 800)]
        assert np.mean([low <= truth <= high for low, high in found]) >= 0.94


def test_shares_are_of_the_white_cells_alone() -> None:
    counted = differential(
        cells(blast=20, lymphocyte=50, neutrophil=30, erythroblast=10, other=7)
        + cells(abstained=5, outside=3)
    )
    assert counted.n_white == 100
    assert [kind.name for kind in counted.kinds] == list(WHITE_KINDS)
    assert share_limits(counted, "blast") == (12.7, 29.2)
    assert counted.kind("monocyte").n == 0
    assert share_limits(counted, "monocyte") == (0.0, 3.6)
    assert (counted.n_erythroblasts, counted.n_other) == (10, 7)
    assert (counted.n_abstained, counted.n_outside) == (5, 3)


def test_erythroblasts_are_given_for_100_white_cells() -> None:
    per_100 = differential(cells(lymphocyte=50, erythroblast=100)).erythroblasts_per_100
    assert per_100 is not None
    assert per_100.value == 200
    share = exact_limits(100, 150)
    assert per_100.low == pytest.approx(100 * share[0] / (1 - share[0]))
    assert per_100.high == pytest.approx(100 * share[1] / (1 - share[1]))


def test_without_a_white_cell_there_is_no_share() -> None:
    counted = differential(cells(erythroblast=3, other=2))
    assert all(kind.share is None and kind.with_error is None for kind in counted.kinds)
    assert counted.erythroblasts_per_100 is None
    assert counted.more_for("blast", 0.05) is None
    assert counted.limits_at("blast", 100) is None


def test_fields_of_a_case_are_counted_together() -> None:
    first, second = cells(blast=10, lymphocyte=40), cells(blast=10, neutrophil=40)
    assert share_limits(differential(first + second), "blast") == (12.7, 29.2)


def test_so_many_more_cells_bring_the_limits_within_reach() -> None:
    counted = differential(cells(blast=20, lymphocyte=80))
    more = counted.more_for("blast", 0.05)
    assert more is not None
    n = 100 + more

    def reach(n_cells: int) -> float:
        limits = counted.limits_at("blast", n_cells)
        assert limits is not None
        return max(0.2 - limits[0], limits[1] - 0.2)

    assert reach(n) <= 0.05 < reach(n - 1)
    assert counted.more_for("blast", 0.1) == 0
    assert counted.limits_at("blast", 100) == exact_limits(20, 100)
    with pytest.raises(CellModelError, match="above 0"):
        cells_for(0.2, 0)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(CellModelError, match="'platelet'"):
        differential(cells(platelet=1))


def test_kinds_of_another_model_are_white_cells_after_the_known_ones() -> None:
    assert white_kinds(("plasma cell", "other", "blast")) == ("blast", "plasma cell")


def test_limits_with_the_models_error_are_not_known_without_its_error() -> None:
    counted = differential(cells(blast=20, lymphocyte=80))
    assert not counted.is_error_known
    assert counted.kind("blast").with_error is None


def test_cells_that_a_reader_named_carry_no_error_of_the_model() -> None:
    counted = differential(cells(by_reader=True, blast=20, lymphocyte=80))
    with_error = counted.kind("blast").with_error
    assert with_error is not None
    assert percent(with_error) == (12.7, 29.2)
    assert counted.kind("blast").n_by_reader == 20


def test_of_a_model_that_hardly_errs_the_limits_are_hardly_wider() -> None:
    error = ModelError(classes=KINDS, laboratories=(RIGHT,))
    counted = differential(cells(blast=20, lymphocyte=80), error=error)
    low, high = counted.kind("blast").with_error or (0, 0)
    assert (low, high) == pytest.approx(exact_limits(20, 100), abs=0.02)


def test_of_a_model_that_misses_half_of_the_blasts_the_limits_reach_up() -> None:
    matrix = np.array(RIGHT)
    matrix[0, 0], matrix[0, 3] = 100, 100  # half of the blasts are called monocytes
    error = ModelError(classes=KINDS, laboratories=(tuple(map(tuple, matrix.tolist())),))
    counted = differential(cells(blast=20, monocyte=20, lymphocyte=60), error=error)
    blast = counted.kind("blast").with_error
    assert blast is not None
    assert blast[0] > 0.2
    assert blast[1] > 0.45
    read = differential(
        cells(blast=20, lymphocyte=60) + cells(by_reader=True, monocyte=20), error=error
    ).kind("blast")
    assert read.with_error is not None
    assert read.with_error[1] < blast[1] - 0.1


def test_laboratories_that_differ_make_the_limits_wider() -> None:
    matrix = np.array(RIGHT)
    matrix[0, 0], matrix[0, 2] = 60, 140
    other = tuple(map(tuple, matrix.tolist()))
    counted = cells(blast=20, lymphocyte=80)

    def width(*laboratories: tuple[tuple[int, ...], ...]) -> float:
        error = ModelError(classes=KINDS, laboratories=laboratories)
        low, high = differential(counted, error=error).kind("blast").with_error or (0, 0)
        return high - low

    assert width(RIGHT, other) > 1.3 * width(RIGHT)


def test_limits_with_error_hold_the_truth_where_exact_ones_do_not() -> None:
    rng = np.random.default_rng(0)
    rates = 0.7 * np.eye(9) + 0.3 * rng.dirichlet(np.ones(9), 9)
    laboratory = tuple(tuple(rng.multinomial(80, row).tolist()) for row in rates)
    error = ModelError(classes=KINDS, laboratories=(laboratory,))
    held = {"exact": 0, "with error": 0}
    n_cases = 40
    for _ in range(n_cases):
        truth = rng.dirichlet(np.array([2, 1, 6, 2, 9, 0.7, 0.3, 0.5, 0.5]))
        true = rng.multinomial(200, truth)
        said = np.zeros(9, int)
        for count, row in zip(true, rates, strict=True):
            said += rng.multinomial(count, row)
        counted = differential(
            [CountedCell(kind=kind) for kind, n in zip(KINDS, said, strict=True) for _ in range(n)],
            error=error,
        )
        for number, kind in enumerate(counted.kinds):
            share = truth[number] / truth[:7].sum()
            assert kind.share is not None
            assert kind.share.bounds is not None
            assert kind.with_error is not None
            held["exact"] += kind.share.bounds[0] <= share <= kind.share.bounds[1]
            held["with error"] += kind.with_error[0] <= share <= kind.with_error[1]
    assert held["exact"] < 0.85 * 7 * n_cases
    assert held["with error"] >= 0.93 * 7 * n_cases


def test_abstained_and_outside_cells_rest_on_nobody() -> None:
    counted = differential([CountedCell(kind=ABSTAINED), CountedCell(kind=OUTSIDE)])
    assert (counted.n_white, counted.n_abstained, counted.n_outside) == (0, 1, 1)


def test_an_error_that_does_not_know_every_kind_is_refused() -> None:
    lacking = (*RIGHT[:-1], (0,) * 9)
    with pytest.raises(CellModelError, match="each kind true"):
        ModelError(classes=KINDS, laboratories=(lacking,))


def card_of(*left_out: LeftOut, evaluations: tuple[Evaluation, ...] = ()) -> Card:
    return Card(
        summary="A model.", sources=(), evaluations=evaluations, limits=(), left_out=left_out
    )


def test_the_error_is_that_of_the_laboratories_in_the_card() -> None:
    own = LeftOut(name="lab a", classes=KINDS, confusion=RIGHT)
    other = LeftOut(name="lab b", classes=("blast", "other"), confusion=((1, 0), (0, 1)))
    error = model_error_of(card_of(own, other), KINDS)
    assert error is not None
    assert error.laboratories == (RIGHT,)


def test_laboratories_judged_together_are_one_where_the_card_has_no_others() -> None:
    evaluation = Evaluation(
        subject="model",
        split="leave_one_dataset_out",
        protocol="",
        classes=KINDS,
        figures=(),
        confusion=RIGHT,
        groups=3,
    )
    error = model_error_of(card_of(evaluations=(evaluation,)), KINDS)
    assert error is not None
    assert error.laboratories == (RIGHT,)
    own = evaluation.changed(split="grouped")
    assert model_error_of(card_of(evaluations=(own,)), KINDS) is None


def test_a_card_without_a_cell_of_some_kind_tells_no_error() -> None:
    lacking = LeftOut(name="lab", classes=KINDS, confusion=(*RIGHT[:-1], (0,) * 9))
    assert model_error_of(card_of(lacking), KINDS) is None
