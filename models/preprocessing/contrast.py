"""Steps that sharpen, raise contrast or take colour away: unsharp mask, CLAHE, grey."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.preprocessing.pixels import blackened, in_bands, is_black
from models.preprocessing.spec import Rgb, StepParameter, StepSpec


def unsharp_mask(rgb: Rgb, *, radius_px: float, amount: float, threshold: int) -> Rgb:
    """The picture with its difference from a blurred copy added: sharper edges.

    Args:
        rgb: (h, w, 3) uint8.
        radius_px: Standard deviation of the Gaussian blur.
        amount: Share of the difference that is added, 0 for none.
        threshold: Differences below this many grey levels are left alone, so that noise is not
            sharpened.
    """
    blurred: Rgb = cv2.GaussianBlur(rgb, (0, 0), radius_px)

    def sharpened(pair: Rgb) -> Rgb:
        sharp, soft = pair[..., :3].astype(np.float32), pair[..., 3:].astype(np.float32)
        difference = sharp - soft
        difference[np.abs(difference) < threshold] = 0.0
        result: Rgb = np.rint(np.clip(sharp + amount * difference, 0, 255)).astype(np.uint8)
        return result

    return in_bands(np.concatenate([rgb, blurred], axis=2), sharpened)


def clahe(rgb: Rgb, *, clip_limit: float, tiles: int) -> Rgb:
    """The picture with the contrast of its lightness (L*) equalised tile by tile.

    Args:
        rgb: (h, w, 3) uint8. Exactly black pixels are removed background, and stay black.
        clip_limit: Limit of the contrast, as a multiple of a flat histogram; 1 changes least.
        tiles: Number of tiles along each side.
    """
    lab: NDArray[np.uint8] = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    lightness = np.ascontiguousarray(lab[..., 0])
    lab[..., 0] = cv2.createCLAHE(clip_limit, (tiles, tiles)).apply(lightness)
    equalised: Rgb = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return blackened(equalised, ~is_black(rgb))


def grey(rgb: Rgb) -> Rgb:
    """The picture without colour: each channel is its luma (ITU-R BT.601), (h, w, 3) uint8."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return np.repeat(luma[..., np.newaxis], 3, axis=2)


UNSHARP_MASK = StepSpec(
    title="Unsharp mask",
    description="Makes edges and chromatin texture stand out; noise too, where there is much.",
    source=(
        "Sharpening and edge enhancement: Murtoza et al. 2023, section 3.2 (no filter named); "
        "Gonzalez and Woods, Digital Image Processing, chapter on spatial filtering."
    ),
    parameters={
        "radius_px": StepParameter(
            kind="float",
            default=1.5,
            low=0.3,
            high=20.0,
            unit="px",
            description="Size of the detail that is raised.",
        ),
        "amount": StepParameter(
            kind="float",
            default=0.8,
            low=0.0,
            high=5.0,
            unit="share",
            description="Share of the difference that is added.",
        ),
        "threshold": StepParameter(
            kind="int",
            default=2,
            low=0,
            high=64,
            unit="grey levels",
            description="Smaller differences are left alone.",
        ),
    },
    apply=lambda rgb, parameters: unsharp_mask(rgb, **parameters),
)

CLAHE = StepSpec(
    title="CLAHE",
    description=(
        "Raises local contrast: contrast-limited adaptive histogram equalisation of lightness. "
        "Hue stays; differences of exposure between slides shrink."
    ),
    source="Zuiderveld 1994, Graphics Gems IV, 474–485.",
    parameters={
        "clip_limit": StepParameter(
            kind="float",
            default=2.0,
            low=1.0,
            high=20.0,
            unit="times a flat histogram",
            description="Limit of the contrast.",
        ),
        "tiles": StepParameter(
            kind="int",
            default=8,
            low=1,
            high=32,
            description="Number of tiles along each side.",
        ),
    },
    apply=lambda rgb, parameters: clahe(rgb, **parameters),
)

GREY = StepSpec(
    title="Grey",
    description=(
        "Takes the colour away, so that a model cannot tell slides apart by their stain: only "
        "shape and texture are left."
    ),
    source="Luma of ITU-R BT.601, as OpenCV computes it.",
    parameters={},
    apply=lambda rgb, parameters: grey(rgb, **parameters),
)
