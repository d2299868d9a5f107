"""What happens at the end of an epoch: keep the state to go on from, tell the figures.

A process may be killed at any moment, so every file is written under a temporary name first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from models.files import move_into_place
from training.progress import EpochListener
from training.stored import write_json


def save_weights(network: Any, path: Path) -> None:
    """Write a network's weights, whole or not at all.

    Args:
        network: A keras.Model.
        path: File that ends in .weights.h5.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Keras wants the ending, which a name of models/files.py has not; a part that a kill leaves is
    # written over in the next epoch.
    temporary = path.with_name(f"part-{path.name}")
    network.save_weights(temporary)
    move_into_place(temporary, path)


class KeepState(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps weights, optimizer and epoch after every epoch, for a training to go on from.

    The note names its weights, so a kill between the two leaves the epoch before.
    """

    def __init__(self, folder: Path) -> None:
        """Keep the state in a folder of its own."""
        super().__init__()
        self._folder = folder
        self._note = folder / "state.json"

    def restore(self, model: Any) -> int:
        """Give a compiled model the state that was kept, and say how many epochs it has had."""
        if not self._note.is_file():
            return 0
        note = json.loads(self._note.read_text(encoding="utf-8"))
        model.optimizer.build(model.trainable_variables)
        model.load_weights(self._folder / note["weights"])
        return int(note["epochs"])

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        name = f"after-{epoch + 1}.weights.h5"
        save_weights(self.model, self._folder / name)
        write_json(self._note, {"epochs": epoch + 1, "weights": name})
        for older in self._folder.glob("after-*.weights.h5"):
            if older.name != name:
                older.unlink()


class EpochSeconds(keras.callbacks.Callback):  # type: ignore[misc]
    """Adds the seconds of every epoch, validation among them, to what later callbacks are given.

    Not where a history was begun without them, since its columns stay as they are.
    """

    def __init__(self, history: Path) -> None:
        """Look whether that history, if there is one, has seconds."""
        super().__init__()
        is_begun = history.is_file() and history.stat().st_size > 0
        self._is_measured = not is_begun or "seconds" in _first_line(history).split(",")
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._is_measured and logs is not None:
            logs["seconds"] = time.perf_counter() - self._started


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.readline().strip()


class TellEpoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells a listener the figures of every epoch."""

    def __init__(self, listener: EpochListener, *, phase: str, epochs: int) -> None:
        super().__init__()
        self._listener = listener
        self._phase = phase
        self._epochs = epochs

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        self._listener(self._phase, epoch + 1, self._epochs, values)
