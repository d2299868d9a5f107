"""Steps that change what a picture covers: resize, and crops of the middle or of black borders."""

from __future__ import annotations

import cv2
import numpy as np

from models.preprocessing.spec import Reframed, Rgb, StepParameter, StepSpec


def resize(rgb: Rgb, *, size_px: int, fit: str) -> Reframed:
    """The picture as a square of size_px × size_px.

    Args:
        rgb: (h, w, 3) uint8.
        size_px: Side of the square, in pixels.
        fit: "stretch" scales both sides, whatever the shape. "letterbox" keeps the shape, and
            fills the bars with the median colour of the picture's edge: black around a cell
            that was cut out on black, background around a smear. "centre_crop" keeps the
            shape and the middle square, whose side is the picture's short side.
    """
    height, width = rgb.shape[:2]
    if fit == "letterbox":
        return _letterbox(rgb, size_px)
    if fit == "centre_crop":
        # Cut before scaling: the same pixels as scaling first, without a huge picture between.
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        middle = rgb[top : top + side, left : left + side]
        region = (float(left), float(top), float(left + side), float(top + side))
        return Reframed(rgb=scaled(middle, size_px, size_px), region=region)
    return Reframed(
        rgb=scaled(rgb, size_px, size_px), region=(0.0, 0.0, float(width), float(height))
    )


def crop_black_borders(rgb: Rgb, *, level: int, margin_px: int) -> Reframed:
    """The smallest rectangle that holds every pixel that is not black.

    Args:
        rgb: (h, w, 3) uint8.
        level: A pixel is black where no channel is above this, 0 to 255.
        margin_px: Black that is kept around the rectangle, as far as the picture reaches.

    A picture that is black all over is returned whole.
    """
    height, width = rgb.shape[:2]
    lit = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2]) > level
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if rows.size == 0:
        return Reframed(rgb=rgb.copy(), region=(0.0, 0.0, float(width), float(height)))
    top, bottom = max(int(rows[0]) - margin_px, 0), min(int(rows[-1]) + 1 + margin_px, height)
    left, right = max(int(columns[0]) - margin_px, 0), min(int(columns[-1]) + 1 + margin_px, width)
    return Reframed(
        rgb=rgb[top:bottom, left:right].copy(),
        region=(float(left), float(top), float(right), float(bottom)),
    )


def crop_centre(rgb: Rgb, *, share: float) -> Reframed:
    """The middle of the picture, in its own shape.

    Args:
        rgb: (h, w, 3) uint8.
        share: Share of each side that is kept, 0 to 1; at least one pixel stays.
    """
    height, width = rgb.shape[:2]
    new_height, new_width = max(1, round(height * share)), max(1, round(width * share))
    top, left = (height - new_height) // 2, (width - new_width) // 2
    return Reframed(
        rgb=rgb[top : top + new_height, left : left + new_width].copy(),
        region=(float(left), float(top), float(left + new_width), float(top + new_height)),
    )


def _letterbox(rgb: Rgb, size_px: int) -> Reframed:
    height, width = rgb.shape[:2]
    scale = size_px / max(height, width)
    new_width, new_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size_px - new_width) // 2, (size_px - new_height) // 2
    edge = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    canvas = np.empty((size_px, size_px, 3), np.uint8)
    canvas[:] = np.median(edge, axis=0).astype(np.uint8)
    canvas[top : top + new_height, left : left + new_width] = scaled(rgb, new_width, new_height)
    # Pixels of the original for one pixel of the result; rounding makes the two differ slightly.
    per_x, per_y = width / new_width, height / new_height
    return Reframed(
        rgb=canvas,
        region=(-left * per_x, -top * per_y, (size_px - left) * per_x, (size_px - top) * per_y),
    )


def scaled(rgb: Rgb, width: int, height: int) -> Rgb:
    """The picture in a new size: each side that shrinks by area, then each that grows by cubic."""
    smaller = (min(width, rgb.shape[1]), min(height, rgb.shape[0]))
    scaled: Rgb = rgb.copy()
    if smaller != (rgb.shape[1], rgb.shape[0]):
        scaled = cv2.resize(rgb, smaller, interpolation=cv2.INTER_AREA)
    if smaller != (width, height):
        scaled = cv2.resize(scaled, (width, height), interpolation=cv2.INTER_CUBIC)
    return scaled


RESIZE = StepSpec(
    title="Resize",
    description=(
        "Brings every picture to the square size that the model reads. Stretching distorts cells "
        "of pictures that are not square; the letterbox adds bars; the centre crop loses edges."
    ),
    source=(
        "224 px: Hagar et al. 2023, Pushpalatha et al. 2024, Narendra et al. 2024; "
        "300, 250, 200 and 150 px: Najjar et al. 2025. Area and bicubic interpolation of OpenCV."
    ),
    parameters={
        "size_px": StepParameter(
            kind="int",
            default=224,
            low=16,
            high=2048,
            unit="px",
            description="Side of the square.",
        ),
        "fit": StepParameter(
            kind="choice",
            default="stretch",
            choices=("stretch", "letterbox", "centre_crop"),
            description="What becomes of pictures that are not square.",
        ),
    },
    apply=lambda rgb, parameters: resize(rgb, **parameters),
)

CROP_BLACK_BORDERS = StepSpec(
    title="Crop black borders",
    description=(
        "Cuts away the black rows and columns around a cell or a field, so that fewer pixels go "
        "to nothing. The cell then fills the picture, whatever its true size."
    ),
    source="Narendra et al. 2024, section on preprocessing (black areas cropped out).",
    parameters={
        "level": StepParameter(
            kind="int",
            default=10,
            low=0,
            high=254,
            unit="grey levels",
            description="A pixel is black where no channel is above this.",
        ),
        "margin_px": StepParameter(
            kind="int",
            default=0,
            low=0,
            high=512,
            unit="px",
            description="Black that is kept around the content.",
        ),
    },
    apply=lambda rgb, parameters: crop_black_borders(rgb, **parameters),
)

CROP_CENTRE = StepSpec(
    title="Crop the middle",
    description=(
        "Cuts away the same share on all sides. Where a camera puts one cell in the middle of "
        "the picture, the model then sees more of the cell and less of its neighbours."
    ),
    source="Usual for CellaVision pictures, in which the cell that is meant stands in the middle.",
    parameters={
        "share": StepParameter(
            kind="float",
            default=0.7,
            low=0.1,
            high=1.0,
            unit="share",
            description="Share of each side that is kept.",
        ),
    },
    apply=lambda rgb, parameters: crop_centre(rgb, **parameters),
)
