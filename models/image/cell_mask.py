"""Where stained nuclei and nucleated cells are: a mask without a model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from models.image.counts import level_counts, percentile_of_counts, share_of
from models.image.scale import shrunk

# Longest side at which the mask is made, in pixels; the result is scaled back.
_WORKING_SIDE_PX = 768
# Mean of the channels up to which a pixel is black: a border, not stain. The cells of c_nmc,
# cut out on black, have 30 and more.
_BLACK_LEVEL = 12
_N_BRIGHTNESSES = 3 * 255 + 1
# Least nuclear density that counts as stain, whatever Otsu says of a field without nuclei.
_LEAST_DENSITY = 0.5
# Where that finds little, pale nuclei count too, if they are purple enough: in the
# palest fields of taleghani_all nuclei have 0.3 to 0.5 and let nearly all blue pass (purity,
# green minus blue over green density, 0.7 to 1); red cells of the Chula smears reach 0.64
# (98th percentile).
_FEW_CELLS_SHARE = 0.02
_PALE_DENSITY = 0.3
_PALE_PURITY = 0.7
# Share of an image that is black around a single cell cut out, and how far its brightest
# pixels are from grey there: (red + blue) / 2 over green.
_CUT_OUT_BLACK_SHARE = 0.2
_CUT_OUT_PURPLE_RATIO = 1.25
# Tissue leaves little light unstained: the share of pixels within 0.12 of the background's
# density is 0.02 to 0.13 in orlov_lymphoma and at least 0.23 in every smear at hand, and its
# median of green minus blue density is at least 0.09 (0 in a picture without colour).
_BACKGROUND_DENSITY = 0.12
_TISSUE_BACKGROUND_SHARE = 0.18
_TISSUE_PURPLE = 0.05
_N_LEVELS = 256
_NO_CLASS = np.where(np.tri(_N_LEVELS, dtype=bool), -np.inf, 0.0)
"""Added to what lies between two levels: nothing does where the second is not the higher."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lighting:
    """What is lit in a picture, and by which light; worked out once for all that need it.

    Attributes:
        rgb: (H, W, 3) uint8, contiguous.
        is_lit: (H, W) bool, where it is not black.
        light: (3,) float32, see `background_colour`.
    """

    rgb: np.ndarray
    is_lit: np.ndarray
    light: np.ndarray

    @classmethod
    def of(cls, rgb: np.ndarray) -> Lighting:
        """That of a picture (H, W, 3) uint8."""
        rgb = np.ascontiguousarray(rgb)
        brightness = _brightness(rgb)
        is_lit = brightness > 3 * _BLACK_LEVEL
        return cls(rgb=rgb, is_lit=is_lit, light=_background(rgb, brightness))

    @cached_property
    def density(self) -> np.ndarray:
        """`optical_density`, each pixel the mean of its 3 × 3 neighbours."""
        density: np.ndarray = cv2.blur(_density(self.rgb, self.light, self.is_lit), (3, 3))
        return density

    @cached_property
    def lit_share(self) -> float:
        """Share of the pixels that are lit, 0 to 1."""
        return share_of(self.is_lit)

    @property
    def is_cut_out_on_black(self) -> bool:
        """See the function of that name."""
        if not self.lit_share or 1 - self.lit_share < _CUT_OUT_BLACK_SHARE:
            return False
        red, green, blue = self.light
        return bool((red + blue) / 2 > _CUT_OUT_PURPLE_RATIO * (green + 1))

    @property
    def is_tissue(self) -> bool:
        """Whether little of it is unstained light, and most of what is stained is purple."""
        if not self.lit_share:
            return False
        red, green, blue = cv2.split(self.density)
        is_light = ((red + green + blue) / 3 < _BACKGROUND_DENSITY) & self.is_lit
        if np.count_nonzero(is_light) >= _TISSUE_BACKGROUND_SHARE * np.count_nonzero(self.is_lit):
            return False
        return float(np.median((green - blue)[self.is_lit])) > _TISSUE_PURPLE


