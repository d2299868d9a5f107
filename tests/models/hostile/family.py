"""What the families of hostile files have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.errors import MicrographError

SIDE = 64


@dataclass(frozen=True, kw_only=True)
class Family:
    """Files of any length that repeat one thing to keep intake busy.

    Attributes:
        make: The file of about a given number of bytes.
        error: How even the shortest is refused; None where it is read.
    """

    make: Callable[[int], bytes]
    error: type[MicrographError] | None = None


def repeated(unit: bytes, size: int) -> bytes:
    """As many whole units as fit into a size, one at least."""
    return unit * max(1, size // len(unit))


def _block_of_nothing() -> list[int]:
    """The bits of a deflate block (RFC 1951, 3.2.7) with code tables of its own and no data."""

    def bits(value: int, n_bits: int) -> list[int]:
        return [value >> place & 1 for place in range(n_bits)]

    # Code lengths of 1 for the symbols 18 (a run of zeros) and 1, in the order of the standard.
    order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1]
    lengths = [bit for symbol in order for bit in bits(symbol in (1, 18), 3)]
    zeros = [1, *bits(138 - 11, 7), 1, *bits(118 - 11, 7)]
    end_of_block, one_distance, no_data = [0], [0], [0]
    head = [0, *bits(2, 2), *bits(0, 5), *bits(0, 5), *bits(len(order) - 4, 4)]
    return [*head, *lengths, *zeros, *end_of_block, *one_distance, *no_data]


# What deflate takes longest for: four blocks fill 45 bytes.
DEFLATED_NOTHING = np.packbits(_block_of_nothing() * 4, bitorder="little").tobytes()
