"""Images spoilt on purpose: what a microscope and its operator can do wrong, in known amounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np

Spoil = Callable[[np.ndarray], np.ndarray]


def blurred(rgb: np.ndarray, *, sigma_px: float) -> np.ndarray:
    """Out of focus: a Gaussian blur."""
    spoilt: np.ndarray = cv2.GaussianBlur(rgb, (0, 0), sigma_px)
    return spoilt


def exposed(rgb: np.ndarray, *, factor: float) -> np.ndarray:
    """Under- or overexposed: brightness times a factor, clipped."""
    spoilt: np.ndarray = np.clip(np.rint(rgb.astype(np.float32) * factor), 0, 255).astype(np.uint8)
    return spoilt


def faded(rgb: np.ndarray, *, share: float) -> np.ndarray:
    """Pale stain or haze: what is left of the difference to white."""
    spoilt: np.ndarray = np.rint(255 - (255 - rgb.astype(np.float32)) * share).astype(np.uint8)
    return spoilt


def grainy(rgb: np.ndarray, *, sigma: float) -> np.ndarray:
    """Too much gain: Gaussian noise in each channel, from a fixed seed."""
    noise = np.random.default_rng(0).normal(0, sigma, rgb.shape)
    return np.clip(np.rint(rgb + noise), 0, 255).astype(np.uint8)


def with_glare(rgb: np.ndarray, *, radius_share: float) -> np.ndarray:
    """A reflection: a white disc, its radius a share of the shorter side."""
    spoilt = np.ascontiguousarray(rgb).copy()
    height, width = rgb.shape[:2]
    radius = round(radius_share * min(height, width))
    cv2.circle(spoilt, (width // 2, height // 3), radius, (255, 255, 255), -1)
    return spoilt


def without_colour(rgb: np.ndarray) -> np.ndarray:
    """A grey camera."""
    return np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def shrunk(rgb: np.ndarray, *, share: float) -> np.ndarray:
    """A thumbnail."""
    size = (max(1, round(rgb.shape[1] * share)), max(1, round(rgb.shape[0] * share)))
    spoilt: np.ndarray = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return spoilt


SPOILT: Mapping[str, Spoil] = MappingProxyType(
    {
        "blur σ 1 px": lambda rgb: blurred(rgb, sigma_px=1),
        "blur σ 2 px": lambda rgb: blurred(rgb, sigma_px=2),
        "blur σ 4 px": lambda rgb: blurred(rgb, sigma_px=4),
        "blur σ 8 px": lambda rgb: blurred(rgb, sigma_px=8),
        "noise σ 80": lambda rgb: grainy(rgb, sigma=80),
        "exposure × 0.5": lambda rgb: exposed(rgb, factor=0.5),
        "exposure × 0.25": lambda rgb: exposed(rgb, factor=0.25),
        "exposure × 0.1": lambda rgb: exposed(rgb, factor=0.1),
        "exposure × 2": lambda rgb: exposed(rgb, factor=2),
        "exposure × 3": lambda rgb: exposed(rgb, factor=3),
        "glare, radius 1/6": lambda rgb: with_glare(rgb, radius_share=1 / 6),
        "glare, radius 1/4": lambda rgb: with_glare(rgb, radius_share=1 / 4),
        "stain × 0.25": lambda rgb: faded(rgb, share=0.25),
        "no colour": without_colour,
        "a quarter of the size": lambda rgb: shrunk(rgb, share=0.25),
    }
)


def fields_without_cells(side_px: int = 360) -> Mapping[str, np.ndarray]:
    """Pictures that show nothing: blank, black, noise, by name; (side, side, 3) uint8."""
    generator = np.random.default_rng(0)
    shape = (side_px, side_px, 3)
    cream = np.array([250, 225, 200], np.uint8)
    ramp = np.linspace(0, 255, side_px).astype(np.uint8)
    grain = generator.normal(0, 3, shape)
    return MappingProxyType(
        {
            "white": np.full(shape, 255, np.uint8),
            "black": np.zeros(shape, np.uint8),
            "even grey": np.full(shape, 128, np.uint8),
            "empty background": np.full(shape, cream, np.uint8),
            "empty background with grain": np.clip(cream + grain, 0, 255).astype(np.uint8),
            "colour noise": generator.integers(0, 256, shape, dtype=np.uint8),
            "grey ramp": np.repeat(np.tile(ramp, (side_px, 1))[..., None], 3, axis=2),
        }
    )
