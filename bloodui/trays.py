"""Trays: the images that a visitor has at hand, and what was said of them, in memory alone.

A tray outlives the page that is open, a reload, and a short break of the network. It is dropped,
with all that it holds, when its visitor logs out, when none of its windows has been open for
`WITHOUT_WINDOW_S`, and when nobody has used it for the time that the site sets. A timer of the
server sees to that (`bloodui.access.tidying`): nothing waits for another visitor to come.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Set
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any

import numpy as np

from bloodui.images import SessionImage, Source

WITHOUT_WINDOW_S = 90.0
"""How long a tray outlives its last window, so that it is there when a page is loaded again or the
network comes back. Less than the two minutes in which Streamlit still finds a session to close."""

MOST_BESIDE_BYTES = 800 * 2**20
"""Of answers and measurements that are taken along to another page."""


class Tray:
    """What one visitor has at hand. Its keys are those of `Source` and `SessionImage`.

    Attributes:
        id: Another for each tray, also for the next one of the same visitor.
        images: What was read, or refused, by key, in order of arrival.
        waiting: What was given and is not read yet, by key.
        beside: What is kept with an image, by its SHA-256; it goes with the image.
        kept: Choices, such as the model, by name.
        batch: What is said of many images at once; None where nothing is.
        windows: Streamlit's sessions that showed the tray, one for each window and load of a page:
            their ids, and when each was last seen open.
    """

    def __init__(self, now: float) -> None:
        """Begin empty.

        Args:
            now: By the clock of its `Trays`.
        """
        self.id = object()
        self.images: dict[str, SessionImage] = {}
        self.waiting: dict[str, Source] = {}
        self.beside: dict[str, dict[Hashable, Any]] = {}
        self.kept: dict[str, Any] = {}
        self.batch: Any = None
        self.windows: dict[str, float] = {}
        self.last_number = 0
        self.used = now
        self.runs = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is no image, read or not."""
        return not self.images and not self.waiting

    @property
    def is_missed(self) -> bool:
        """Whether its visitor is to be told when it is dropped."""
        return not self.is_empty or self.batch is not None

    @property
    def n_bytes(self) -> int:
        """Memory that the pixels of its images take."""
        read = (each.micrograph for each in self.images.values())
        return sum(each.rgb.nbytes for each in read if each is not None)

    def remove(self, *keys: str) -> None:
        """Drop these images, and what is kept with them."""
        for key in keys:
            self.waiting.pop(key, None)
            self.images.pop(key, None)
        left = {each.micrograph.sha256 for each in self.images.values() if each.micrograph}
        for sha256 in self.beside.keys() - left:
            del self.beside[sha256]
        if self.is_empty:
            self.last_number = 0

    def trim(self) -> None:
        """Drop what is kept with images where that is very much; it is found anew when needed."""
        if self.n_bytes_beside > MOST_BESIDE_BYTES:
            self.beside.clear()

    @property
    def n_bytes_beside(self) -> int:
        """Memory that is taken by what is kept with images, without their own pixels."""
        images = [each.micrograph for each in tuple(self.images.values())]
        return _n_bytes(tuple(self.beside.values()), {id(each.rgb) for each in images if each})

    def holds(self, sha256: str) -> bool:
        """Whether an image of this hash is in the tray."""
        return any(
            each.micrograph is not None and each.micrograph.sha256 == sha256
            for each in tuple(self.images.values())
        )


def _n_bytes(value: object, seen: set[int]) -> int:
    """Memory that a value takes with all that it holds, each thing once; classes are nobody's."""
    n, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | ModuleType):
            continue
        seen.add(id(each))
        if isinstance(each, np.ndarray):
            n += each.nbytes
            continue
        n += sys.getsizeof(each)
        if isinstance(each, Mapping):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple | Set):
            waiting += each
        elif hasattr(each, "__dict__"):
            waiting.append(vars(each))
        elif is_dataclass(each):
            waiting += [getattr(each, field.name) for field in fields(each)]
    return n


class Trays:
    """The trays of all visitors, each under a key that only its visitor's browser can give."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any.

        Args:
            clock: Seconds, of any start.
        """
        self._clock = clock
        self._trays: dict[str, Tray] = {}
        self._lock = threading.RLock()

    def __len__(self) -> int:
        """How many visitors have a tray."""
        return len(self._trays)

    def of(self, key: str) -> Tray:
        """The visitor's tray, made where there is none; it counts as used now."""
        with self._lock:
            tray = self._trays.get(key)
            if tray is None:
                tray = self._trays[key] = Tray(self._clock())
            tray.used = self._clock()
            return tray

    def look(self, key: str) -> Tray | None:
        """The visitor's tray, without using it; None where there is none."""
        return self._trays.get(key)

    def begin_run(self, key: str, window: str) -> Tray:
        """The tray, while a window draws a page from it: it is not idle until `end_run`."""
        with self._lock:
            tray = self.of(key)
            tray.windows[window] = tray.used
            tray.runs += 1
            return tray

    def end_run(self, tray: Tray) -> None:
        """The page is drawn, or its run was stopped: from now on the tray may be idle."""
        with self._lock:
            tray.runs -= 1
            tray.used = self._clock()

    def drop(self, key: str) -> frozenset[str]:
        """Drop a tray with all that it holds; answer with its windows."""
        with self._lock:
            tray = self._trays.pop(key, None)
            if tray is None:
                return frozenset()
            windows = frozenset(tray.windows)
            # A run that is under way may still hold the tray itself.
            for each in (tray.images, tray.waiting, tray.beside, tray.kept, tray.windows):
                each.clear()
            tray.batch = None
            return windows

    def tidy(self, idle_s: float, is_open: Callable[[str], bool]) -> frozenset[str]:
        """Drop the trays that nobody uses, or whose windows are closed.

        Args:
            idle_s: How long a tray may lie unused, in seconds.
            is_open: Whether a window is open.

        Returns:
            The windows of the dropped trays, and those that are closed for good.
        """
        now = self._clock()
        gone: set[str] = set()
        with self._lock:
            for key, tray in list(self._trays.items()):
                for window, seen in list(tray.windows.items()):
                    if is_open(window):
                        tray.windows[window] = now
                    elif now - seen >= WITHOUT_WINDOW_S:
                        del tray.windows[window]
                        gone.add(window)
                is_idle = tray.runs == 0 and now - tray.used >= idle_s
                # A file may come before the page that it was given to is drawn in a new tray.
                is_unused = now - tray.used >= WITHOUT_WINDOW_S
                if is_idle or (is_unused and not tray.windows):
                    gone |= self.drop(key)
        return frozenset(gone)


TRAYS = Trays()
"""Those of this process."""
