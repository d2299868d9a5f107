"""What a network answers for many images, with a graph of it only where that pays."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

FEW_STEPS = 4
"""To make a graph of a network takes longer than so many batches without one."""


def outputs_of(model: Any, rgb: np.ndarray, *, batch: int = 32) -> np.ndarray:
    """A network's output for many images, as (n, ...) float32.

    Args:
        model: A keras.Model that takes RGB 0–255.
        rgb: (n, px, px, 3) uint8.
        batch: Images a step.
    """
    import keras

    if len(rgb) > FEW_STEPS * batch:
        return np.asarray(model.predict(rgb, batch_size=batch, verbose=verbosity()), np.float32)
    parts = (rgb[start : start + batch] for start in range(0, len(rgb), batch))
    asked = [model(part.astype(np.float32), training=False) for part in parts]
    return np.concatenate(
        [np.asarray(keras.ops.convert_to_numpy(each), np.float32) for each in asked]
    )


def verbosity() -> int:
    """A moving bar on a terminal, a line an epoch in a log."""
    return 1 if sys.stderr.isatty() else 2
