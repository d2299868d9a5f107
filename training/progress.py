"""What a run reports while it goes on: its stage, and the figures of every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.stored import ReadOnly, Stored
from training.errors import JobError

_HEAD_SHARE = 0.05

Tell = Callable[[float], None]
"""Hears the share of a piece of work that is done, 0–1."""

# phase ("head" or "whole"), epoch from 1, epochs planned, figures by name
EpochListener = Callable[[str, int, int, Mapping[str, float]], None]


class EpochDone(Stored, extra="ignore", allow_inf_nan=True):
    """The figures of one epoch: a line of epochs.jsonl."""

    refused_as = JobError
    called = "the epochs"

    split: str
    """Kind of the split plan, such as "random" or "grouped"."""
    fold: int
    """Number of the fold, from 0."""
    phase: str
    """Either "head" where the head learns alone on stored features, "whole" after that."""
    epoch: int
    """Number of the epoch, from 1."""
    epochs: int
    """Epochs that are planned; fewer are run where validation stops getting better."""
    values: ReadOnly[str, float]
    """Of "loss", "accuracy", "val_loss", "val_accuracy": losses in nats, accuracies 0–1."""

    @property
    def place(self) -> tuple[str, int, str, int]:
        """What tells this epoch from every other of the run."""
        return (self.split, self.fold, self.phase, self.epoch)


class Progress(Protocol):
    """Receives what a run reports while it goes on."""

    def stage(self, text: str, share: float) -> None:
        """Receive what begins now, and the share of the whole run that is done, 0–1."""

    def epoch(self, done: EpochDone) -> None:
        """Receive the figures of an epoch that has ended."""


@dataclass(frozen=True, kw_only=True)
class RunPart:
    """A part of a run, and the seconds that it is thought to take."""

    name: str
    seconds: float


class Parts:
    """The parts of a run in their order: tells a `Progress` how far the whole is."""

    def __init__(self, progress: Progress, parts: Sequence[RunPart]) -> None:
        """Begin before the first.

        Args:
            progress: Receives the name of each part, and the share of the whole by its seconds.
            parts: All of them; their names differ.
        """
        self._progress = progress
        self._whole = sum(part.seconds for part in parts)
        self._before: dict[str, tuple[float, float]] = {}
        done = 0.0
        for part in parts:
            self._before[part.name] = (done, part.seconds)
            done += part.seconds
        self._now = ""

    def begin(self, name: str) -> None:
        """Tell that a part begins; one that is left out is passed over."""
        self._now = name
        self.within(0.0)

    def within(self, share: float) -> None:
        """Tell the share of the present part that is done, 0–1."""
        before, seconds = self._before[self._now]
        self._progress.stage(self._now, (before + share * seconds) / self._whole)


class NoProgress:
    """A `Progress` that ignores every report."""

    def stage(self, text: str, share: float) -> None:
        """Do nothing."""

    def epoch(self, done: EpochDone) -> None:
        """Do nothing."""


class ShareProgress:
    """The progress of a share of a run, passed on to the progress of the whole."""

    def __init__(self, whole: Progress, first: float, last: float) -> None:
        """Pass on a share.

        Args:
            whole: The progress of the run.
            first, last: Shares of the run that are done before and after, 0–1.
        """
        self._whole = whole
        self._first = first
        self._span = last - first

    def stage(self, text: str, share: float) -> None:
        """Pass on what begins now, and the share of the whole that is done."""
        self._whole.stage(text, self._first + share * self._span)

    def epoch(self, done: EpochDone) -> None:
        """Pass on an epoch."""
        self._whole.epoch(done)


class PartProgress(ShareProgress):
    """The progress of one run of several, passed on to the progress of them all."""

    def __init__(self, whole: Progress, name: str, number: int, n_runs: int) -> None:
        """Pass on one run.

        Args:
            whole: The progress of all runs.
            name: Of the run; it stands before its stages and splits.
            number: Which run it is, from 1.
            n_runs: How many there are.
        """
        super().__init__(whole, (number - 1) / n_runs, number / n_runs)
        self._name = name
        self._which = f"{name} ({number} of {n_runs})"

    def stage(self, text: str, share: float) -> None:
        """Pass on what begins now, and the share of the whole that is done."""
        super().stage(f"{self._which}: {text}", share)

    def epoch(self, done: EpochDone) -> None:
        """Pass on an epoch, whose split bears the run's name."""
        super().epoch(done.changed(split=f"{self._name}, {done.split}"))


def epochs_within(epochs: Iterable[EpochDone], name: str) -> tuple[EpochDone, ...]:
    """Of epochs from several `PartProgress`, those of the run of that name, with its own splits."""
    return tuple(
        done.changed(split=done.split.removeprefix(f"{name}, "))
        for done in epochs
        if done.split.startswith(f"{name}, ")
    )


NO_PROGRESS: Progress = NoProgress()


def ignore_share(share: float) -> None:
    """A `Tell` that does nothing."""


def ignore_epoch(phase: str, epoch: int, epochs: int, values: Mapping[str, float]) -> None:
    """An `EpochListener` that does nothing."""


def epoch_listener(
    progress: Progress, parts: Parts, *, split: str, fold: int, learns_whole: bool
) -> EpochListener:
    """The listener that passes on the epochs of one fold.

    Args:
        progress: Receives them.
        parts: Receives how far the fold is.
        split, fold: See `EpochDone`.
        learns_whole: Whether the whole network learns after its head, which takes far longer.
    """

    def listener(phase: str, epoch: int, epochs: int, values: Mapping[str, float]) -> None:
        share = epoch / max(epochs, 1)
        if learns_whole:
            share = _HEAD_SHARE * share if phase == "head" else _HEAD_SHARE + 0.9 * share
        parts.within(share)
        progress.epoch(
            EpochDone(
                split=split, fold=fold, phase=phase, epoch=epoch, epochs=epochs, values=values
            )
        )

    return listener
