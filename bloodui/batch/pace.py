"""How fast files are read, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from bloodui.batch.words import counted


class Pace:
    """Counts what is done, from now on."""

    def __init__(
        self, n_total: int, *, n_before: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin.

        Args:
            n_total: Of all files.
            n_before: Of those that were done before.
            clock: Seconds, of any start.
        """
        self.n_total = n_total
        self.n_done = n_before
        self._n_before = n_before
        self._clock = clock
        self._started = clock()

    @property
    def elapsed_s(self) -> float:
        """Since it began."""
        return self._clock() - self._started

    @property
    def left_s(self) -> float | None:
        """What the rest will take at the pace so far; None before the first is done."""
        n_done = self.n_done - self._n_before
        if n_done == 0:
            return None
        return (self.n_total - self.n_done) * self.elapsed_s / n_done

    def in_words(self) -> str:
        """As in "1,204 of 20,000 images, about 25 min left"."""
        left = "" if self.left_s is None else f", {time_left(self.left_s)} left"
        return f"{self.n_done:,} of {counted(self.n_total, 'image')}{left}"


def time_left(seconds: float) -> str:
    """A time that nobody knows exactly, in words."""
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 60 else f"about {minutes // 60} h {minutes % 60} min"
