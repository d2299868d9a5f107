"""Steps that remove noise: median, bilateral filter, non-local means."""

from __future__ import annotations

import cv2

from models.preprocessing.spec import Rgb, StepParameter, StepSpec


def median_denoise(rgb: Rgb, *, size_px: int) -> Rgb:
    """The picture with every channel replaced by its median in a square of size_px (odd)."""
    denoised: Rgb = cv2.medianBlur(rgb, size_px)
    return denoised


def bilateral_denoise(rgb: Rgb, *, diameter_px: int, sigma_colour: float, sigma_px: float) -> Rgb:
    """The picture smoothed within areas of like colour, so that edges stay.

    Args:
        rgb: (h, w, 3) uint8.
        diameter_px: Diameter of the neighbourhood, odd.
        sigma_colour: How far colours may differ and still be mixed, in grey levels.
        sigma_px: How fast a neighbour's weight falls with distance, in pixels.
    """
    denoised: Rgb = cv2.bilateralFilter(rgb, diameter_px, sigma_colour, sigma_px)
    return denoised


def non_local_means(rgb: Rgb, *, strength: float, patch_px: int, search_px: int) -> Rgb:
    """The picture with each pixel averaged over like patches of its surroundings.

    Args:
        rgb: (h, w, 3) uint8.
        strength: Filter strength h for lightness and for colour, in grey levels.
        patch_px: Side of the patches that are compared, odd.
        search_px: Side of the square that they are looked for in, odd; time grows with its
            square.
    """
    # OpenCV's function goes to L*a*b* and back, and takes BGR.
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    bgr = cv2.fastNlMeansDenoisingColored(bgr, None, strength, strength, patch_px, search_px)
    denoised: Rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return denoised


MEDIAN_DENOISE = StepSpec(
    title="Median filter",
    description="Removes single wrong pixels and dust; rounds off detail smaller than its square.",
    source=(
        "Noise filtering: Murtoza et al. 2023, section 3.2 (no filter named); Huang et al. 1979, "
        "IEEE Trans. Acoust. Speech Signal Process. 27:13–18."
    ),
    parameters={
        "size_px": StepParameter(
            kind="int",
            default=3,
            low=3,
            high=31,
            unit="px",
            odd=True,
            description="Side of the square that the median is taken over.",
        ),
    },
    apply=lambda rgb, parameters: median_denoise(rgb, **parameters),
)

BILATERAL_DENOISE = StepSpec(
    title="Bilateral filter",
    description="Smooths noise within areas of like colour and leaves the cell's outline sharp.",
    source=(
        "Noise filtering: Murtoza et al. 2023, section 3.2 (no filter named); Tomasi and "
        "Manduchi 1998, ICCV, 839–846."
    ),
    parameters={
        "diameter_px": StepParameter(
            kind="int",
            default=5,
            low=3,
            high=15,
            unit="px",
            odd=True,
            description="Diameter of the neighbourhood; large ones are slow.",
        ),
        "sigma_colour": StepParameter(
            kind="float",
            default=25.0,
            low=1.0,
            high=150.0,
            unit="grey levels",
            description="How far colours may differ and still be mixed.",
        ),
        "sigma_px": StepParameter(
            kind="float",
            default=3.0,
            low=0.5,
            high=50.0,
            unit="px",
            description="How fast a neighbour's weight falls with distance.",
        ),
    },
    apply=lambda rgb, parameters: bilateral_denoise(rgb, **parameters),
)

NON_LOCAL_MEANS = StepSpec(
    title="Non-local means",
    description=(
        "Averages each pixel over patches that look alike, which keeps chromatin texture better "
        "than a plain blur. Slow on large pictures: resize first."
    ),
    source=(
        "Noise filtering: Murtoza et al. 2023, section 3.2 (no filter named); Buades, Coll and "
        "Morel 2005, CVPR, 60–65."
    ),
    parameters={
        "strength": StepParameter(
            kind="float",
            default=3.0,
            low=0.5,
            high=30.0,
            unit="grey levels",
            description="Noise to remove; above it, texture goes too.",
        ),
        "patch_px": StepParameter(
            kind="int",
            default=7,
            low=3,
            high=11,
            unit="px",
            odd=True,
            description="Side of the patches that are compared.",
        ),
        "search_px": StepParameter(
            kind="int",
            default=21,
            low=5,
            high=35,
            unit="px",
            odd=True,
            description="Side of the square that like patches are looked for in.",
        ),
    },
    apply=lambda rgb, parameters: non_local_means(rgb, **parameters),
)
