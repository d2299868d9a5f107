"""Images that are none of a task's classes: of other kinds, and fields without their cells."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from models.finding.find import FoundCells, find_cells
from models.preprocessing import Step, apply_steps
from training.data.collection import TaskImages, spread_out
from training.data.index import ImageRecord
from training.data.pictures import read_rgb
from training.data.splits import BLOCK
from training.recipes.recipe import Task

MOST_OF_A_LABEL = 120
"""Largest number of images of each label that a model is shown as none of its classes."""
MOST_IN_ALL = 4000
"""Largest number of such images in all."""
MOST_EMPTY = 240
"""Largest number of fields that are shown without their cells."""
# One group of this number is kept to judge by.
_KEPT_OF = 3
# So far beyond a cell's outline its stain still shows, as a share of its picture's shorter side.
_HALO_SHARE = 0.02
# A field is emptied where at least this share of it is cells.
_LEAST_CELLS = 0.01
_BATCH = 64

Paint = Callable[[np.ndarray, FoundCells], np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class NoneImages:
    """Images that are none of a model's classes.

    Attributes:
        others: Shown as they are.
        fields: Of the model's own, shown without their cells.
        groups: (n,) int of all, the fields last: the number of its own group where one of its own
            images is of the same patient or case, else below 0.
    """

    others: tuple[ImageRecord, ...]
    fields: tuple[ImageRecord, ...]
    groups: np.ndarray

    def batches(self, steps: Sequence[Step]) -> Iterator[np.ndarray]:
        """The images through these steps, some at a time, (n, px, px, 3) uint8.

        Raises:
            DatasetError: A file is not a readable image.
        """
        ways = tuple(WAYS.values())

        def seen(number: int) -> np.ndarray:
            if number < len(self.others):
                return apply_steps(read_rgb(self.others[number]), steps)
            rgb = read_rgb(self.fields[number - len(self.others)])
            return apply_steps(ways[number % len(ways)](rgb, find_cells(rgb)), steps)

        n = len(self.groups)
        with ThreadPoolExecutor(max_workers=2) as pool:
            for start in range(0, n, _BATCH):
                yield np.stack(list(pool.map(seen, range(start, min(n, start + _BATCH)))))


def unit_of(record: ImageRecord) -> str:
    """What is shown or kept as a whole: its patient or case, else its block of file numbers."""
    number = record.file_number
    if record.person or number is None:
        return record.person or f"{record.dataset}/{record.name}"
    return f"{record.dataset}/{record.label}/{number // BLOCK}"


def is_kept_to_judge(record: ImageRecord) -> bool:
    """Whether an image that is none of the classes is never shown to a model: about a third of all
    units (`unit_of`), by the hash of their names."""
    return int(hashlib.sha256(unit_of(record).encode()).hexdigest()[:8], 16) % _KEPT_OF == 0


def is_none_of(record: ImageRecord, task: Task) -> bool:
    """Whether a task names this image's label as none of its classes."""
    return not {f"{record.dataset}/{record.label}", f"{record.dataset}/*"}.isdisjoint(
        task.none_of_these
    )


def none_images(
    task: Task, *, others: Iterable[ImageRecord], own: TaskImages, learned_from: np.ndarray
) -> NoneImages | None:
    """What a model is shown as none of its classes; None where its task names nothing of it.

    Left out are what is kept to judge by, copies of that, and all of a patient or case of whom the
    model is judged by an image of its own.

    Args:
        task: Names the labels.
        others: Images of an index.
        own: The task's images.
        learned_from: (m,) int, which of them the model learned from or was tuned on.

    Raises:
        DatasetError: A file is not a readable image.
    """
    named = [record for record in others if is_none_of(record, task)]
    is_judged_by = np.ones(len(own.records), bool)
    is_judged_by[learned_from] = False
    held = [record for record, is_held in zip(own.records, is_judged_by, strict=True) if is_held]
    held += [record for record in named if is_kept_to_judge(record)]
    units, copies = {unit_of(each) for each in held}, {each.sha256 for each in held} - {""}
    by_label: dict[str, list[ImageRecord]] = {}
    for record in named:
        if unit_of(record) not in units and record.sha256 not in copies:
            by_label.setdefault(f"{record.dataset}/{record.label}", []).append(record)
    chosen = [
        records[item]
        for _, records in sorted(by_label.items())
        for item in spread_out(np.arange(len(records)), MOST_OF_A_LABEL)
    ]
    chosen = [chosen[item] for item in spread_out(np.arange(len(chosen)), MOST_IN_ALL)]
    fields = fields_with_cells(task, own, learned_from, MOST_EMPTY)
    if not chosen and not len(fields):
        return None
    groups = own.groups["grouped"]
    known = {unit_of(own.records[item]): int(groups[item]) for item in learned_from}
    names = sorted({unit_of(each) for each in chosen} - known.keys())
    numbers = known | {name: -1 - number for number, name in enumerate(names)}
    return NoneImages(
        others=tuple(chosen),
        fields=tuple(own.records[item] for item in fields),
        groups=np.array([*(numbers[unit_of(each)] for each in chosen), *groups[fields]], dtype=int),
    )


