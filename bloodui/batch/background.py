"""Many pictures that are read while their page is drawn: rows are kept, pictures not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bloodui.batch.inputs import Item
from bloodui.batch.pace import Pace
from bloodui.batch.pipeline import Options, records_of
from bloodui.batch.record import row_of
from bloodui.batch.summary import Tally
from bloodui.batch.tables import Row, with_groups
from bloodui.errors import without_frames
from models.bundle.manifest import Manifest

if TYPE_CHECKING:
    from models.answer.ensemble import Ensemble
    from models.answer.runtime import Model

_AT_ONCE = threading.Semaphore(2)
"""Batches of all people that are read at the same time; others wait for their turn."""


class Batch:
    """Reads items in a thread of its own, from its making on, until it is done or stopped."""

    def __init__(
        self,
        items: Sequence[Item],
        model: Model | Ensemble,
        options: Options,
        *,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Begin to read.

        Args:
            items: At least one. They are forgotten as they are read.
            options: Hashed, if duplicates are to be found.
            is_wanted: Looked at between two pictures: once it is false, the reading stops.
        """
        self.manifest: Manifest = model.manifest
        self.n_items = len(items)
        self.tally = Tally()
        self.groups: tuple[tuple[int, ...], ...] = ()
        self.error: Exception | None = None
        self.has_begun = False
        self._rows: list[Row] = []
        self._is_stopped = threading.Event()
        self._is_wanted = is_wanted
        self._pace = Pace(len(items))
        self._thread = threading.Thread(
            target=self._run, args=(list(items), model, options), daemon=True
        )
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether more may come."""
        return self._thread.is_alive()

    @property
    def n_done(self) -> int:
        """How many items have a record."""
        return len(self._rows)

    @property
    def words(self) -> str:
        """How far it is, and how long the rest will take."""
        if not self.has_begun:
            return "Waiting until other images are read"
        return self._pace.in_words()

    def stop(self) -> None:
        """Read no more; what is done stays."""
        self._is_stopped.set()

    def wait(self, timeout_s: float) -> None:
        """Wait until it is done, or for so long."""
        self._thread.join(timeout_s)

    def rows(self) -> list[Row]:
        """What was said so far as rows of a table, in the order of the items; with the groups of
        likely duplicates once it is done."""
        return list(with_groups(self._rows, self.groups))

    def _run(self, items: list[Item], model: Model | Ensemble, options: Options) -> None:
        try:
            while not _AT_ONCE.acquire(timeout=0.2):
                if self._ends():
                    return
            try:
                self._read(items, model, options)
            finally:
                _AT_ONCE.release()
            self.groups = self.tally.duplicates()
        except Exception as error:  # noqa: BLE001 - the page tells of it
            self.error = without_frames(error)

    def _read(self, items: list[Item], model: Model | Ensemble, options: Options) -> None:
        self.has_begun = True
        self._pace = Pace(self.n_items)
        items.reverse()
        one_by_one = (items.pop() for _ in range(self.n_items))  # so that each can be forgotten
        for group in records_of(one_by_one, model, options, is_stopped=self._ends):
            for record in group:
                self.tally.add(record)
            self._rows += [row_of(record, self.manifest) for record in group]
            self._pace.n_done = len(self._rows)

    def _ends(self) -> bool:
        return self._is_stopped.is_set() or not self._is_wanted()
