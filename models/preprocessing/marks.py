"""The step that covers the corner where a camera's software leaves its mark."""

from __future__ import annotations

import cv2
import numpy as np

from models.preprocessing.spec import Rgb, StepParameter, StepSpec


def mask_corner_marks(rgb: Rgb, *, corner: str, width_share: float, height_share: float) -> Rgb:
    """The picture with one corner covered by the colour of the background beside it.

    The corner is covered in every picture, whether it bears a mark or not. If only marked
    pictures were covered, the cover would tell a model what the mark told it.

    Args:
        rgb: (h, w, 3) uint8.
        corner: "bottom_right", "bottom_left", "top_right" or "top_left".
        width_share, height_share: Size of the rectangle as a share of the picture, 0 to 1.

    The colour is the median of the brightest quarter of the pixels that surround the rectangle
    on a strip as wide as a quarter of it: dark cells may cover most of the strip.
    """
    height, width = rgb.shape[:2]
    covered_h = min(height, -int(-(height * height_share) // 1))
    covered_w = min(width, -int(-(width * width_share) // 1))
    at_bottom, at_right = corner.startswith("bottom"), corner.endswith("right")
    rectangle = _corner(height, covered_h, at_bottom), _corner(width, covered_w, at_right)
    strip = np.zeros((height, width), bool)
    strip[
        _corner(height, covered_h + max(2, covered_h // 4), at_bottom),
        _corner(width, covered_w + max(2, covered_w // 4), at_right),
    ] = True
    strip[rectangle] = False
    covered = rgb.copy()
    beside = rgb[strip] if strip.any() else rgb[rectangle].reshape(-1, 3)
    covered[rectangle] = _background(beside)
    return covered


def _corner(length: int, covered: int, at_end: bool) -> slice:
    return slice(max(0, length - covered), length) if at_end else slice(0, covered)


def _background(pixels: Rgb) -> Rgb:
    """Median colour of the brightest quarter of some pixels (n, 3), (3,) uint8."""
    grey = cv2.cvtColor(np.ascontiguousarray(pixels[np.newaxis]), cv2.COLOR_RGB2GRAY)[0]
    bright = pixels[grey >= np.percentile(grey, 75)]
    colour: Rgb = np.median(bright, axis=0).astype(np.uint8)
    return colour


MASK_CORNER_MARKS = StepSpec(
    title="Mask corner marks",
    description=(
        "Covers one corner with the background's colour, in every picture, so that a scale bar "
        "or a label cannot tell the model which class or laboratory a picture comes from."
    ),
    source=(
        "Size: marks of the 2,931 images of the ALL image dataset (Taleghani Hospital, 2021) "
        "reach 32 px from the right and 31 px from the bottom of 224, a share of 0.143 (command: "
        "python -m training step-defaults marks). Why: Geirhos et al. 2020, Nat. Mach. Intell. "
        "2:665–673, on shortcuts."
    ),
    parameters={
        "corner": StepParameter(
            kind="choice",
            default="bottom_right",
            choices=("bottom_right", "bottom_left", "top_right", "top_left"),
            description="Which corner is covered.",
        ),
        "width_share": StepParameter(
            kind="float",
            default=0.15,
            low=0.01,
            high=0.5,
            unit="share",
            description="Width of the rectangle as a share of the picture's.",
        ),
        "height_share": StepParameter(
            kind="float",
            default=0.15,
            low=0.01,
            high=0.5,
            unit="share",
            description="Height of the rectangle as a share of the picture's.",
        ),
    },
    apply=lambda rgb, parameters: mask_corner_marks(rgb, **parameters),
)