def stained_mask(rgb: np.ndarray) -> np.ndarray:
    """Where stained nuclei or nucleated cells are, in a smear, on black or in histology.

    The image is turned into optical density against its own background light (Beer-Lambert;
    Ruifrok & Johnston 2001, "Quantification of histochemical staining by color
    deconvolution"). Nuclear dyes, azure B as well as haematoxylin, absorb green and red and
    let blue pass; haemoglobin and eosin absorb green and blue; dirt and ink absorb all alike.
    So nuclei are where green density exceeds blue and red is there too, above a threshold
    after Otsu (1979). Two kinds of image have no background: of a cell that was cut out on
    black, the whole cell is the mask; in dense tissue, red density alone parts nuclei from
    the rest.

    Args:
        rgb: (H, W, 3) uint8.

    Returns:
        (H, W) bool; nowhere True where nothing is stained.
    """
    height, width = rgb.shape[:2]
    mask = _mask(Lighting.of(shrunk(rgb, _WORKING_SIDE_PX)))
    if mask.shape != (height, width):
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return mask.astype(bool)


def stained_share(lighting: Lighting) -> float:
    """The share of a picture that `stained_mask` covers, 0 to 1.

    Args:
        lighting: Of a picture whose longest side has at most 768 pixels.
    """
    return share_of(_mask(lighting))


def cells_on_input(
    original: np.ndarray, prepared: np.ndarray, region: tuple[float, float, float, float]
) -> np.ndarray:
    """Where cells are on the picture that a model sees, (px, px) bool.

    Found in that picture; where its preparation took the colour away, in the original.

    Args:
        original: (H, W, 3) uint8.
        prepared: (px, px, 3) uint8.
        region: What it covers of the original, (left, top, right, bottom) in its pixels.
    """
    mask = stained_mask(prepared)
    return mask if mask.any() else placed_mask(stained_mask(original), region, len(prepared))


def placed_mask(
    mask: np.ndarray, region: tuple[float, float, float, float], side_px: int
) -> np.ndarray:
    """An original's mask (H, W), cut and scaled as a model's input was: (side, side) bool."""
    left, top, right, bottom = region
    scale_x, scale_y = side_px / (right - left), side_px / (bottom - top)
    placed = np.array([[scale_x, 0, -left * scale_x], [0, scale_y, -top * scale_y]])
    pixels = mask.astype(np.uint8)
    found = cv2.warpAffine(pixels, placed, (side_px, side_px), flags=cv2.INTER_NEAREST)
    return np.asarray(found > 0)


def background_colour(rgb: np.ndarray) -> np.ndarray:
    """The colour of the light where nothing is stained: (3,) float32, 0 to 255.

    The median of the brightest tenth of the pixels that are not black; black where all are.
    """
    rgb = np.ascontiguousarray(rgb)
    return _background(rgb, _brightness(rgb))


def optical_density(rgb: np.ndarray, light: np.ndarray | None = None) -> np.ndarray:
    """Natural optical density of each channel against the background light.

    Args:
        rgb: (H, W, 3) uint8.
        light: (3,) the colour of the background, 0 to 255; the image's own by default.

    Returns:
        (H, W, 3) float32; about 0 for background, 0.5 to 3 for nuclei; 0 where it is black.
    """
    rgb = np.ascontiguousarray(rgb)
    brightness = _brightness(rgb)
    light = _background(rgb, brightness) if light is None else light
    return _density(rgb, light, brightness > 3 * _BLACK_LEVEL)


def has_no_smear(rgb: np.ndarray) -> bool:
    """Whether the image is tissue, a cell cut out on black, or black: no empty slide is in it."""
    lighting = Lighting.of(shrunk(rgb, _WORKING_SIDE_PX))
    return not lighting.lit_share or lighting.is_cut_out_on_black or lighting.is_tissue


def is_cut_out_on_black(rgb: np.ndarray) -> bool:
    """Whether the image is a stained cell cut out on black: no background light is in it."""
    return Lighting.of(rgb).is_cut_out_on_black


