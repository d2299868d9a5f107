"""An image made worse in a known way, to see how a model's answer moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from models.errors import MicrographError
from models.image.stains import TARGETS, mixing_matrix

Share = tuple[float, float, float, float]

_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "rotation_deg": (-180.0, 180.0),
        "crop": (0.2, 1.0),
        "first_stain": (0.2, 2.0),
        "second_stain": (0.2, 2.0),
        "brightness": (0.2, 2.0),
        "blur_percent": (0.0, 5.0),
        "scale": (0.05, 1.0),
        "jpeg_quality": (1, 100),
    }
)


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """What is done to an image, in this order; the defaults change nothing.

    Attributes:
        rotation_deg: Turned to the left, −180 to 180 degrees; what was outside is mirrored.
        crop: Share of width and height that is kept around the centre, 0.2 to 1.
        patch: Rectangle covered in the image's mean colour: (left, top, right, bottom) in shares
            of width and height, 0 to 1; None for none.
        first_stain, second_stain: Factor of the concentration of the nuclear and of the other
            stain, 0.2 to 2.
        stain: The two stains, key of `models.image.stains.TARGETS`.
        brightness: Factor of every channel, 0.2 to 2.
        blur_percent: Standard deviation of a Gaussian in per cent of the shorter side, 0 to 5.
        scale: Width and height are shrunk to this share and enlarged again, 0.05 to 1.
        jpeg_quality: 1 to 100, as libjpeg counts; 100 for no compression at all.

    Raises:
        MicrographError: A value is outside its range; the message names it.
    """

    rotation_deg: float = 0.0
    crop: float = 1.0
    patch: Share | None = None
    first_stain: float = 1.0
    second_stain: float = 1.0
    stain: str = "wright_giemsa"
    brightness: float = 1.0
    blur_percent: float = 0.0
    scale: float = 1.0
    jpeg_quality: int = 100

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise MicrographError(
                    f"Expected {name} of a degradation from {low:g} to {high:g}, received "
                    f"{value!r}. Choose a value in that range."
                )
        if self.stain not in TARGETS:
            raise MicrographError(
                f"Expected stains of {', '.join(TARGETS)}, received {self.stain!r}. Choose one."
            )
        if self.patch is not None and not _is_rectangle(self.patch):
            raise MicrographError(
                "Expected a patch as left, top, right, bottom in shares from 0 to 1, received "
                f"{self.patch!r}. Let left be under right, and top under bottom."
            )


NOTHING = Degradation()

STRENGTHS: Mapping[str, tuple[Degradation, ...]] = MappingProxyType(
    {
        "blur": tuple(Degradation(blur_percent=p) for p in (0.25, 0.5, 1.0, 1.5, 2.5)),
        "brightness": tuple(Degradation(brightness=f) for f in (0.9, 0.8, 0.7, 0.55, 0.4)),
        "jpeg": tuple(Degradation(jpeg_quality=q) for q in (75, 50, 30, 15, 7)),
        "stain shift": tuple(
            Degradation(first_stain=1 + s, second_stain=1 - s) for s in (0.1, 0.2, 0.3, 0.45, 0.6)
        ),
        "rotation": tuple(Degradation(rotation_deg=d) for d in (5.0, 15.0, 30.0, 45.0, 60.0)),
        "down-scaling": tuple(Degradation(scale=s) for s in (0.75, 0.5, 0.35, 0.25, 0.15)),
    }
)
"""Five strengths of each kind, from hardly visible to what no reader would accept."""


def degrade(rgb: np.ndarray, degradation: Degradation) -> np.ndarray:
    """The image (H, W, 3) uint8 made worse; another size only where it is cropped."""
    worse = _turned(rgb, degradation.rotation_deg)
    worse = _cropped(worse, degradation.crop)
    worse = _covered(worse, degradation.patch)
    worse = _restained(worse, degradation)
    if degradation.brightness != 1:
        worse = cv2.convertScaleAbs(worse, alpha=degradation.brightness)
    if degradation.blur_percent > 0:
        sigma = degradation.blur_percent / 100 * min(worse.shape[:2])
        worse = cv2.GaussianBlur(worse, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    worse = _coarser(worse, degradation.scale)
    if degradation.jpeg_quality < 100:
        quality = [cv2.IMWRITE_JPEG_QUALITY, degradation.jpeg_quality]
        written = cv2.imencode(".jpg", cv2.cvtColor(worse, cv2.COLOR_RGB2BGR), quality)[1]
        worse = cv2.cvtColor(cv2.imdecode(written, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return np.array(worse, np.uint8)


def _is_rectangle(patch: Share) -> bool:
    left, top, right, bottom = patch
    return 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def _turned(rgb: np.ndarray, degrees: float) -> np.ndarray:
    if degrees == 0:
        return rgb
    height, width = rgb.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return np.asarray(
        cv2.warpAffine(
            rgb, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    )


def _cropped(rgb: np.ndarray, share: float) -> np.ndarray:
    height, width = rgb.shape[:2]
    rows, columns = max(1, round(share * height)), max(1, round(share * width))
    top, left = (height - rows) // 2, (width - columns) // 2
    return rgb[top : top + rows, left : left + columns]


def _covered(rgb: np.ndarray, patch: Share | None) -> np.ndarray:
    if patch is None:
        return rgb
    height, width = rgb.shape[:2]
    left, right = (round(patch[edge] * width) for edge in (0, 2))
    top, bottom = (round(patch[edge] * height) for edge in (1, 3))
    covered = rgb.copy()
    covered[top : max(bottom, top + 1), left : max(right, left + 1)] = rgb.mean(axis=(0, 1))
    return covered


def _restained(rgb: np.ndarray, degradation: Degradation) -> np.ndarray:
    """Each stain more or less concentrated (Ruifrok & Johnston 2001); black and white stay."""
    factors = np.array([degradation.first_stain, degradation.second_stain, 1.0])
    if (factors == 1).all():
        return rgb
    mix = mixing_matrix(degradation.stain)
    density = -np.log((rgb.astype(np.float32) + 1) / 256)
    change = (np.linalg.inv(mix) * factors @ mix).astype(np.float32)
    changed = np.exp(-(density @ change)) * 256 - 1
    changed[(rgb == 0).all(axis=2)] = 0
    return np.asarray(np.clip(np.rint(changed), 0, 255), np.uint8)


def _coarser(rgb: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return rgb
    height, width = rgb.shape[:2]
    small = (max(1, round(scale * width)), max(1, round(scale * height)))
    shrunk = cv2.resize(rgb, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_CUBIC))
