"""What is measured of one image of blood or lymph node: colours, numbers, sizes, texture.

The same functions measure real images, for the statistics that drawn images follow, and
drawn images, to show that they do. OpenCV only; deterministic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from drawn.segmentation import (
    cells_of_mask,
    central_nucleus,
    disc,
    isolated_cells,
    nucleated_cells,
    otsu,
    split_touching,
    to_lab,
    whole_areas,
)

Array = np.ndarray[Any, Any]

COLOURS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "field": ("background", "red_cell", "nucleus", "cytoplasm"),
        "single": ("background", "red_cell", "nucleus", "cytoplasm"),
        "cutout": ("nucleus", "edge"),
        "tissue": ("nucleus", "stroma", "eosin", "gap"),
    }
)
"""Names of the colours that are measured, by kind of view."""

SMALLEST_CELL = MappingProxyType({"field": 0.035, "single": 0.14})
"""Least diameter of a nucleus, as a share of the image's side; what is smaller is debris."""


@dataclass(frozen=True, kw_only=True)
class SmearMeasures:
    """What was measured of one image.

    Attributes:
        colours: Name to CIE L*a*b* (L 0–100); NaN where the image shows no such thing.
        numbers: Name to values: one an image, or one a cell for sizes and shares of a cell.
    """

    colours: Mapping[str, Array]
    numbers: Mapping[str, Array]


def measure(rgb: Array, kind: str, mask: Array | None = None) -> SmearMeasures:
    """Colours, numbers, sizes and texture of one image.

    Args:
        rgb: (H, W, 3) uint8.
        kind: "field" (many cells on a bright background), "single" (the same, about one cell
            in the middle), "cutout" (one cell on black) or "tissue" (haematoxylin and eosin).
        mask: (H, W) uint8, 255 nucleus and 1–254 cytoplasm, where the nucleus and cytoplasm of
            a single cell are known; without it they are found by colour.

    Raises:
        KeyError: The kind is none of these.
    """
    rgb = np.ascontiguousarray(rgb)
    if kind == "cutout":
        return _measure_cutout(rgb)
    if kind == "tissue":
        return _measure_tissue(rgb)
    return _measure_smear(rgb, mask, kind=kind)


def noise_sd(rgb: Array) -> float:
    """Standard deviation of the noise in grey levels (Immerkær 1996, median form).

    The median of the absolute response, not its mean, so that edges of cells count little.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel))[1:-1, 1:-1]
    return float(np.median(response) / 0.6745 / 6)


def focus(rgb: Array) -> float:
    """Common logarithm of the variance of the Laplacian of grey (Pech-Pacheco et al. 2000)."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return float(np.log10(cv2.Laplacian(grey, cv2.CV_64F).var() + 1e-6))


def _measure_smear(rgb: Array, mask: Array | None, *, kind: str) -> SmearMeasures:
    lab = to_lab(rgb)
    side = rgb.shape[1]
    stained = nucleated_cells(rgb)
    near_stained = cv2.dilate(stained.astype(np.uint8), disc(side / 100)) > 0
    smooth = cv2.GaussianBlur(lab[..., 0], (0, 0), max(0.8, side / 280))
    threshold = otsu(smooth[~near_stained]) if (~near_stained).any() else 50.0
    foreground = (smooth < threshold) | stained
    red_cells = foreground & ~near_stained
    smallest_px = SMALLEST_CELL[kind] * side
    labels = split_touching(stained, smallest_px=smallest_px)
    if kind == "single":
        labels = central_nucleus(labels)
    if mask is None:
        isolated = isolated_cells(labels, foreground, smallest_area=np.pi / 4 * smallest_px**2)
    else:
        labels = (mask == 255).astype(np.int32)
        isolated = cells_of_mask(mask)
    inside = cv2.erode((labels > 0).astype(np.uint8), disc(side / 200)) > 0
    per_cell = [lab[..., 0][inside & (labels == i)] for i in range(1, labels.max() + 1)]
    per_cell = [values for values in per_cell if values.size > 20]
    lightness = np.array([np.median(values) for values in per_cell])
    colours = {
        "background": _median_colour(lab, ~foreground & ~near_stained),
        "red_cell": _median_colour(lab, red_cells),
        "nucleus": _median_colour(lab, inside),
        "cytoplasm": _median_colour(lab, isolated.rim),
    }
    numbers = {
        "nucleated_cells": [float(labels.max())],
        "nucleated_share": [float(np.mean(labels > 0))],
        "nucleus_diameter_px": _diameters(whole_areas(labels)),
        "cell_diameter_px": _diameters(isolated.cell_areas),
        "nucleus_share": isolated.nucleus_areas / np.maximum(isolated.cell_areas, 1),
        "nucleus_lightness_shift": lightness - np.median(lightness) if len(lightness) > 1 else [],
        "chromatin_sd": [float(values.std()) for values in per_cell],
        "red_cell_share": [float(red_cells.mean())],
        "noise_sd": [noise_sd(rgb)],
        "focus": [focus(rgb)],
        **_measure_red_cells(red_cells, lab[..., 0], smallest_px=smallest_px),
    }
    return _measures(colours, numbers)


