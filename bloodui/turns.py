"""Whose turn it is when many people ask at once: who came first.

Left to threads, some wait far longer than others: `python -m benchmarks concurrency`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

_LOOK_EVERY_S = 0.05

GiveWay = Callable[[], None]
"""Called again and again by who waits; raises where nobody wants the result any more."""


class Turns:
    """The turns of one server. Safe to share between threads."""

    def __init__(self, *, at_once: int | None = None) -> None:
        """Nobody waits.

        Args:
            at_once: How many have a turn together; as many as there are processors if None.
        """
        self._at_once = at_once or os.cpu_count() or 1
        self._changed = Condition()
        self._waiting: deque[object] = deque()
        self._working = 0

    @property
    def n_waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def turn(self, give_way: GiveWay) -> Iterator[None]:
        """Wait for one's turn, in the order of coming, and have it until the block ends."""
        mine = object()
        with self._changed:
            self._waiting.append(mine)
        try:
            while not self._begins(mine):
                give_way()
        except BaseException:
            with self._changed:
                self._waiting.remove(mine)
                self._changed.notify_all()
            raise
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def _begins(self, mine: object) -> bool:
        """Take the turn if it has come, else wait a little."""
        with self._changed:
            if self._working < self._at_once and self._waiting[0] is mine:
                self._waiting.popleft()
                self._working += 1
                self._changed.notify_all()
                return True
            self._changed.wait(_LOOK_EVERY_S)
            return False
