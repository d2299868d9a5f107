"""Which epoch's weights a training keeps, and when it stops early."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.epochs import save_weights
from training.recipe import FitPlan
from training.stored import write_text

# keep_epoch → (name in Keras's logs, whether more is better)
_WATCHED = {"lowest_val_loss": ("val_loss", False), "highest_val_accuracy": ("val_accuracy", True)}


class KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves the network alone, without augmentation, after each epoch that beats the others.

    The best figure so far lies beside the weights, so that a resumed training knows it.
    """

    def __init__(self, network: Any, path: Path, *, keep_epoch: str) -> None:
        """Watch a training.

        Args:
            network: What is saved: the network that the trained one holds.
            path: The weights' file.
            keep_epoch: See FitPlan; with "last" every epoch beats the one before.
        """
        super().__init__()
        self._network = network
        self._path = path
        self._note = path.with_suffix(".loss")
        self._keep_epoch = keep_epoch

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self._keep_epoch == "last":
            save_weights(self._network, self._path)
            return
        name, is_more_better = _WATCHED[self._keep_epoch]
        figure = float((logs or {})[name]) * (-1 if is_more_better else 1)
        best = float(self._note.read_text()) if self._note.is_file() else np.inf
        if figure < best:
            save_weights(self._network, self._path)
            write_text(self._note, repr(figure))


def early_stopping(plan: FitPlan) -> list[Any]:
    """The callback that ends a training which no longer improves; none where patience is 0."""
    if not plan.patience:
        return []
    name, is_more_better = _WATCHED[plan.keep_epoch]
    return [
        keras.callbacks.EarlyStopping(
            monitor=name, mode="max" if is_more_better else "min", patience=plan.patience
        )
    ]
