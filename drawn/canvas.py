"""A sheet to draw stained cells on: light is absorbed layer by layer, then seen by a camera.

Colours are kept as optical density against the empty slide (Beer–Lambert: densities of
overlapping cells add), so that overlapping red cells darken as they do under a microscope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]
Box = tuple[slice, slice]

_TURNS = np.linspace(0, 2 * np.pi, 513)


@dataclass(frozen=True, kw_only=True)
class Ink:
    """Colours of one picture as RGB light (3,), 0 to 1, by the name of what they colour."""

    rgb: Mapping[str, Array]
    light: str

    def density(self, name: str, *, lighter: float = 0.0) -> Array:
        """Optical density (3,) of a colour against the light, made that much lighter (L*)."""
        density = np.maximum(-np.log((self.rgb[name] + 0.01) / (self.rgb[self.light] + 0.01)), 0)
        if lighter:
            density = density * np.clip(np.exp(-lighter / self.slope(name)), 0.45, 1.8)
        result: Array = density.astype(np.float32)
        return result

    def slope(self, name: str) -> float:
        """How much L* falls when a colour's density rises by its own amount (per natural log)."""
        density, light = self.density(name), self.rgb[self.light] + 0.01
        thin, thick = (light * np.exp(-density * factor) - 0.01 for factor in (0.9, 1.1))
        return max(1.0, float(rgb_to_lab(thin)[0] - rgb_to_lab(thick)[0]) / 0.2)


def rgb_to_lab(rgb: Array) -> Array:
    """CIE L*a*b* (3,) of one RGB colour, 0 to 1."""
    pixel = np.asarray(rgb, np.float32).reshape(1, 1, 3)
    lab: Array = cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB).reshape(3)
    return lab


def lab_to_rgb(lab: Array) -> Array:
    """RGB (3,), 0 to 1, of one CIE L*a*b* colour, clipped to what a screen can show."""
    pixel = np.asarray(lab, np.float32).reshape(1, 1, 3)
    rgb: Array = np.clip(cv2.cvtColor(pixel, cv2.COLOR_LAB2RGB).reshape(3), 0.0, 1.0)
    return rgb


