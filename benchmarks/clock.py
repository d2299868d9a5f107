"""How long things take that are done in turn, so that other work on the machine slows all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Turns:
    """What each side took in each round, in seconds.

    Attributes:
        wall: Until it was done.
        processor: Of this process, all its threads together: what other work on the machine hardly
            touches. Nothing of processes that a side starts.
    """

    wall: Mapping[str, list[float]]
    processor: Mapping[str, list[float]]

    def median_s(self, side: str) -> float:
        """The median of a side's rounds."""
        return statistics.median(self.wall[side])

    def ratio(self, side: str, other: str) -> float:
        """The median of a side over that of another."""
        return self.median_s(side) / self.median_s(other)

    def processor_ratio(self, side: str, other: str) -> float:
        """The same of the processor's seconds."""
        return statistics.median(self.processor[side]) / statistics.median(self.processor[other])


def in_turn(
    sides: Mapping[str, Callable[[int], object]], *, repeats: int, warm_ups: int = 1
) -> Turns:
    """What each side takes, once in every round; every other round in the other order.

    Args:
        sides: What to do, told the number of the round, from 0.
        repeats: Rounds that count.
        warm_ups: Rounds before them that do not.
    """
    wall: dict[str, list[float]] = {name: [] for name in sides}
    processor: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(warm_ups + repeats):
        order = list(sides.items())
        for name, do in order if number % 2 == 0 else reversed(order):
            began, worked = time.perf_counter(), time.process_time()
            do(number)
            if number >= warm_ups:
                wall[name].append(time.perf_counter() - began)
                processor[name].append(time.process_time() - worked)
    return Turns(wall=wall, processor=processor)


def seconds(do: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began
