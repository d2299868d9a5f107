"""A quantile for a new patient: each group of images counts once, and so does the one to come.

Source: Lee, Barber and Willett 2023, "Distribution-free inference with hierarchical data"
(arXiv 2306.06342).
"""

from __future__ import annotations

import numpy as np


def group_quantile(values: np.ndarray, groups: np.ndarray, level: float, *, n_new: int) -> float:
    """The least value that with all below it has `level` of the weight; inf where none has.

    Args:
        values: (n,) float.
        groups: (n,) int, patient, case or block of each; every group weighs the same.
        level: Share of the weight, above 0 and below 1.
        n_new: Number of further groups, whose values are beyond all.

    Returns:
        One of the values or inf; without any value inf, or -inf for no new group.
    """
    if not len(values):
        return np.inf if n_new else -np.inf
    _, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1 / (sizes[group_of] * (len(sizes) + n_new))
    order = np.argsort(values, kind="stable")
    # The weights are rounded sums of fractions; a level that they reach exactly counts as reached.
    reached = np.cumsum(weights[order]) >= level - 1e-9
    return float(values[order][reached.argmax()]) if reached.any() else np.inf
