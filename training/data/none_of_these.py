"""Images that are none of a task's classes: of other kinds, and fields without their cells."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.finding.find import FoundCells, find_cells
from models.preprocessing import Step, apply_steps
from training.data.collection import TaskImages, spread_out
from training.data.index import ImageRecord
from training.data.pictures import read_rgb
from training.recipes.recipe import Task

MOST_OF_A_LABEL = 120
"""Largest number of images of each label that a model is shown as none of its classes."""
MOST_EMPTY = 240
"""Largest number of fields that are shown without their cells."""
# One group of this number is kept to judge by.
_KEPT_OF = 3
# So far beyond a cell's outline its stain still shows, as a share of its picture's shorter side.
_HALO_SHARE = 0.02

Paint = Callable[[np.ndarray, FoundCells], np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class NoneImages:
    """Images that are none of a model's classes, as it sees them.

    Attributes:
        rgb: (n, px, px, 3) uint8.
        groups: (n,) int; an empty field is of the group of its own image, others are below 0.
    """

    rgb: np.ndarray
    groups: np.ndarray


def is_kept_to_judge(record: ImageRecord) -> bool:
    """Whether an image that is none of the classes is never shown to a model: a third of all
    patients or cases, of images without one, by the hash of its name."""
    name = record.person or record.name
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % _KEPT_OF == 0


def is_none_of(record: ImageRecord, task: Task) -> bool:
    """Whether a task names this image's label as none of its classes."""
    return not {f"{record.dataset}/{record.label}", f"{record.dataset}/*"}.isdisjoint(
        task.none_of_these
    )


def none_images(
    task: Task,
    steps: Sequence[Step],
    *,
    others: Iterable[ImageRecord],
    own: TaskImages,
    learned_from: np.ndarray,
) -> NoneImages | None:
    """What a model is shown as none of its classes; None where its task names nothing of it.

    Args:
        task: Names the labels.
        steps: The model's.
        others: Images of an index; what is kept to judge by is left out.
        own: The task's images.
        learned_from: (m,) int, which of them the model learned from or was tuned on.

    Raises:
        DatasetError: A file is not a readable image.
    """
    by_label: dict[str, list[ImageRecord]] = {}
    for record in others:
        if is_none_of(record, task) and not is_kept_to_judge(record):
            by_label.setdefault(f"{record.dataset}/{record.label}", []).append(record)
    chosen = [
        records[item]
        for _, records in sorted(by_label.items())
        for item in spread_out(np.arange(len(records)), MOST_OF_A_LABEL)
    ]
    names = np.unique([each.person or each.name for each in chosen], return_inverse=True)[1]
    fields = spread_out(
        np.array(
            [n for n in np.sort(learned_from) if own.records[n].dataset in task.empty_fields_of],
            dtype=int,
        ),
        MOST_EMPTY,
    )
    seen = [apply_steps(read_rgb(record), steps) for record in chosen]
    ways = tuple(WAYS.values())
    for place, number in enumerate(fields):
        rgb = read_rgb(own.records[number])
        seen.append(apply_steps(ways[place % len(ways)](rgb, find_cells(rgb)), steps))
    if not seen:
        return None
    groups = np.concatenate([-1 - names.astype(int), own.groups["grouped"][fields]])
    return NoneImages(rgb=np.stack(seen), groups=groups)


def without_nuclei(rgb: np.ndarray, found: FoundCells) -> np.ndarray:
    """Nuclei painted over from around them (Telea 2004); cytoplasm stays."""
    gone = np.zeros(rgb.shape[:2], np.uint8)
    for cell in found.cells:
        for outline in cell.nucleus_outlines:
            cv2.fillPoly(gone, [outline], 1)
    return np.asarray(cv2.inpaint(_plain(rgb), _wider(gone), 3, cv2.INPAINT_TELEA))


def without_cells(rgb: np.ndarray, found: FoundCells) -> np.ndarray:
    """Whole cells painted over from around them (Telea 2004); no model is shown such a field."""
    return np.asarray(cv2.inpaint(_plain(rgb), _wider(_cells(rgb, found)), 3, cv2.INPAINT_TELEA))


def with_cells_flowed_over(rgb: np.ndarray, found: FoundCells) -> np.ndarray:
    """Whole cells painted over by the equations of a flow (Bertalmio 2001)."""
    return np.asarray(cv2.inpaint(_plain(rgb), _wider(_cells(rgb, found)), 3, cv2.INPAINT_NS))


def with_cells_blank(rgb: np.ndarray, found: FoundCells) -> np.ndarray:
    """Whole cells filled with the light of the empty slide, with soft edges."""
    gone = cv2.GaussianBlur(_wider(_cells(rgb, found)).astype(np.float32), (0, 0), 1.5)[..., None]
    light = np.array(found.light, np.float32)
    return np.asarray(np.rint(rgb * (1 - gone) + light * gone).astype(np.uint8))


WAYS: dict[str, Paint] = {
    "nuclei, Telea": without_nuclei,
    "cells, Navier-Stokes": with_cells_flowed_over,
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


def _plain(rgb: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rgb)