def _background(rgb: np.ndarray, brightness: np.ndarray) -> np.ndarray:
    counts = level_counts(brightness, _N_BRIGHTNESSES)
    counts[: 3 * _BLACK_LEVEL + 1] = 0
    if not counts.any():
        return np.zeros(3, np.float32)
    is_brightest = brightness >= percentile_of_counts(counts, 90)
    return np.array(
        [
            percentile_of_counts(
                level_counts(rgb, _N_LEVELS, channel=channel, mask=is_brightest), 50
            )
            for channel in range(3)
        ],
        np.float32,
    )


def _density(rgb: np.ndarray, light: np.ndarray, is_lit: np.ndarray) -> np.ndarray:
    levels = np.arange(_N_LEVELS, dtype=np.float32)[:, None]
    table = np.log((light + 1) / (levels + 1)).astype(np.float32)
    density: np.ndarray = cv2.LUT(rgb, table[None])
    if not is_lit.all():
        density[~is_lit] = 0
    return density


def _brightness(rgb: np.ndarray) -> np.ndarray:
    """The sum of the three channels, (H, W) uint16; adding them in turn is quicker than sum."""
    brightness: np.ndarray = rgb[..., 0].astype(np.uint16) + rgb[..., 1] + rgb[..., 2]
    return brightness


def _mask(lighting: Lighting) -> np.ndarray:
    is_lit = lighting.is_lit
    if not lighting.lit_share:
        return np.zeros(is_lit.shape, np.uint8)
    if lighting.is_cut_out_on_black:
        return _without_specks(is_lit)
    red, green, blue = cv2.split(lighting.density)
    purple = green - blue
    if lighting.is_tissue:
        levels = _levels(red)
        otsu, _ = cv2.threshold(levels[is_lit], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        return _without_specks(levels > otsu)
    nuclear = cv2.medianBlur(np.minimum(red, purple) + purple, 3)
    levels = _levels(nuclear)
    mask = _without_specks(levels > max(_threshold(levels), _LEAST_DENSITY * 127.5), size_px=5)
    if share_of(mask) < _FEW_CELLS_SHARE:
        is_pure = purple > _PALE_PURITY * np.maximum(green, 1e-3)
        mask |= _without_specks(is_pure & (nuclear > _PALE_DENSITY), size_px=5)
    return mask


def _levels(density: np.ndarray) -> np.ndarray:
    """Density 0 to 2 as uint8, for histograms."""
    levels: np.ndarray = (np.clip(density, 0, 2) * 127.5).astype(np.uint8)
    return levels


def _threshold(levels: np.ndarray) -> float:
    """The mean of Otsu's threshold for two classes and his upper threshold for three.

    Two classes part nuclei from all else where nuclei are many; where they are few, two part
    red cells from background and three are needed. The mean of both does best on the masks of
    three laboratories (tests/models/image/test_cell_mask.py).
    """
    counts = level_counts(levels, _N_LEVELS).astype(np.float64)
    below, weighted = np.cumsum(counts), np.cumsum(counts * np.arange(_N_LEVELS))
    n, total = below[-1], weighted[-1]
    low = _over(weighted**2, below)  # the class of levels 0 to i
    high = _over((total - weighted) ** 2, n - below)  # the class above level i
    middle = _over(
        np.square(weighted[None, :] - weighted[:, None]), below[None, :] - below[:, None]
    )
    two = int(np.argmax(low + high))
    middle += _NO_CLASS
    middle += low[:, None]
    middle += high[None, :]
    three = int(np.argmax(middle)) % _N_LEVELS
    return (two + three) / 2


def _over(square: np.ndarray, n: np.ndarray) -> np.ndarray:
    """What a class of n pixels adds to Otsu's criterion; 0 where it has none."""
    return np.asarray(np.divide(square, n, out=np.zeros_like(square), where=n > 0))


def _without_specks(mask: np.ndarray, *, size_px: int = 3) -> np.ndarray:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size_px, size_px))
    opened: np.ndarray = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return opened
