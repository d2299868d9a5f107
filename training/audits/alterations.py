"""Pictures with a shortcut taken away: what a model still makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from models.preprocessing.marks import mask_corner_marks
from models.preprocessing.reinhard import LabStatistics, lab_statistics, reinhard
from training.audits.baselines import cells_mask

NORMALISED = "colours normalised"
GREY = "grey pictures"
WITHOUT_CORNERS = "corners covered"
WITHOUT_CELLS = "cells removed"

_CORNERS = ("bottom_right", "bottom_left", "top_right", "top_left")
_CORNER_SHARE = 0.15  # as the step mask_corner_marks, where it was measured

Alteration = Callable[[np.ndarray], np.ndarray]


def alterations(learned_from: Sequence[np.ndarray]) -> dict[str, Alteration]:
    """Each alteration by name: from a picture (px, px, 3) uint8 to one of the same shape.

    Args:
        learned_from: Some pictures of the training part: normalised colours are their average,
            so that a picture without its own colour still looks like one that the model knows.
    """
    target = _average_colours(learned_from)
    return {
        NORMALISED: lambda rgb: reinhard(rgb, target=target, measured_on="all"),
        GREY: _grey,
        WITHOUT_CORNERS: _without_corners,
        WITHOUT_CELLS: without_cells,
    }


def without_cells(rgb: np.ndarray) -> np.ndarray:
    """The picture with every cell filled with the mean colour of the rest.

    Where a cell was can still be guessed from an even spot in a grainy background.
    """
    mask = cells_mask(rgb)
    filled = rgb.copy()
    if mask.any():
        rest = rgb if mask.all() else rgb[~mask]
        filled[mask] = rest.reshape(-1, 3).mean(axis=0)
    return filled


def _without_corners(rgb: np.ndarray) -> np.ndarray:
    for corner in _CORNERS:
        rgb = mask_corner_marks(
            rgb, corner=corner, width_share=_CORNER_SHARE, height_share=_CORNER_SHARE
        )
    return rgb


def _grey(rgb: np.ndarray) -> np.ndarray:
    luminance = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    return np.repeat(luminance[..., np.newaxis], 3, axis=2)


def _average_colours(pictures: Sequence[np.ndarray]) -> LabStatistics:
    """Mean over pictures of their mean and spread of colour; of grey where all are blank."""
    measured = [lab_statistics(rgb, measured_on="all") for rgb in pictures]
    found = [statistics for statistics in measured if statistics is not None]
    if not found:
        return LabStatistics(mean=(50.0, 0.0, 0.0), std=(10.0, 5.0, 5.0))
    mean = np.mean([statistics.mean for statistics in found], axis=0).tolist()
    spread = np.mean([statistics.std for statistics in found], axis=0).tolist()
    return LabStatistics(mean=(mean[0], mean[1], mean[2]), std=(spread[0], spread[1], spread[2]))
