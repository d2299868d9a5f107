"""What a model answers on its own fields once all their cells are painted out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from models.answer.answer_bound import emptied_curve
from models.answer.domain import Domain
from models.answer.forward import ForwardPass
from models.answer.prediction import softmax
from models.bundle.manifest import Emptied
from models.finding.find import find_cells
from models.preprocessing import Step, apply_steps
from training.data.collection import TaskImages
from training.data.index import ImageRecord
from training.data.none_of_these import fields_with_cells, without_cells
from training.data.pictures import read_rgb
from training.errors import DatasetError
from training.recipes.recipe import Task

FIELDS = 150
"""Largest number of fields that are emptied."""
LEAST_FIELDS = 10
"""With fewer, nothing is said."""
_BATCH = 64


def emptied_answers(
    look: Callable[[np.ndarray], Iterable[ForwardPass]],
    domain: Domain | None,
    temperature: float,
    *,
    task: Task,
    own: TaskImages,
    images: np.ndarray,
    steps: Sequence[Step],
) -> tuple[Emptied, ...]:
    """The curve of `models.answer.answer_bound.emptied_curve`; empty where few images are fields.

    The cells are painted out in another way than in those fields that a model is shown as none of
    its classes. These may be the same fields, though, and a head that is solved for has learned
    from them as they were: what a model answers on fields that it never saw stands on its card, by
    its domain.

    Args:
        look: What the network makes of prepared pictures (n, px, px, 3) uint8.
        domain: What it takes for its own kind; None where that is everything.
        temperature: Divisor of the logits.
        task: Says which data sets are fields of cells.
        own: Its images.
        images: (m,) int, numbers of those that may be asked about; none of its test part.
        steps: Of the model.

    Raises:
        DatasetError: A file is not a readable image, or the model's answer is no number.
    """
    fields = fields_with_cells(task, own, images, FIELDS)
    if len(fields) < LEAST_FIELDS:
        return ()
    views = emptied_views([own.records[n] for n in fields], steps)
    passes = [found for rgb in views for found in look(rgb)]
    logits = np.concatenate([found.logits for found in passes])
    foreignness = np.zeros(len(logits))
    if domain is not None:
        foreignness = domain.foreignness(np.concatenate([found.means for found in passes]))
    if not np.isfinite(logits).all() or np.isnan(foreignness).any():
        raise DatasetError(
            "The model's answers on fields without cells are no numbers. Train it again."
        )
    return emptied_curve(softmax(logits, temperature).max(axis=1), foreignness <= 1)


def emptied_views(records: Sequence[ImageRecord], steps: Sequence[Step]) -> Iterator[np.ndarray]:
    """Fields without their cells through these steps, some at a time, (n, px, px, 3) uint8."""

    def seen(record: ImageRecord) -> np.ndarray:
        rgb = read_rgb(record)
        return apply_steps(without_cells(rgb, find_cells(rgb)), steps)

    with ThreadPoolExecutor(max_workers=2) as pool:
        for start in range(0, len(records), _BATCH):
            yield np.stack(list(pool.map(seen, records[start : start + _BATCH])))
