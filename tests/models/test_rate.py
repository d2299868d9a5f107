"""A rate of right answers has the interval that scipy gives it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from models.errors import BundleError
from models.rate import Rate, percent, proportion, told_apart

SEEDS = range(25)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_interval_is_scipys_wilson_interval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 200))
    for n_right in {0, n, int(rng.integers(0, n + 1))}:
        figure = proportion("accuracy", n_right, n)
        assert figure is not None
        expected = binomtest(n_right, n).proportion_ci(0.95, method="wilson")
        assert (figure.value, figure.n) == (n_right / n, n)
        assert figure.low == pytest.approx(expected.low, abs=1e-12)
        assert figure.high == pytest.approx(expected.high, abs=1e-12)
    assert proportion("accuracy", 0, 0) is None


def test_an_interval_without_width_as_earlier_versions_stored_it_is_none() -> None:
    stored = {"name": "sensitivity AML", "value": 1.0, "low": 1.0, "high": 1.0, "n": 843}
    figure = Rate.from_dict(stored)
    assert figure.bounds is None
    assert figure.in_percent == "100.0 % (no interval)"
    assert not figure.is_above(0.5)
    assert Rate.from_dict(figure.to_dict()) == figure


def test_an_interval_has_both_bounds_or_none() -> None:
    with pytest.raises(BundleError, match=r"both bounds of 'accuracy' or none, received 0\.1"):
        Rate(name="accuracy", value=0.5, low=0.1, high=None, n=3)


def test_what_is_below_a_limit_is_written_so_that_it_reads_below() -> None:
    assert told_apart(0.9656, 0.96598) == ("96.56 %", "96.60 %")
    assert told_apart(0.9995, 0.99952) == ("99.950 %", "99.952 %")
    assert told_apart(0.41, 0.966) == ("41.0 %", "96.6 %")
    assert told_apart(0.5, 0.5) == ("50.0 %", "50.0 %")
    rng = np.random.default_rng(0)
    for limit in rng.uniform(0.3, 1, 200):
        rate = limit - float(rng.choice([1e-2, 1e-4, 1e-7])) * float(rng.uniform(0.01, 1))
        written = told_apart(rate, limit)
        assert written[0] != written[1]
        if percent(rate) == percent(limit):
            low, high = (float(each.removesuffix(" %")) for each in written)
            assert low < high
