"""Weights as they are stored: shorter, and so half the size once deflated."""

from __future__ import annotations

import numpy as np

# Bits of a weight's mantissa that are kept: as many as a half-precision number has.
_MANTISSA_BITS = 11


def rounded(weight: np.ndarray) -> np.ndarray:
    """The weight with a shorter mantissa: it takes half the room when deflated."""
    if weight.dtype.kind != "f":
        return weight
    mantissa, exponent = np.frexp(weight)
    scale = 2.0**_MANTISSA_BITS
    shorter: np.ndarray = np.ldexp(np.round(mantissa * scale) / scale, exponent)
    return shorter.astype(weight.dtype)