def _measure_red_cells(
    red_cells: Array, lightness: Array, *, smallest_px: float
) -> dict[str, list[float]]:
    """Diameter, height to width, and central pallor of the red cells that stand alone."""
    diameters, stretches, pallors = [], [], []
    side = red_cells.shape[1]
    contours, _ = cv2.findContours(red_cells.astype(np.uint8), cv2.RETR_EXTERNAL, 2)
    for contour in contours:
        x, y, width, height = cv2.boundingRect(contour)
        at_edge = min(x, y) <= 1 or x + width >= side - 1 or y + height >= len(red_cells) - 1
        area = cv2.contourArea(contour)
        hull = cv2.contourArea(cv2.convexHull(contour))
        if at_edge or area < np.pi / 4 * smallest_px**2 or area < 0.93 * hull:
            continue
        if max(width, height) > min(2 * min(width, height), 0.4 * side):
            continue
        shape = np.zeros((height, width), np.uint8)
        cv2.drawContours(shape, [contour], -1, 1, -1, offset=(-x, -y))
        depth = cv2.distanceTransform(shape, cv2.DIST_L2, 3)
        depth /= depth.max()
        inside = lightness[y : y + height, x : x + width]
        pallors.append(
            float(inside[depth > 0.75].mean() - inside[(depth > 0.2) & (depth < 0.6)].mean())
        )
        diameters.append(float(np.sqrt(4 * area / np.pi)))
        stretches.append(height / width)
    return {
        "red_cell_diameter_px": diameters,
        "red_cell_height_per_width": stretches,
        "red_cell_pallor": pallors,
    }


def _measure_cutout(rgb: Array) -> SmearMeasures:
    lab = to_lab(rgb)
    mask = (rgb.max(axis=2) > 16).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea)
    area = cv2.contourArea(largest)
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, [largest], -1, 1, -1)
    depth = cv2.distanceTransform(filled, cv2.DIST_L2, 3)
    side = rgb.shape[1]
    inner, edge = depth > side / 45, (depth > 1) & (depth <= side / 90)
    (_, axes, _) = cv2.fitEllipse(largest)
    fine = lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), side / 28)
    colours = {"nucleus": _median_colour(lab, inner), "edge": _median_colour(lab, edge)}
    numbers = {
        "cell_diameter_px": [float(np.sqrt(4 * area / np.pi))],
        "elongation": [max(axes) / max(min(axes), 1.0)],
        "solidity": [area / cv2.contourArea(cv2.convexHull(largest))],
        "chromatin_sd": [float(lab[..., 0][inner].std())],
        "fine_chromatin_sd": [float(fine[inner].std())],
        "focus": [focus(rgb)],
    }
    return _measures(colours, numbers)


def _measure_tissue(rgb: Array) -> SmearMeasures:
    lab = to_lab(rgb)
    lightness = lab[..., 0]
    smooth = cv2.GaussianBlur(lightness, (0, 0), 0.8)
    local = cv2.GaussianBlur(lightness, (0, 0), rgb.shape[1] / 25)
    nuclei = smooth < local
    bright = lightness > max(float(np.percentile(lightness, 98)), 0)
    eosin_score = lab[..., 1] + 0.5 * lab[..., 2]
    eosin = eosin_score > np.percentile(eosin_score, 97)
    stroma = ~nuclei & ~bright & ~eosin
    colours = {
        "nucleus": _median_colour(lab, nuclei & (lightness < np.percentile(lightness, 30))),
        "stroma": _median_colour(lab, stroma),
        "eosin": _median_colour(lab, eosin),
        "gap": _median_colour(lab, bright),
    }
    peaks = cv2.GaussianBlur(lightness, (0, 0), 1.3)
    is_peak = (peaks == cv2.erode(peaks, np.ones((5, 5), np.uint8))) & nuclei
    wide = cv2.GaussianBlur(lightness, (0, 0), rgb.shape[1] / 20)
    numbers = {
        "nuclei_per_100_px_square": [float(is_peak.mean() * 1e4)],
        "nucleus_spacing_px": [float(np.sqrt(1 / max(is_peak.mean(), 1e-6)))],
        "fine_sd": [float((lightness - local).std())],
        "nodularity": [float(wide.std())],
        "eosin_contrast": [float(eosin_score[eosin].mean() - np.median(eosin_score))],
        "noise_sd": [noise_sd(rgb)],
        "focus": [focus(rgb)],
    }
    return _measures(colours, numbers)


def _diameters(areas: Array) -> Array:
    diameters: Array = np.sqrt(4 * np.asarray(areas, np.float64) / np.pi)
    return diameters


def _median_colour(lab: Array, mask: Array) -> Array:
    return np.median(lab[mask], axis=0) if mask.sum() >= 20 else np.full(3, np.nan)


def _measures(colours: Mapping[str, Array], numbers: Mapping[str, Any]) -> SmearMeasures:
    frozen = {
        name: np.asarray(values, np.float64) for name, values in {**colours, **numbers}.items()
    }
    for array in frozen.values():
        array.setflags(write=False)
    return SmearMeasures(
        colours=MappingProxyType({name: frozen[name] for name in colours}),
        numbers=MappingProxyType({name: frozen[name] for name in numbers}),
    )
