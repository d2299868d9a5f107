"""Models in memory, for all visitors together, within a budget: the one longest unused goes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from models.bundle.manifest import Manifest

if TYPE_CHECKING:
    from models.answer.ensemble import Ensemble
    from models.answer.runtime import Model

# About what the shipped models took once they were asked: 40 to 90 MB each. It only ranks them.
_MB_EACH, _MB_A_MILLION = 40.0, 12.0


def memory_mb(manifest: Manifest) -> float:
    """About how much memory a model takes on OpenVINO."""
    return _MB_EACH * max(1, len(manifest.members)) + _MB_A_MILLION * manifest.parameters_millions


class LoadedModels:
    """Models by a key that changes with their files. Safe to share between threads.

    A model that is in use when it goes lives on until its last user is done with it.
    """

    def __init__(self) -> None:
        self._models: OrderedDict[str, tuple[Model | Ensemble, float]] = OrderedDict()
        self._list = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}

    def get(
        self, key: str, load: Callable[[], Model | Ensemble], *, mb: float, budget_mb: float
    ) -> Model | Ensemble:
        """The model of a key, loaded once, however many ask for it at the same time.

        Args:
            key: Another one where a file of the bundle is another.
            load: Called where it is not in memory; what it raises goes to who asked.
            mb: Memory that it takes.
            budget_mb: What all may take; one alone may take more.
        """
        with self._list:
            one_at_a_time = self._loading.setdefault(key, threading.Lock())
        with one_at_a_time:
            with self._list:
                if key in self._models:
                    self._models.move_to_end(key)
                    return self._models[key][0]
            loaded = load()
            with self._list:
                self._models[key] = (loaded, mb)
                while len(self._models) > 1 and self._taken_mb() > budget_mb:
                    self._models.popitem(last=False)
        return loaded

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the models in memory, the one longest unused first."""
        with self._list:
            return tuple(self._models)

    def _taken_mb(self) -> float:
        return sum(mb for _, mb in self._models.values())
