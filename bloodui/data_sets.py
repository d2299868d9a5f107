"""Data sets that a run can learn from: known ones, and drawn ones. Each call checks the role."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bloodui.errors import StudioError
from bloodui.people import ADMIN, Person, require
from bloodui.settings import Settings
from models.image.micrograph import Micrograph, read_micrograph
from training.errors import DatasetError
from training.recipes.recipe import Recipe, Task

if TYPE_CHECKING:
    from training.audits.data_report import DataReport
    from training.data.adapt import Adapted
    from training.data.index import DatasetIndex, ImageRecord
    from training.data.repairs import Repaired

INDEX = "index.csv"


def _has_hash(record: ImageRecord, sha256: str) -> bool:
    try:
        return hashlib.sha256(record.read_bytes()).hexdigest() == sha256
    except DatasetError:
        return False


@lru_cache(maxsize=4)
def _read(index: Path, written_ns: int) -> DatasetIndex:
    """An index, read anew only when its file was written: thousands of lines take seconds."""
    from training.data.index import read_index

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
        from training.data.index import select_classes

        chosen = select_classes(self.read(index).records, task.classes)
        found = Counter(number for _, number in chosen)
        return {
            name: min(found[number], task.at_most.get(name, found[number]))
            for number, name in enumerate(task.classes)
        }

    def left_over(self, index: Path, task: Task) -> str:
        """How many images fit none of a task's classes, and their labels; "" for none."""
        from training.data.index import left_over

        return left_over(self.read(index).records, task.classes)

    def repair(self, index: Path, name: str) -> Repaired:
        """Write a repaired index beside one, which stays as it is.

        Args:
            index: The old one.
            name: Key of `training.data.repairs.REPAIRS`.

        Raises:
            DatasetError: There is nothing to repair, or the new index cannot be written.
        """
        from training.data.repairs import repair_index

        return repair_index(self.read(index), name)

    def adapt(self, folder: Path) -> Adapted:
        """Write the index.csv of a folder of images into it; every file is read.

        Raises:
            StudioError: The folder has one already.
            DatasetError: As `training.data.adapt.adapt`.
        """
        require(self.person, ADMIN)
        from training.data.adapt import adapt

        if (folder / INDEX).exists():
            raise StudioError(
                f"The folder has an {INDEX} already. Choose it as it is, or rename it and index "
                "the folder again."
            )
        return adapt(folder, folder / INDEX)

    def check(self, index: Path, recipe: Recipe | None = None) -> DataReport:
        """What is wrong with a data set; every file is read, which takes minutes for thousands.

        Args:
            index: Of the data set.
            recipe: One whose classes and splits are audited as its run would audit them.

        Raises:
            DatasetError: The index cannot be read, or has no image of one of the recipe's classes.
        """
        from training.audits.data_report import report_on
        from training.data.inspection import inspect

        records = self.read(index).records
        return report_on(records, inspect(records), recipe=recipe)

    def draw(self, *, name: str, labels: Sequence[str], n_per_label: int, seed: int) -> Path:
        """Draw smears into a new data set and return its index.csv.

        Args:
            name: Of its folder: lower-case letters, digits and hyphens.
            labels, n_per_label, seed: See `write_synthetic_dataset`.

        Raises:
            StudioError: The name is not allowed.
            DrawingError: The name is taken, or a value is not allowed.
        """
        require(self.person, ADMIN)
        from drawn.dataset import write_synthetic_dataset
        from models.stored import is_id

        if not is_id(name):
            raise StudioError(
                f"A data set cannot be named {name!r}. Give a name of 3 to 64 lower-case letters, "
                "digits and hyphens."
            )
        return write_synthetic_dataset(
            self._folder / name, labels=labels, n_per_label=n_per_label, seed=seed
        )

    def micrograph(self, index: Path, name: str) -> Micrograph:
        """An image of a data set by its path in the index.

        Raises:
            DatasetError: The index has no such image, or its file is gone.
            MicrographError: It cannot be read.
        """
        return read_micrograph(self.read(index).find(name).read_bytes())

    def find(self, *, sha256: str, name: str) -> ImageRecord | None:
        """The very file of that hash in the first data set that has it, or None.

        An index or a file that cannot be read hides no other: the page Training says what is wrong
        with it.

        Args:
            sha256: Of the file's bytes.
            name: Its path in the index that it was listed in; others may list it elsewhere.
        """
        for index in self.known():
            try:
                records = self.read(index).records
            except DatasetError:
                continue
            for record in records:
                is_meant = name == record.name or sha256.lower() == record.sha256.lower()
                if is_meant and _has_hash(record, sha256.lower()):
                    return record
        return None

    @property
    def _folder(self) -> Path:
        return self.settings.state / "drawn"
