"""What can be answered without looking at a cell: the shortcuts that a model is held against.

Each sees the picture as the model does, after its steps, and a part of it alone; each is
logistic regression (Geirhos et al. 2020, "Shortcut learning in deep neural networks"). The
background is all that bears no nuclear stain: red cells are part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import cv2
import numpy as np

from models.image.cell_mask import stained_mask
from models.image.scale import shrunk
from training.data.pictures import six_colour_numbers
from training.judge.classical import SIX_COLOUR_NUMBERS, linear_probabilities

COLOUR = SIX_COLOUR_NUMBERS
BORDER = "border and corners"
BACKGROUND = "background without cells"
SOURCE = "laboratory"

_WORKING_SIDE_PX = 128  # as fine as the background is looked at
_THUMBNAIL_PX, _RING_PX = 16, 2  # the border is the outer eighth on every side
_GROWTH = 0.03  # of the side: cytoplasm and halo around what is stained go with it
_LEAST_BACKGROUND = 0.01  # share of the picture; with less there is nothing to measure
# Inverse penalties: six numbers need none to speak of, the border's hundreds do.
_STRENGTHS: Mapping[str, float] = MappingProxyType({BORDER: 0.1})


def baseline_features(rgb: Sequence[np.ndarray], sources: Sequence[str]) -> dict[str, np.ndarray]:
    """What each baseline sees of every image, as (n, columns) float.

    Args:
        rgb: (px, px, 3) uint8 each.
        sources: Data set of each.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        colours, borders, backgrounds = zip(*pool.map(_features, rgb), strict=True)
    return {
        COLOUR: np.stack(colours),
        BORDER: np.stack(borders),
        BACKGROUND: np.stack(backgrounds),
        SOURCE: (np.array(sources)[:, None] == np.unique(sources)).astype(np.float32),
    }


def baseline_answers(
    features: Mapping[str, np.ndarray], labels: np.ndarray, *, learn: np.ndarray, judge: np.ndarray
) -> dict[str, np.ndarray]:
    """The class that each baseline gives each image to be judged, as (len(judge),) int.

    Args:
        features: See `baseline_features`.
        labels: (n,) int; every class among those to learn from.
        learn, judge: Image numbers.
    """
    return {
        name: linear_probabilities(
            values, labels, learn=learn, judge=judge, strength=_STRENGTHS.get(name, 10.0)
        ).argmax(axis=1)
        for name, values in features.items()
    }


def cells_mask(rgb: np.ndarray) -> np.ndarray:
    """Where cells are, with a margin, as (h, w) bool; see `models.image.cell_mask.stained_mask`."""
    size_px = 2 * round(_GROWTH * max(rgb.shape[:2])) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size_px, size_px))
    grown: np.ndarray = cv2.dilate(stained_mask(rgb).astype(np.uint8), kernel) > 0
    return grown


def _features(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    thumbnail = cv2.resize(rgb, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    is_border = np.ones((_THUMBNAIL_PX, _THUMBNAIL_PX), bool)
    is_border[_RING_PX:-_RING_PX, _RING_PX:-_RING_PX] = False
    border = thumbnail[is_border].ravel().astype(np.float32) / 255
    return six_colour_numbers(rgb), border, _background(shrunk(rgb, _WORKING_SIDE_PX))


def _background(rgb: np.ndarray) -> np.ndarray:
    """Colour and grain where no cell is, as (18,) float32: how many cells there are is left out."""
    is_background = ~cells_mask(rgb)
    if is_background.mean() < _LEAST_BACKGROUND:
        return np.zeros(18, np.float32)
    pixels = rgb[is_background].astype(np.float32) / 255
    grain = cv2.absdiff(rgb, cv2.blur(rgb, (3, 3)))[is_background].astype(np.float32) / 255
    parts = (
        pixels.mean(axis=0),
        pixels.std(axis=0),
        np.percentile(pixels, (10, 50, 90), axis=0).ravel(),
        grain.mean(axis=0),
    )
    return np.concatenate(parts).astype(np.float32)
