"""Steps that tell foreground from background by one grey level: Otsu's, or a given one.

Like every segmentation here they return the picture with the background blackened, so that
steps can be chained: what is exactly black (0, 0, 0) has been removed and stays removed.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.preprocessing.pixels import blackened, is_black
from models.preprocessing.spec import Mask, Rgb, StepParameter, StepSpec


def otsu_threshold(rgb: Rgb, *, channel: str, keep: str) -> Rgb:
    """The picture with everything black that Otsu's grey level calls background.

    Args:
        rgb: (h, w, 3) uint8.
        channel: "grey" (luma, Rec. 601) or "green", which stained nuclei absorb most.
        keep: "dark" keeps stained nuclei on a bright smear; "bright" keeps a cell that was
            cut out on black.

    A picture of one grey level has no two classes: all of it goes ("dark") or stays ("bright").
    """
    return blackened(rgb, otsu_mask(rgb, channel=channel, keep=keep))


def binary_threshold(rgb: Rgb, *, level: int, channel: str, keep: str) -> Rgb:
    """The picture with everything black that lies on the wrong side of a grey level.

    Args:
        rgb: (h, w, 3) uint8.
        level: 0 to 255; "dark" keeps up to and with this level, "bright" what is above it.
        channel, keep: As in otsu_threshold.
    """
    grey = grey_of(rgb, channel)
    return blackened(rgb, grey <= level if keep == "dark" else grey > level)


def otsu_mask(rgb: Rgb, *, channel: str, keep: str) -> Mask:
    """What Otsu's threshold keeps, (h, w) bool.

    For "dark", pixels that are exactly black are no part of the histogram: they were removed by
    a step before, or the cell was cut out on black, and would hide the nucleus' own threshold.
    """
    grey = grey_of(rgb, channel)
    if keep == "bright":
        level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        return np.asarray(grey > level)
    present = ~is_black(rgb)
    if not present.any():
        return present
    counted = np.ascontiguousarray(grey[present]).reshape(1, -1)
    level, _ = cv2.threshold(counted, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray((grey <= level) & present)


def grey_of(rgb: Rgb, channel: str) -> NDArray[np.uint8]:
    """One channel of the picture, (h, w) uint8: "grey" or "green"."""
    grey: NDArray[np.uint8] = (
        np.ascontiguousarray(rgb[..., 1])
        if channel == "green"
        else cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    )
    return grey


_CHANNEL = StepParameter(
    kind="choice",
    default="grey",
    choices=("grey", "green"),
    description="What is compared: brightness, or the green channel, where nuclei are darkest.",
)
_KEEP = StepParameter(
    kind="choice",
    default="dark",
    choices=("dark", "bright"),
    description="Dark: stained nuclei on a bright smear. Bright: a cell cut out on black.",
)

OTSU_THRESHOLD = StepSpec(
    title="Otsu threshold",
    description=(
        "Finds the grey level that parts the picture best into two classes, and blackens the "
        "background. No level has to be chosen, but each picture gets its own."
    ),
    source=(
        "Otsu 1979, IEEE Trans. Syst. Man Cybern. 9:62–66; used by Narendra et al. 2024, "
        "section on preprocessing."
    ),
    parameters={"channel": _CHANNEL, "keep": _KEEP},
    apply=lambda rgb, parameters: otsu_threshold(rgb, **parameters),
)

BINARY_THRESHOLD = StepSpec(
    title="Binary threshold",
    description="Blackens what is brighter (or darker) than a grey level that is the same for all.",
    source=(
        "Narendra et al. 2024, section on preprocessing, after Otsu's threshold; the paper "
        "states no level."
    ),
    parameters={
        "level": StepParameter(
            kind="int",
            default=128,
            low=0,
            high=255,
            unit="grey levels",
            description="The level; dark keeps up to it, bright keeps what is above it.",
        ),
        "channel": _CHANNEL,
        "keep": _KEEP,
    },
    apply=lambda rgb, parameters: binary_threshold(rgb, **parameters),
)
