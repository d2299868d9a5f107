"""One network, asked by many at once: questions that wait are answered together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.answer.forward import ForwardPass, LinearHead, Network
from models.errors import BusyError

_MOST_WAITING = 64
_MOST_AT_ONCE = 16


@dataclass(kw_only=True, eq=False)
class _Question:
    """A picture that waits, and what came of it."""

    rgb: np.ndarray
    passed: ForwardPass | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.passed is not None or self.error is not None


class SharedNetwork:
    """A network that threads may share.

    Whoever's turn it is asks for all who wait, so that nobody needs a thread of its own for that.
    """

    def __init__(self, network: Network, *, most_waiting: int = _MOST_WAITING) -> None:
        """Share a network.

        Args:
            network: Asked by one thread at a time.
            most_waiting: Pictures that may wait; who comes with one more is told so.
        """
        self._network = network
        self._most_waiting = most_waiting
        self._waiting: deque[_Question] = deque()
        self._list = threading.Lock()
        self._turn = threading.Lock()

    @property
    def runtime(self) -> str:
        """What runs it."""
        return self._network.runtime

    @property
    def head(self) -> LinearHead | None:
        """Its head, where that is linear."""
        return self._network.head

    def forward(self, rgb: np.ndarray) -> ForwardPass:
        """Ask about a batch (n, px, px, 3) float32 of one's own; those who wait come first."""
        with self._turn:
            while self._waiting:
                self._answer_those_who_wait()
            return self._network.forward(rgb)

    def look(self, rgb: np.ndarray) -> ForwardPass:
        """Ask about one picture (px, px, 3), together with those of others.

        Raises:
            BusyError: too many wait.
        """
        mine = _Question(rgb=rgb)
        with self._list:
            if len(self._waiting) >= self._most_waiting:
                raise BusyError(
                    f"The model is busy: {len(self._waiting)} before you. Ask again in a moment."
                )
            self._waiting.append(mine)
        with self._turn:
            while not mine.is_done and self._waiting:
                self._answer_those_who_wait()
        if mine.passed is None:
            raise mine.error or RuntimeError("The network gave neither an answer nor an error.")
        return mine.passed

    def _answer_those_who_wait(self) -> None:
        with self._list:
            asked = [self._waiting.popleft() for _ in range(min(_MOST_AT_ONCE, len(self._waiting)))]
        try:
            self._answer(asked)
        except Exception as error:  # noqa: BLE001 - of which picture, nobody knows
            if len(asked) == 1:
                asked[0].error = error
                return
            for question in asked:
                try:
                    self._answer([question])
                except Exception as of_one:  # noqa: BLE001 - goes to who asked
                    question.error = of_one
        except BaseException:  # this thread ends; the others are not to wait for it
            for question in asked:
                question.error = RuntimeError("The program that asked for several was ended.")
            raise

    def _answer(self, asked: Sequence[_Question]) -> None:
        rgb = np.stack([question.rgb for question in asked]).astype(np.float32)
        each = self._network.forward(rgb).each()
        for question, passed in zip(asked, each, strict=True):
            question.passed = passed
