"""What can be measured of one cell, in the words of the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from models.finding.nuclei import lobe_labels
from models.image.cell_mask import optical_density

Mask = NDArray[np.uint8]

# Detail up to this size is texture, in µm; so far from an edge it is measured.
_TEXTURE_UM = 0.8
_FROM_EDGE_UM = 0.6
# A lobe has at least this area.
_LEAST_LOBE_UM2 = 5.0
# Too few pixels of cytoplasm to say anything about it.
_FEWEST_PX = 30


@dataclass(frozen=True, kw_only=True)
class Morphology:
    """Measures of one cell; what can't be told is None.

    Attributes:
        area_um2: Area of the cell.
        diameter_um: Diameter of the disc of that area.
        nucleus_area_um2: Area of the nucleus.
        nuclear_cytoplasmic_ratio: Area of the nucleus as a share of the cell's, 0 to 1.
        cell_roundness: Area of the cell as a share of the least circle around it, 0 to 1.
        nuclear_roundness: The same of the nucleus, lobes together.
        lobes: Number of lobes of the nucleus.
        chromatin_density: Mean optical density (green) of the nucleus.
        chromatin_texture: Standard deviation of its fine detail, as a share of that.
        cytoplasm_density: Mean optical density of the cytoplasm; None where too little is seen.
        basophilia: Red over green optical density of the cytoplasm: blue has more of it.
        granularity: Standard deviation of fine detail in the cytoplasm, in optical density.
    """

    area_um2: float
    diameter_um: float
    nucleus_area_um2: float
    nuclear_cytoplasmic_ratio: float
    cell_roundness: float
    nuclear_roundness: float
    lobes: int
    chromatin_density: float
    chromatin_texture: float
    cytoplasm_density: float | None
    basophilia: float | None
    granularity: float | None


SHOWN: tuple[str, ...] = (
    "area_um2",
    "diameter_um",
    "cell_roundness",
    "nuclear_cytoplasmic_ratio",
    "nuclear_roundness",
    "lobes",
    "chromatin_density",
    "basophilia",
)
"""Measures that agree with pathologists' words (docs/experiments/finding-cells.md); only these
are shown. Texture of chromatin and granularity don't."""

UNITS: Mapping[str, str] = MappingProxyType(
    {"area_um2": "µm²", "diameter_um": "µm", "nucleus_area_um2": "µm²"}
)
"""Unit of each measure that has one."""


def measure_cell(
    rgb: np.ndarray, body: Mask, nucleus: Mask, light: np.ndarray, *, um_per_px: float
) -> Morphology:
    """Measure one cell.

    Args:
        rgb: (h, w, 3) uint8, the part of the field that the cell's box covers.
        body: (h, w) uint8, 1 where the cell is.
        nucleus: The same, of its nucleus.
        light: (3,) colour of the empty slide.
        um_per_px: Scale of all of them; texture compares at one scale only.
    """
    per_um2 = um_per_px**2
    density = optical_density(np.ascontiguousarray(rgb), light)
    red, green = density[..., 0], density[..., 1]
    fine = green - cv2.GaussianBlur(green, (0, 0), max(0.5, _TEXTURE_UM / um_per_px))
    area, nuclear_area = float(body.sum()), float(nucleus.sum())
    core = _inner(nucleus, um_per_px)
    is_cytoplasm = (_inner(body, um_per_px) > 0) & (_outer(nucleus, um_per_px) == 0)
    has_cytoplasm = int(is_cytoplasm.sum()) >= _FEWEST_PX
    depth = float(green[nucleus > 0].mean())
    _, areas = np.unique(lobe_labels(nucleus, um_per_px=um_per_px), return_counts=True)
    return Morphology(
        area_um2=area * per_um2,
        diameter_um=float(np.sqrt(area * per_um2 * 4 / np.pi)),
        nucleus_area_um2=nuclear_area * per_um2,
        nuclear_cytoplasmic_ratio=nuclear_area / area,
        cell_roundness=_roundness(body, area),
        nuclear_roundness=_roundness(nucleus, nuclear_area),
        lobes=max(1, int((areas[1:] * per_um2 >= _LEAST_LOBE_UM2).sum())),
        chromatin_density=depth,
        chromatin_texture=float(fine[core > 0].std()) / max(depth, 0.05),
        cytoplasm_density=float(density[is_cytoplasm].mean()) if has_cytoplasm else None,
        basophilia=(
            float(red[is_cytoplasm].mean() / max(float(green[is_cytoplasm].mean()), 0.02))
            if has_cytoplasm
            else None
        ),
        granularity=float(fine[is_cytoplasm].std()) if has_cytoplasm else None,
    )


def _roundness(mask: Mask, area_px: float) -> float:
    """Area as a share of the least circle around it."""
    points = np.argwhere(mask > 0).astype(np.float32)
    _, radius = cv2.minEnclosingCircle(cv2.convexHull(points))
    return min(1.0, area_px / (np.pi * (radius + 0.5) ** 2))


def _inner(mask: Mask, um_per_px: float) -> Mask:
    inner: Mask = cv2.erode(mask, _disc(um_per_px), borderType=cv2.BORDER_REPLICATE)
    return inner if inner.any() else mask


def _outer(mask: Mask, um_per_px: float) -> Mask:
    outer: Mask = cv2.dilate(mask, _disc(um_per_px))
    return outer


def _disc(um_per_px: float) -> Mask:
    size = 2 * max(1, round(_FROM_EDGE_UM / um_per_px)) + 1
    disc: Mask = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return disc