def fields_with_cells(task: Task, own: TaskImages, images: np.ndarray, limit: int) -> np.ndarray:
    """Numbers of those of its images, spread evenly, that can be emptied: (m,) int."""
    named = [n for n in np.sort(images) if own.records[n].dataset in task.empty_fields_of]
    chosen = spread_out(np.array(named, dtype=int), limit)

    def has_cells(number: int) -> bool:
        rgb = read_rgb(own.records[number])
        return bool(_cells(rgb, find_cells(rgb)).mean() >= _LEAST_CELLS)

    with ThreadPoolExecutor(max_workers=2) as pool:
        return np.asarray(chosen[list(pool.map(has_cells, chosen))])


def without_nuclei(rgb: np.ndarray, found: FoundCells) -> np.ndarray:
    """Nuclei painted over from around them (Telea 2004); cytoplasm stays."""
    gone = np.zeros(rgb.shape[:2], np.uint8)
    for cell in found.cells:
        for outline in cell.nucleus_outlines:
            cv2.fillPoly(gone, [outline], 1)
    return np.asarray(cv2.inpaint(np.ascontiguousarray(rgb), _wider(gone), 3, cv2.INPAINT_TELEA))


def without_cells(rgb: np.ndarray, found: FoundCells) -> np.ndarray:
    """Whole cells painted over from around them (Telea 2004); no model is shown such a field."""
    return np.asarray(
        cv2.inpaint(np.ascontiguousarray(rgb), _wider(_cells(rgb, found)), 3, cv2.INPAINT_TELEA)
    )


def with_cells_interpolated(rgb: np.ndarray, found: FoundCells) -> np.ndarray:
    """Whole cells painted over by the equations of a flow (Bertalmio 2001)."""
    return np.asarray(
        cv2.inpaint(np.ascontiguousarray(rgb), _wider(_cells(rgb, found)), 3, cv2.INPAINT_NS)
    )


def with_cells_blank(rgb: np.ndarray, found: FoundCells) -> np.ndarray:
    """Whole cells filled with the light of the empty slide, with soft edges."""
    gone = cv2.GaussianBlur(_wider(_cells(rgb, found)).astype(np.float32), (0, 0), 1.5)[..., None]
    light = np.array(found.light, np.float32)
    return np.asarray(np.rint(rgb * (1 - gone) + light * gone).astype(np.uint8))


WAYS: dict[str, Paint] = {
    "nuclei, Telea": without_nuclei,
    "cells, Navier-Stokes": with_cells_interpolated,
    "cells, blank": with_cells_blank,
}
"""How the fields are emptied that a model is shown, in turn."""


def _cells(rgb: np.ndarray, found: FoundCells) -> np.ndarray:
    gone = np.zeros(rgb.shape[:2], np.uint8)
    for cell in found.cells:
        cv2.fillPoly(gone, [cell.outline], 1)
    return gone


def _wider(gone: np.ndarray) -> np.ndarray:
    halo = max(1, round(_HALO_SHARE * min(gone.shape[:2])))
    return np.asarray(cv2.dilate(gone, np.ones((2 * halo + 1, 2 * halo + 1), np.uint8)))
