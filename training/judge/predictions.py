"""What a run's models answered on each test image: one row an image, kept beside the run."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.files import disk_reason
from models.table_cell import as_cell, from_cell
from training.data.index import ImageRecord
from training.errors import DatasetError
from training.stored import write_text

FILE = "predictions.csv"
_COLUMNS = ("path", "dataset", "group", "truth", "fold")


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Calibrated probabilities on images that the model had not seen.

    Attributes:
        classes: Names, in the order of the columns of `probabilities`.
        paths: Each image's path as its index names it.
        datasets: Each image's data set.
        groups: Each image's patient, case or block, as text.
        labels: (n,) int, the truth.
        folds: (n,) int, which fold's model answered.
        probabilities: (n, classes) float, rows sum to 1.
    """

    classes: tuple[str, ...]
    paths: tuple[str, ...]
    datasets: tuple[str, ...]
    groups: tuple[str, ...]
    labels: np.ndarray
    folds: np.ndarray
    probabilities: np.ndarray

    @property
    def answers(self) -> np.ndarray:
        """The most probable class of each image, as (n,) int."""
        found: np.ndarray = self.probabilities.argmax(axis=1)
        return found

    @property
    def is_right(self) -> np.ndarray:
        """Whether each image is answered rightly, as (n,) bool."""
        return np.asarray(self.answers == self.labels)

    @property
    def group_numbers(self) -> np.ndarray:
        """A number for each image's group, as (n,) int; images of one group have one."""
        found: np.ndarray = np.unique(self.groups, return_inverse=True)[1]
        return found

    def in_cell(self, truth: int, answer: int) -> np.ndarray:
        """Numbers of the images in a cell of the confusion matrix, the surest answer first."""
        numbers = np.nonzero((self.labels == truth) & (self.answers == answer))[0]
        sure = self.probabilities[numbers, answer]
        ordered: np.ndarray = numbers[np.argsort(-sure, kind="stable")]
        return ordered

    def surest_mistakes(self, n: int) -> np.ndarray:
        """Numbers of at most ``n`` wrongly answered images, the surest first."""
        numbers = np.nonzero(self.answers != self.labels)[0]
        sure = self.probabilities[numbers].max(axis=1)
        ordered: np.ndarray = numbers[np.argsort(-sure, kind="stable")][:n]
        return ordered


@dataclass(frozen=True, kw_only=True)
class SplitPredictions:
    """What a model answered on one split: on what it was tuned on, and on what it is judged by."""

    validation: Predictions
    test: Predictions


def validation_folder(folder: Path) -> Path:
    """Where a split plan of a run, in ``folder``, keeps its answers on validation images."""
    return folder / "validation"


def write_predictions(
    folder: Path,
    *,
    classes: Sequence[str],
    records: Sequence[ImageRecord],
    groups: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    probabilities: np.ndarray,
) -> Path:
    """Write one row an image into ``folder / FILE``, whole or not at all.

    Args:
        folder: Of one split plan of a run.
        classes: Names, in the order of the columns of ``probabilities``.
        records: The n images.
        groups: (n,) group of each image.
        labels, folds, probabilities: See `Predictions`.
    """
    path = folder / FILE
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*_COLUMNS, *map(as_cell, classes)])
    for record, group, label, fold, row in zip(
        records, groups, labels, folds, probabilities, strict=True
    ):
        shares = [f"{share:.6g}" for share in row]
        words = (record.name, record.dataset, str(group), classes[label])
        table.writerow([*map(as_cell, words), fold, *shares])
    write_text(path, text.getvalue())
    return path


def read_predictions(folder: Path) -> Predictions:
    """Read what `write_predictions` wrote. Raises DatasetError where it is missing or broken."""
    path = folder / FILE
    try:
        with path.open(newline="", encoding="utf-8") as file:
            heading, *rows = [[*map(from_cell, row)] for row in csv.reader(file)]
        if tuple(heading[: len(_COLUMNS)]) != _COLUMNS or not rows:
            raise ValueError("its columns are others")
        classes = tuple(heading[len(_COLUMNS) :])
        if len(classes) < 2 or any(len(row) != len(heading) for row in rows):
            raise ValueError("its rows have other columns")
        probabilities = np.array([[float(share) for share in row[5:]] for row in rows])
        if not ((probabilities >= 0) & (probabilities <= 1)).all():
            raise ValueError("its probabilities do not lie from 0 to 1")
        return Predictions(
            classes=classes,
            paths=tuple(row[0] for row in rows),
            datasets=tuple(row[1] for row in rows),
            groups=tuple(row[2] for row in rows),
            labels=np.array([classes.index(row[3]) for row in rows]),
            folds=np.array([int(row[4]) for row in rows]),
            probabilities=probabilities,
        )
    except (OSError, ValueError, IndexError, csv.Error) as error:
        reason = disk_reason(error) if isinstance(error, OSError) else str(error)
        raise DatasetError(
            f"The run's predictions {'/'.join(path.parts[-3:])} cannot be read: {reason}. "
            "Run the recipe again."
        ) from error


def read_split_predictions(folder: Path) -> SplitPredictions:
    """Both predictions of one split plan of a run. Raises DatasetError as `read_predictions`."""
    return SplitPredictions(
        validation=read_predictions(validation_folder(folder)), test=read_predictions(folder)
    )
