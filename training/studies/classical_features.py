"""An image in some sixty numbers that need no network: colour, texture, shape of its cells."""

from __future__ import annotations

import cv2
import numpy as np

from models.image.cell_mask import stained_mask

_CHANNELS = ("R", "G", "B", "cos H", "sin H", "S", "V", "L*", "a*", "b*")
_MOMENTS = ("mean", "standard deviation", "skewness")
_GREY_LEVELS = 32
_DISTANCES_PX = (1, 3)
_ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
_GLCM = ("contrast", "dissimilarity", "homogeneity", "ASM", "correlation", "entropy")
_LBP_POINTS, _LBP_RADIUS_PX = 8, 1
_SHAPE = (
    "stained share",
    "stained regions",
    "mean area",
    "standard deviation of area",
    "largest area",
    "largest circularity",
    "largest solidity",
    "largest extent",
    "largest eccentricity",
)

FEATURE_NAMES: tuple[str, ...] = (
    *(f"{channel} {moment}" for moment in _MOMENTS for channel in _CHANNELS),
    *(f"GLCM {name} at {distance} px" for name in _GLCM for distance in _DISTANCES_PX),
    *(f"LBP {code}" for code in range(_LBP_POINTS + 2)),
    *_SHAPE,
)
"""What each column of `classical_features` is."""


def classical_features(rgb: np.ndarray) -> np.ndarray:
    """The classical features of many images, in the order of FEATURE_NAMES.

    Args:
        rgb: (n, H, W, 3) uint8.

    Returns:
        (n, len(FEATURE_NAMES)) float32, finite.
    """
    return np.stack(
        [
            np.concatenate([_colour(image), _texture(image), _shape(stained_mask(image))])
            for image in rgb
        ]
    ).astype(np.float32)


def _colour(rgb: np.ndarray) -> np.ndarray:
    """Mean, standard deviation and skewness of RGB, HSV (hue as a point on a circle), L*a*b*."""
    scaled = rgb.astype(np.float32) / 255
    hue, saturation, value = cv2.split(cv2.cvtColor(scaled, cv2.COLOR_RGB2HSV))
    angle = np.deg2rad(hue)
    channels = np.dstack(
        [
            scaled,
            np.cos(angle),
            np.sin(angle),
            saturation,
            value,
            cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab) / 100,
        ]
    ).reshape(-1, len(_CHANNELS))
    channels = channels.astype(np.float64)
    mean = channels.mean(axis=0)
    deviations = channels - mean
    spread = np.sqrt((deviations**2).mean(axis=0))
    third = (deviations**3).mean(axis=0)
    is_flat = spread < 1e-6  # rounding alone: no shape to speak of
    skewness = np.where(is_flat, 0, third / np.where(is_flat, 1, spread) ** 3)
    return np.concatenate([mean, spread, skewness])


def _texture(rgb: np.ndarray) -> np.ndarray:
    """Co-occurrence of grey levels (Haralick 1973) and uniform local binary patterns (Ojala 2002).

    Co-occurrence is over 32 levels and averaged over four directions, so that turning an image
    by 90° changes little.
    """
    from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

    grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    pairs = graycomatrix(
        grey // (256 // _GREY_LEVELS),
        distances=_DISTANCES_PX,
        angles=_ANGLES,
        levels=_GREY_LEVELS,
        symmetric=True,
        normed=True,
    )
    patterns = local_binary_pattern(grey, _LBP_POINTS, _LBP_RADIUS_PX, method="uniform")
    histogram = np.bincount(patterns.astype(int).ravel(), minlength=_LBP_POINTS + 2)
    return np.concatenate(
        [*(graycoprops(pairs, name).mean(axis=1) for name in _GLCM), histogram / grey.size]
    )


def _shape(mask: np.ndarray) -> np.ndarray:
    """How much is stained, in how many pieces, and the largest piece's form; 0 where nothing is.

    Areas are shares of the image.
    """
    _, _, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = statistics[1:, cv2.CC_STAT_AREA] / mask.size
    if not len(areas):
        return np.zeros(len(_SHAPE))
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.array(
        [
            mask.mean(),
            len(areas),
            areas.mean(),
            areas.std(),
            areas.max(),
            *_form(max(contours, key=cv2.contourArea)),
        ]
    )


def _form(contour: np.ndarray) -> tuple[float, float, float, float]:
    """Circularity, solidity, extent and eccentricity of a contour, 0 to 1; 0 for a mere line.

    Circularity is 4π area over perimeter²; eccentricity that of the ellipse with the same second
    moments (Gonzalez & Woods 2018, chapter 11).
    """
    moments = cv2.moments(contour)
    area = moments["m00"]
    if area <= 0:
        return 0.0, 0.0, 0.0, 0.0
    _, _, width, height = cv2.boundingRect(contour)
    second = np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]])
    small, large = np.linalg.eigvalsh(second / area)
    return (
        min(1.0, 4 * np.pi * area / cv2.arcLength(contour, closed=True) ** 2),
        area / cv2.contourArea(cv2.convexHull(contour)),
        area / (width * height),
        float(np.sqrt(max(0.0, 1 - small / large))),
    )
