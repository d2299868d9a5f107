"""Steps that keep stained cells by colour: thresholds in HSV, k-means in CIE L*a*b*."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.preprocessing.pixels import blackened, even_sample, in_bands, is_black, lab_of
from models.preprocessing.spec import Mask, Rgb, StepParameter, StepSpec

_SAMPLE = 40_000  # pixels that k-means learns its centres from; the rest are only assigned
_ITERATIONS = 30


def hsv_segmentation(
    rgb: Rgb,
    *,
    hue_low_deg: float,
    hue_high_deg: float,
    saturation_min: float,
    value_max: float,
    smooth_px: int,
) -> Rgb:
    """The picture with everything black that has not the colour of a stained nucleus.

    Args:
        rgb: (h, w, 3) uint8.
        hue_low_deg, hue_high_deg: Range of hue, 0 to 360°; where low is above high, the range
            runs through red.
        saturation_min: 0 to 1.
        value_max: 0 to 1; the brightest channel may not be above this.
        smooth_px: Side of the median that removes specks from the mask, odd; 1 for none.
    """

    def chosen(band: Rgb) -> NDArray[np.uint8]:
        hsv = cv2.cvtColor(band.astype(np.float32) / 255.0, cv2.COLOR_RGB2HSV)
        hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
        if hue_low_deg <= hue_high_deg:
            in_range = (hue >= hue_low_deg) & (hue <= hue_high_deg)
        else:
            in_range = (hue >= hue_low_deg) | (hue <= hue_high_deg)
        # A grey pixel has no hue (OpenCV reports 0°, red), whatever the saturation allowed.
        in_range &= (saturation > 0) & (saturation >= saturation_min) & (value <= value_max)
        mask: NDArray[np.uint8] = in_range.astype(np.uint8)
        return mask

    return blackened(rgb, _smoothed(in_bands(rgb, chosen), smooth_px))


def kmeans_segmentation(
    rgb: Rgb, *, clusters: int, kept_clusters: int, rank_by: str, smooth_px: int
) -> Rgb:
    """The picture with everything black but the most strongly stained of its colour clusters.

    Args:
        rgb: (h, w, 3) uint8. Exactly black pixels belong to no cluster and stay black.
        clusters: How many clusters the colours are parted into.
        kept_clusters: How many are kept, counted from the most stained; all, where the picture
            has no more.
        rank_by: "violet" ranks by a* − b* (violet high, background and red cells low);
            "darkness" by L*, darkest first.
        smooth_px: As in hsv_segmentation.

    The same picture gives the same clusters: the centres start from pixels ranked by staining
    and cut into equal parts, not from a random draw.
    """
    present = ~is_black(rgb)
    if not present.any():
        return rgb.copy()
    sample = lab_of(even_sample(rgb, present, _SAMPLE)[np.newaxis])[0]
    centres = _centres(sample, _rank(sample, rank_by), clusters)
    kept = np.argsort(-_rank(centres, rank_by), kind="stable")[:kept_clusters]

    def chosen(band: Rgb) -> NDArray[np.uint8]:
        lab = lab_of(band)
        squares = [np.square(lab - centre).sum(axis=2) for centre in centres]
        return np.isin(np.argmin(squares, axis=0), kept).astype(np.uint8)

    return blackened(rgb, _smoothed(in_bands(rgb, chosen), smooth_px) & present)


def _rank(lab: NDArray[np.float32], rank_by: str) -> NDArray[np.float32]:
    rank: NDArray[np.float32] = -lab[:, 0] if rank_by == "darkness" else lab[:, 1] - lab[:, 2]
    return rank


def _centres(
    sample: NDArray[np.float32], rank: NDArray[np.float32], clusters: int
) -> NDArray[np.float32]:
    """Centres of the clusters in L*a*b*, (at most clusters, 3)."""
    # With initial labels given, OpenCV draws nothing from its global random generator.
    if len(sample) <= clusters:
        return sample
    order = np.argsort(rank, kind="stable")
    labels = np.empty((len(sample), 1), np.int32)
    labels[order, 0] = np.arange(len(sample)) * clusters // len(sample)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, _ITERATIONS, 0.1)
    _, _, centres = cv2.kmeans(
        np.ascontiguousarray(sample), clusters, labels, criteria, 1, cv2.KMEANS_USE_INITIAL_LABELS
    )
    found: NDArray[np.float32] = centres
    return found


def _smoothed(mask: NDArray[np.uint8], smooth_px: int) -> Mask:
    smooth = mask if smooth_px == 1 else cv2.medianBlur(mask, smooth_px)
    return np.asarray(smooth > 0)


_SMOOTH = StepParameter(
    kind="int",
    default=5,
    low=1,
    high=31,
    unit="px",
    odd=True,
    description="Side of the median filter that removes specks from the mask; 1 for none.",
)

HSV_SEGMENTATION = StepSpec(
    title="HSV segmentation",
    description=(
        "Keeps pixels whose hue, saturation and brightness are those of a stained nucleus, and "
        "blackens red cells and background. Another stain needs another range of hue."
    ),
    source=(
        "Colour thresholding in HSV: Murtoza et al. 2023, section 3.1, which states no range. "
        "The default range keeps nuclei with a Dice coefficient of 0.95 on ALL-IDB2 (command: "
        "python -m training step-defaults masks)."
    ),
    parameters={
        "hue_low_deg": StepParameter(
            kind="float", default=235.0, low=0.0, high=360.0, unit="°", description="Lowest hue."
        ),
        "hue_high_deg": StepParameter(
            kind="float",
            default=330.0,
            low=0.0,
            high=360.0,
            unit="°",
            description="Highest hue; where it is below the lowest, the range runs through red.",
        ),
        "saturation_min": StepParameter(
            kind="float",
            default=0.25,
            low=0.0,
            high=1.0,
            unit="share",
            description="Paler pixels are background.",
        ),
        "value_max": StepParameter(
            kind="float",
            default=1.0,
            low=0.0,
            high=1.0,
            unit="share",
            description="Brighter pixels are background.",
        ),
        "smooth_px": _SMOOTH,
    },
    apply=lambda rgb, parameters: hsv_segmentation(rgb, **parameters),
)

KMEANS_SEGMENTATION = StepSpec(
    title="k-means segmentation in L*a*b*",
    description=(
        "Parts the picture's colours into clusters and keeps the most strongly stained: nuclei. "
        "Each picture is parted anew, so that a change of stain matters little; but a picture "
        "without nuclei keeps something else."
    ),
    source=(
        "k-means in L*a*b* with three clusters, as in the work that Murtoza et al. 2023 and "
        "Narendra et al. 2024 review; Lloyd 1982, IEEE Trans. Inf. Theory 28:129–137. Nuclei are "
        "kept with a Dice coefficient of 0.96 on ALL-IDB2 (command: python -m "
        "models.preprocessing masks)."
    ),
    parameters={
        "clusters": StepParameter(
            kind="int", default=3, low=2, high=8, description="Into how many the colours part."
        ),
        "kept_clusters": StepParameter(
            kind="int",
            default=1,
            low=1,
            high=7,
            description="How many are kept, counted from the most stained.",
        ),
        "rank_by": StepParameter(
            kind="choice",
            default="violet",
            choices=("violet", "darkness"),
            description="What counts as stained: violet colour (a* − b*), or darkness (L*).",
        ),
        "smooth_px": _SMOOTH,
    },
    apply=lambda rgb, parameters: kmeans_segmentation(rgb, **parameters),
)
