"""Which epoch's weights a training keeps, and when it stops early."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.fit.averaging import averaged_weights
from training.fit.epochs import save_weights
from training.recipes.recipe import FitPlan
from training.stored import write_json

# keep_epoch → (name in Keras's logs, whether more is better)
_WATCHED = {"lowest_val_loss": ("val_loss", False), "highest_val_accuracy": ("val_accuracy", True)}


class KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves the network alone, without augmentation, after each epoch that beats the others.

    The best figure so far and its epoch lie beside the weights, so that a resumed training knows
    them: it keeps and stops as one that never was interrupted.
    """

    def __init__(self, network: Any, path: Path, plan: FitPlan) -> None:
        """Watch a training.

        Args:
            network: What is saved: the network that the trained one holds.
            path: The weights' file.
            plan: Its `keep_epoch` says which epoch is best ("last": every one beats the one
                before), its `patience` after how many epochs without a better one to stop.
        """
        super().__init__()
        self._network = network
        self._path = path
        self._note = path.with_suffix(".json")
        self._plan = plan

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self._plan.keep_epoch == "last":
            with averaged_weights(self.model) if self._plan.average else nullcontext():
                save_weights(self._network, self._path)
            return
        name, is_more_better = _WATCHED[self._plan.keep_epoch]
        figure = float((logs or {})[name]) * (-1 if is_more_better else 1)
        best, best_epoch = self._best()
        if figure < best:
            save_weights(self._network, self._path)
            write_json(self._note, {"figure": figure, "epoch": epoch})
        elif self._plan.patience and epoch - best_epoch >= self._plan.patience:
            self.model.stop_training = True

    def _best(self) -> tuple[float, int]:
        if not self._note.is_file():
            return np.inf, 0
        note = json.loads(self._note.read_text(encoding="utf-8"))
        return float(note["figure"]), int(note["epoch"])
