"""A run that MLflow hears of while it goes on, and that does not wait for MLflow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from models.errors import TrackingError
from training.progress import EpochDone, Progress
from training.recipe import Recipe
from training.tracking import JOB, epoch_figures, parameters_before
from training.tracking_store import OpenRun, experiment_of, load_mlflow, open_store, send, take_up

_log = logging.getLogger(__name__)
_GAP_S = 1.0  # between two sendings: epochs on stored features take a few milliseconds
_LAST_WORD_S = 20.0  # so long may a store hold up the end of a run that failed


class LiveRun:
    """Passes on what a run tells of itself, and sends its epochs to MLflow as they end.

    A thread opens the store and sends, so that the run waits for neither. What a store that is
    down does not take is sent with the next epoch, or by `record_run` at the end. A block that
    ends well leaves the run open for that; after an error it has failed, after a
    KeyboardInterrupt or SystemExit it was killed.
    """

    def __init__(
        self,
        store: str,
        recipe: Recipe,
        *,
        job: str,
        index_sha256: str,
        epochs: Callable[[], Sequence[EpochDone]],
        progress: Progress,
    ) -> None:
        """Nothing is opened yet.

        Args:
            store: Address of the store.
            recipe: The protocol; its name is the run's, its task the experiment's.
            job: Id of the job: a later process of the same job goes on in the same run.
            index_sha256: SHA-256 of the index of the images.
            epochs: Gives the figures of every epoch so far, of earlier processes too.
            progress: Hears what the run tells, before MLflow does.
        """
        self._store = store
        self._recipe = recipe
        self._job = job
        self._parameters = parameters_before(recipe, index_sha256=index_sha256)
        self._epochs = epochs
        self._progress = progress
        self._run: OpenRun | None = None
        self._has_warned = False
        self._news = threading.Event()
        self._is_over = threading.Event()
        self._ended_as = ""
        self._sender = threading.Thread(target=self._keep_sending, name="mlflow", daemon=True)

    def __enter__(self) -> LiveRun:
        # Here and not in the thread, which would import beside TensorFlow what both import.
        load_mlflow()
        self._sender.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._ended_as = "FAILED" if issubclass(kind, Exception) else "KILLED"
        self._is_over.set()
        self._news.set()
        self._sender.join(None if kind is None else _LAST_WORD_S)

    def stage(self, text: str, share: float) -> None:
        """Pass on what begins now."""
        self._progress.stage(text, share)

    def epoch(self, done: EpochDone) -> None:
        """Pass on the figures of an epoch, and let them be sent."""
        self._progress.epoch(done)
        self._news.set()

    def _keep_sending(self) -> None:
        while not self._is_over.is_set():
            self._send()
            self._is_over.wait(_GAP_S)
            self._news.wait()
            self._news.clear()
        if self._ended_as:
            self._send()

    def _send(self) -> None:
        """Send what MLflow does not hold, and how the run ended where it has."""
        try:
            with open_store(self._store) as client:
                run = self._run or take_up(
                    client,
                    experiment_of(client, self._store, self._recipe.task.name),
                    name=self._recipe.name,
                    tag=(JOB, self._job),
                    parameters=self._parameters,
                )
                self._run = send(client, run, epoch_figures(self._epochs()))
                if self._ended_as:
                    client.set_terminated(run.id, self._ended_as)
        except TrackingError as error:
            self._run = None  # what it took before it failed is asked for next time
            if not self._has_warned:
                _log.warning("MLflow does not follow this run now. It goes on. %s", error)
                self._has_warned = True
