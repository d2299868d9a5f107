"""Grey reconstruction: what a surface keeps of itself when its tops are cut off and let flow."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SQUARE = np.ones((3, 3), np.uint8)
# Steps between two looks at what has changed; a picture's border is a step wide.
_STEPS = 8


def reconstructed(lowered: Floats, surface: Floats) -> Floats:
    """The lowered surface let flow, from pixel to neighbour, as high as the surface allows.

    Grey reconstruction by dilation (Vincent 1993), 8-neighbours, the same to the last bit as
    `skimage.morphology.reconstruction`: that sorts all pixels, this repeats OpenCV's dilation
    where something still changes. Nuclei and red cells are small: a tenth of the time.

    Args:
        lowered: (h, w) float32, nowhere above the surface.
        surface: (h, w) float32.
    """
    filled = np.array(lowered, np.float32, order="C")
    part = (slice(0, filled.shape[0]), slice(0, filled.shape[1]))
    while True:
        now, limit = filled[part], surface[part]
        for _ in range(_STEPS):
            before, now = now, np.minimum(cv2.dilate(now, _SQUARE), limit)
        changed = now != before
        filled[part] = now
        rows, columns = changed.any(axis=1), changed.any(axis=0)
        if not rows.any():
            return filled
        part = (
            _reached(rows, part[0].start, filled.shape[0]),
            _reached(columns, part[1].start, filled.shape[1]),
        )


def _reached(changed: NDArray[np.bool_], start: int, length: int) -> slice:
    """From where to where the next steps can change anything along an axis, a border besides."""
    first = start + int(np.argmax(changed))
    last = start + len(changed) - int(np.argmax(changed[::-1]))
    return slice(max(0, first - _STEPS - 1), min(length, last + _STEPS + 1))
