"""How far a figure may be off: 95 % intervals by drawing groups with replacement."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from models.rate import Rate
from training.judge.basis import Basis

_RESAMPLES = 1000


def bootstrap_figures(
    measure: Callable[[np.ndarray], Mapping[str, float]],
    groups: np.ndarray,
    *,
    bases: Mapping[str, Basis] | None = None,
    seed: int = 0,
) -> tuple[Rate, ...]:
    """Measures of all images, each with its 95 % percentile bootstrap interval.

    Groups are drawn, not images, because images of one group are not independent (Efron &
    Tibshirani 1993, cluster bootstrap). What compares two models on the same rows is paired.
    Where every draw gives the same, the draws say nothing of groups that were not seen: the
    interval is Wilson's over groups (`Basis.interval`). What rests on one group has none.

    Args:
        measure: From row numbers (m,) int, some of them repeated, to measures by name; the same
            names each time, NaN for what these rows cannot tell.
        groups: (n,) int, patient, case or block of each row.
        bases: What each measure rests on; all rows and a rate from 0 to 1 where nothing is said.
        seed: Of the draws.

    Returns:
        A figure for each measure that all the rows can tell.
    """
    groups = np.unique(groups, return_inverse=True)[1]
    members = [np.nonzero(groups == group)[0] for group in np.unique(groups)]
    rng = np.random.default_rng(seed)
    values = measure(np.arange(len(groups)))
    resampled: dict[str, list[float]] = {name: [] for name in values}
    for _ in range(_RESAMPLES):
        drawn = rng.integers(0, len(members), len(members))
        for name, value in measure(np.concatenate([members[item] for item in drawn])).items():
            resampled[name].append(value)
    figures = []
    for name, value in values.items():
        if np.isnan(value) or np.isnan(resampled[name]).all():
            continue
        drawn_bounds = np.nanpercentile(resampled[name], [2.5, 97.5])
        basis = (bases or {}).get(name, Basis())
        figures.append(basis.figure(name, value, (drawn_bounds[0], drawn_bounds[1]), groups))
    return tuple(figures)
