"""What happens at the end of an epoch: keep the state to go on from, tell the figures.

A process may be killed at any moment, so every file is written under a temporary name first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from training.progress import EpochListener
from training.stored import write_json


def save_weights(network: Any, path: Path) -> None:
    """Write a network's weights, whole or not at all.

    Args:
        network: A keras.Model.
        path: File that ends in .weights.h5.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"part-{path.name}")
    network.save_weights(temporary)
    os.replace(temporary, path)


class KeepState(keras.callbacks.BackupAndRestore):  # type: ignore[misc]
    """Keras's backup of weights, optimizer and epoch, which a kill cannot leave half written.

    The epoch is written after the weights: a kill between the two repeats an epoch.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), delete_checkpoint=False)

    def _save_model(self) -> None:
        save_weights(self.model, Path(self._weights_path))
        state = {"epoch": self._current_epoch, "batch": self._last_batch_seen}
        write_json(Path(self._training_metadata_path), state)


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
