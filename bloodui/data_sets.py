"""Data sets that a run can learn from: known ones, and drawn ones. Each deed is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bloodui.access import ADMIN, Person, require
from bloodui.settings import Settings
from models.errors import DatasetError
from models.micrograph import read_micrograph
from training.recipe import Task

if TYPE_CHECKING:
    from training.datasets.index import DatasetIndex
    from training.datasets.report import DataReport

INDEX = "index.csv"


@lru_cache(maxsize=4)
def _read(index: Path, written_ns: int) -> DatasetIndex:
    """An index, read anew only when its file was written: thousands of lines take seconds."""
    from training.datasets.index import read_index

    return read_index(index)


@dataclass(frozen=True, kw_only=True)
class DataSets:
    """The data sets of one installation, for one person.

    Attributes:
        settings: Where they lie: BLOODUI_DATA, and the drawn ones in the state folder.
        person: Who asks; every method raises AccessError where that is no admin.
    """

    settings: Settings
    person: Person

    def known(self) -> tuple[Path, ...]:
        """The index.csv of every data set that is at hand: BLOODUI_DATA first, then drawn ones."""
        require(self.person, ADMIN)
        given = [self.settings.data / INDEX] if self.settings.data else []
        drawn = sorted(self._folder.glob(f"*/{INDEX}"), key=lambda path: path.parent.name)
        return tuple(path for path in (*given, *drawn) if path.is_file())

    def read(self, index: Path) -> DatasetIndex:
        """A data set's index. Raises DatasetError where it cannot be read."""
        require(self.person, ADMIN)
        try:
            written_ns = index.stat().st_mtime_ns
        except OSError:
            written_ns = 0  # read_index says what is wrong with it
        return _read(index, written_ns)

    def counts(self, index: Path, task: Task) -> dict[str, int]:
        """Images of each of a task's classes. Raises DatasetError where a class has none."""
        from training.datasets.index import select_classes

        chosen = select_classes(self.read(index), task.classes)
        found = Counter(number for _, number in chosen)
        return {
            name: min(found[number], task.at_most.get(name, found[number]))
            for number, name in enumerate(task.classes)
        }

    def check(self, index: Path) -> DataReport:
        """What is wrong with a data set; every file is read, which takes minutes for thousands.

        Raises:
            DatasetError: The index cannot be read.
        """
        from training.datasets.inspection import inspect
        from training.datasets.report import report_on

        records = self.read(index).records
        return report_on(records, inspect(records))

    def draw(self, *, name: str, labels: Sequence[str], n_per_label: int, seed: int) -> Path:
        """Draw smears into a new data set and return its index.csv.

        Args:
            name: Of its folder: lower-case letters, digits and hyphens.
            labels, n_per_label, seed: See `write_synthetic_dataset`.

        Raises:
            DatasetError: The name is not allowed or taken, or a value is not allowed.
        """
        require(self.person, ADMIN)
        from models.manifest_values import is_bundle_id
        from training.datasets.synthetic_dataset import write_synthetic_dataset

        if not is_bundle_id(name):
            raise DatasetError(
                "Expected a name of 3 to 64 lower-case letters, digits and hyphens, received "
                f"{name!r}. Name the data set so."
            )
        return write_synthetic_dataset(
            self._folder / name, labels=labels, n_per_label=n_per_label, seed=seed
        )

    def image(self, index: Path, name: str) -> np.ndarray:
        """An image of a data set by its path in the index, as (H, W, 3) uint8.

        Raises:
            DatasetError: The index has no such image.
            MicrographError: It cannot be read.
        """
        for record in self.read(index).records:
            if record.name == name:
                return read_micrograph(record.path.read_bytes()).rgb
        raise DatasetError(f"Expected an image of the index, received {name!r}. Index it again.")

    @property
    def _folder(self) -> Path:
        return self.settings.state / "drawn"
