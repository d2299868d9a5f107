"""Every preprocessing step that there is, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from models.preprocessing.cell_sheet import CELL_SHEET
from models.preprocessing.contrast import CLAHE, GREY, UNSHARP_MASK
from models.preprocessing.denoise import BILATERAL_DENOISE, MEDIAN_DENOISE, NON_LOCAL_MEANS
from models.preprocessing.geometry import CROP_BLACK_BORDERS, CROP_CENTRE, RESIZE
from models.preprocessing.macenko import MACENKO
from models.preprocessing.marks import MASK_CORNER_MARKS
from models.preprocessing.nucleus import NUCLEUS_SQUARE, WHITE_BALANCE
from models.preprocessing.reinhard import REINHARD
from models.preprocessing.segmentation import HSV_SEGMENTATION, KMEANS_SEGMENTATION
from models.preprocessing.spec import StepSpec
from models.preprocessing.threshold import BINARY_THRESHOLD, OTSU_THRESHOLD
from models.preprocessing.watershed import WATERSHED_SPLIT

STEPS: Mapping[str, StepSpec] = MappingProxyType(
    {
        "resize": RESIZE,
        "crop_black_borders": CROP_BLACK_BORDERS,
        "crop_centre": CROP_CENTRE,
        "otsu_threshold": OTSU_THRESHOLD,
        "binary_threshold": BINARY_THRESHOLD,
        "hsv_segmentation": HSV_SEGMENTATION,
        "kmeans_segmentation": KMEANS_SEGMENTATION,
        "watershed_split": WATERSHED_SPLIT,
        "median_denoise": MEDIAN_DENOISE,
        "bilateral_denoise": BILATERAL_DENOISE,
        "non_local_means": NON_LOCAL_MEANS,
        "unsharp_mask": UNSHARP_MASK,
        "clahe": CLAHE,
        "grey": GREY,
        "reinhard": REINHARD,
        "macenko": MACENKO,
        "mask_corner_marks": MASK_CORNER_MARKS,
        "white_balance": WHITE_BALANCE,
        "nucleus_square": NUCLEUS_SQUARE,
        "cell_sheet": CELL_SHEET,
    }
)
