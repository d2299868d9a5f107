"""A running average of a network's weights, kept by its optimizer and put in its place for a while.

Sources: Polyak and Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging" (SIAM J.
Control Optim. 30:838–855); on laboratories other than those learned from, Arpit et al. 2022,
"Ensemble of Averages" (NeurIPS, arXiv 2110.10832).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def averaged_weights(model: Any) -> Iterator[None]:
    """The model with its averaged weights; afterwards with its own again.

    Args:
        model: A compiled keras.Model whose optimizer keeps an average (`use_ema`), and that has
            learned for a step or more.
    """
    own = [keras.ops.convert_to_numpy(each) for each in model.trainable_variables]
    try:
        model.optimizer.finalize_variable_values(model.trainable_variables)
        yield
    finally:
        for each, value in zip(model.trainable_variables, own, strict=True):
            each.assign(value)