class Canvas:
    """Densities and masks of a picture that is being drawn. Sizes in pixels of the picture.

    Attributes:
        scale: Pixels of this picture to one of the measured class's pictures.
        fields: How many of those would cover it.
        stretch: Height to width of what is round in life; public fields are squeezed.
        density: (H, W, 3) float32, optical density so far.
        nucleus, cell: (H, W) float32, 0 to 1, how much of the pixel is nucleus or cell.
        red: (H, W) float32, thickness of red cells, 1 for one cell's rim.
        number: (H, W) uint16, number of the nucleated cell that lies on top, from 1; 0 for none.
    """

    def __init__(
        self,
        *,
        size_px: int,
        scale: float,
        stretch: float,
        rng: np.random.Generator,
        fields: int = 1,
    ) -> None:
        self.size_px, self.scale, self.stretch, self.fields = size_px, scale, stretch, fields
        self.density = np.zeros((size_px, size_px, 3), np.float32)
        self.nucleus = np.zeros((size_px, size_px), np.float32)
        self.cell = np.zeros((size_px, size_px), np.float32)
        self.red = np.zeros((size_px, size_px), np.float32)
        self.number = np.zeros((size_px, size_px), np.uint16)
        self._rng = rng
        self._textures: dict[int, Array] = {}
        self._dots: dict[tuple[float, float], Array] = {}
        ys, xs = np.mgrid[:size_px, :size_px].astype(np.float32)
        self._xs, self._ys = xs, ys

    def another(self) -> Canvas:
        """An empty sheet of the same size, with this one's textures, which take long to make."""
        other = Canvas(
            size_px=self.size_px,
            scale=self.scale,
            stretch=self.stretch,
            rng=self._rng,
            fields=self.fields,
        )
        other._textures, other._dots = self._textures, self._dots
        return other

    def texture(self, grain_px: float) -> Array:
        """Pattern (H, W) of mottles of about that size, mean 0 and standard deviation 1."""
        step = round(np.log(max(grain_px, 0.3)) / np.log(1.3))
        if step not in self._textures:
            noise = self._rng.standard_normal((self.size_px, self.size_px), dtype=np.float32)
            sigma = max(0.35, 1.3**step / 2.5)
            # wide patterns are made small and enlarged: it looks the same and takes less time
            factor = max(1, int(sigma // 3))
            noise = noise[: max(8, self.size_px // factor), : max(8, self.size_px // factor)]
            pattern = cv2.GaussianBlur(noise, (0, 0), sigma / factor)
            pattern -= cv2.GaussianBlur(noise, (0, 0), 2.2 * sigma / factor)
            pattern = cv2.resize(
                pattern, (self.size_px, self.size_px), interpolation=cv2.INTER_CUBIC
            )
            self._textures[step] = pattern / pattern.std()
        return self._textures[step]

    def dots(self, width_px: float, share: float) -> Array:
        """Soft round dots (H, W), 0 to 1, of that width, that cover about that share."""
        key = round(width_px, 1), round(share, 3)
        if key not in self._dots:
            sigma = max(0.45, width_px / 2.4)
            chance = min(0.3, -np.log(max(1 - share, 0.05)) / (np.pi * (1.4 * sigma) ** 2))
            seeds = self._rng.random((self.size_px, self.size_px), dtype=np.float32) < chance
            spread = cv2.GaussianBlur(seeds.astype(np.float32), (0, 0), sigma)
            self._dots[key] = np.clip(spread * np.float32(2 * np.pi * sigma**2 * 1.3), 0, 1)
        return self._dots[key]

    def box(self, centre: tuple[float, float], reach_px: float) -> Box | None:
        """The part of the sheet within reach of a centre (x, y); None where it lies outside."""
        reach_y = reach_px * self.stretch
        left, right = max(0, int(centre[0] - reach_px)), int(centre[0] + reach_px) + 2
        top, bottom = max(0, int(centre[1] - reach_y)), int(centre[1] + reach_y) + 2
        if left >= self.size_px or top >= self.size_px or right <= 0 or bottom <= 0:
            return None
        return slice(top, bottom), slice(left, right)

    def offsets(self, box: Box, centre: tuple[float, float]) -> tuple[Array, Array]:
        """Distance right of and below a centre, in px, with the picture's squeeze undone."""
        return self._xs[box] - centre[0], (self._ys[box] - centre[1]) / self.stretch

    def expose(self, light: Array, *, blur_px: float, noise_sd: float) -> Array:
        """The picture (H, W, 3) uint8 that a camera takes of the sheet.

        Args:
            light: (3,) colour of the empty slide, 0 to 1.
            blur_px: Standard deviation of the blur of lens and focus.
            noise_sd: Standard deviation of the camera's noise, in grey levels of 255.
        """
        size = self.size_px
        lamp = cv2.resize(
            self._rng.normal(0, 0.012, (3, 3)).astype(np.float32), (size, size), None, 0, 0, 2
        )
        middle = (size - 1) / 2
        squared = ((self._xs - middle) ** 2 + (self._ys - middle) ** 2) / (2 * middle**2)
        lamp += np.float32(self._rng.uniform(0.01, 0.06)) * (0.33 - squared)  # dimmer at corners
        seen = np.exp(-self.density) * (light + 0.01) * (1 + lamp[..., None]) - 0.01
        if blur_px > 0.05:
            seen = cv2.GaussianBlur(seen, (0, 0), blur_px)
        grain = self._rng.standard_normal((size, size, 3), dtype=np.float32) * noise_sd
        rgb: Array = np.rint(np.clip(seen * 255 + grain, 0, 255)).astype(np.uint8)
        return rgb


def soft_step(inside_px: Array, softness_px: float) -> Array:
    """0 outside to 1 inside of an edge, from a signed distance in pixels, over that width."""
    t = np.clip(inside_px / softness_px + 0.5, 0, 1)
    step: Array = t * t * (3 - 2 * t)
    return step


def outline(
    dx: Array, dy: Array, radius_px: float, bumps: Array, *, elongation: float = 1.0
) -> Array:
    """Signed distance in px inside a roundish outline.

    Args:
        dx, dy: Offsets from its centre.
        radius_px: Radius of the disc of the same area.
        bumps: (k, 2) amplitude (share of the radius) and phase of waves 2 … k + 1 around it;
            the first phase is also the direction of the long axis.
        elongation: Long to short axis.
    """
    angle = float(bumps[0, 1])
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    root = np.float32(np.sqrt(elongation))
    u, v = (dx * cos + dy * sin) / root, (dy * cos - dx * sin) * root
    distance, theta = cv2.cartToPolar(u, v)
    waves = np.arange(2, len(bumps) + 2)[:, None] * _TURNS + bumps[:, 1:]
    edge = (radius_px * (1 + bumps[:, 0] @ np.cos(waves))).astype(np.float32)
    inside: Array = edge[(theta * np.float32(512 / (2 * np.pi))).astype(np.int32)] - distance
    return inside


def capsule(dx: Array, dy: Array, start: Array, end: Array, radius_px: float) -> Array:
    """Signed distance in px inside a thick line from start to end, both (x, y) offsets."""
    along = end - start
    length = float(along @ along) + 1e-6
    t = np.clip(((dx - start[0]) * along[0] + (dy - start[1]) * along[1]) / length, 0, 1)
    away: Array = np.hypot(dx - start[0] - t * along[0], dy - start[1] - t * along[1])
    return radius_px - away


def random_bumps(rng: np.random.Generator, roughness: float, n: int = 5) -> Array:
    """Bumps for `outline`: the higher the wave, the lower; roughness is that of the first."""
    amplitudes = rng.normal(0, roughness, n) / np.arange(1, n + 1)
    return np.stack([amplitudes, rng.uniform(0, 2 * np.pi, n)], axis=1)
