"""What a run tells of itself while it goes on: its stage, and the figures of every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Protocol

# phase ("head" or "whole"), epoch from 1, epochs planned, figures by name
EpochListener = Callable[[str, int, int, Mapping[str, float]], None]


@dataclass(frozen=True, kw_only=True)
class EpochDone:
    """The figures of one epoch.

    Attributes:
        split: Kind of the split plan, such as "random" or "grouped".
        fold: Number of the fold, from 0.
        phase: "head" where the head learns alone on stored features, "whole" after that.
        epoch: Number of the epoch, from 1.
        epochs: Epochs that are planned; fewer are run where validation stops getting better.
        values: "loss", "accuracy", "val_loss", "val_accuracy": losses in nats, accuracies 0–1.
    """

    split: str
    fold: int
    phase: str
    epoch: int
    epochs: int
    values: Mapping[str, float]

    @property
    def place(self) -> tuple[str, int, str, int]:
        """What tells this epoch from every other of the run."""
        return (self.split, self.fold, self.phase, self.epoch)

    def to_dict(self) -> dict[str, Any]:
        """The epoch in JSON's own types."""
        return asdict(self) | {"values": dict(self.values)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EpochDone:
        """The epoch of such a dict. Raises KeyError where a key is missing."""
        return cls(**{key.name: data[key.name] for key in fields(cls)})


class Progress(Protocol):
    """Who wants to hear how a run goes on."""

    def stage(self, text: str, share: float) -> None:
        """Hear what begins now, and the share of the whole run that is done, 0–1."""

    def epoch(self, done: EpochDone) -> None:
        """Hear the figures of an epoch that has ended."""


class Unheard:
    """A `Progress` that nobody listens to."""

    def stage(self, text: str, share: float) -> None:
        """Do nothing."""

    def epoch(self, done: EpochDone) -> None:
        """Do nothing."""


class Within:
    """Tells a run of several to who hears them all."""

    def __init__(self, whole: Progress, name: str, first: float, last: float) -> None:
        """Tell of one run.

        Args:
            whole: Who hears.
            name: Of the run; it stands before its stages and splits.
            first, last: Shares of the whole that are done before and after this run, 0–1.
        """
        self._whole = whole
        self._name = name
        self._first = first
        self._span = last - first

    def stage(self, text: str, share: float) -> None:
        """Tell what begins now, and the share of the whole that is done."""
        self._whole.stage(f"{self._name}: {text}", self._first + share * self._span)

    def epoch(self, done: EpochDone) -> None:
        """Tell of an epoch, whose split bears the run's name."""
        self._whole.epoch(replace(done, split=f"{self._name}, {done.split}"))


def epochs_within(epochs: Iterable[EpochDone], name: str) -> tuple[EpochDone, ...]:
    """Of epochs told by several `Within`, those of the run of that name, their splits its own."""
    return tuple(
        replace(done, split=done.split.removeprefix(f"{name}, "))
        for done in epochs
        if done.split.startswith(f"{name}, ")
    )


UNHEARD: Progress = Unheard()


def unheard(phase: str, epoch: int, epochs: int, values: Mapping[str, float]) -> None:
    """Do nothing: an `EpochListener` that nobody listens to."""


def teller(progress: Progress, split: str, fold: int) -> EpochListener:
    """The listener that passes on the epochs of one fold.

    Args:
        progress: Who hears them.
        split, fold: See `EpochDone`.
    """

    def tell(phase: str, epoch: int, epochs: int, values: Mapping[str, float]) -> None:
        progress.epoch(
            EpochDone(
                split=split, fold=fold, phase=phase, epoch=epoch, epochs=epochs, values=values
            )
        )

    return tell
