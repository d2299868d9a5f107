"""Where stained nuclei and nucleated cells are: a mask without a model."""

from __future__ import annotations

import cv2
import numpy as np

# Longest side at which the mask is made, in pixels; the result is scaled back.
_WORKING_SIDE_PX = 768
# Mean of the channels up to which a pixel is black: a border, not stain. The cells of c_nmc,
# cut out on black, have 30 and more.
_BLACK_LEVEL = 12
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
    scale = min(1.0, _WORKING_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = rgb if scale == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    mask = _mask_at_working_scale(np.ascontiguousarray(small))
    if scale < 1:
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return mask.astype(bool)


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
    brightness = _brightness(rgb)
    lit = brightness[brightness > 3 * _BLACK_LEVEL]
    if lit.size == 0:
        return np.zeros(3, np.float32)
    brightest = rgb[brightness >= np.percentile(lit, 90)]
    colour: np.ndarray = np.median(brightest, axis=0).astype(np.float32)
    return colour


def optical_density(rgb: np.ndarray) -> np.ndarray:
    """Natural optical density of each channel against the image's own background light.

    Args:
        rgb: (H, W, 3) uint8.

    Returns:
        (H, W, 3) float32; about 0 for background, 0.5 to 3 for nuclei; 0 where it is black.
    """
    levels = np.arange(256, dtype=np.float32)[:, None]
    table = np.log((background_colour(rgb) + 1) / (levels + 1)).astype(np.float32)
    density: np.ndarray = cv2.LUT(np.ascontiguousarray(rgb), table[None])
    density[~_is_lit(rgb)] = 0
    return density


def is_cut_out_on_black(rgb: np.ndarray) -> bool:
    """Whether the image is a stained cell cut out on black: no background light is in it."""
    is_lit = _is_lit(rgb)
    if not is_lit.any() or 1 - is_lit.mean() < _CUT_OUT_BLACK_SHARE:
        return False
    red, green, blue = background_colour(rgb)
    return bool((red + blue) / 2 > _CUT_OUT_PURPLE_RATIO * (green + 1))


def _is_lit(rgb: np.ndarray) -> np.ndarray:
    return _brightness(rgb) > 3 * _BLACK_LEVEL


def _brightness(rgb: np.ndarray) -> np.ndarray:
    """The sum of the three channels, (H, W) uint16; adding them in turn is quicker than sum."""
    brightness: np.ndarray = rgb[..., 0].astype(np.uint16) + rgb[..., 1] + rgb[..., 2]
    return brightness


def _mask_at_working_scale(rgb: np.ndarray) -> np.ndarray:
    is_lit = _is_lit(rgb)
    if not is_lit.any():
        return np.zeros(rgb.shape[:2], np.uint8)
    if is_cut_out_on_black(rgb):
        return _without_specks(is_lit)
    red, green, blue = cv2.split(cv2.blur(optical_density(rgb), (3, 3)))
    purple = green - blue
    background_share = float(np.mean(((red + green + blue) / 3)[is_lit] < _BACKGROUND_DENSITY))
    is_tissue = (
        background_share < _TISSUE_BACKGROUND_SHARE
        and float(np.median(purple[is_lit])) > _TISSUE_PURPLE
    )
    if is_tissue:
        levels = _levels(red)
        otsu, _ = cv2.threshold(levels[is_lit], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        return _without_specks(levels > otsu)
    nuclear = cv2.medianBlur(np.minimum(red, purple) + purple, 3)
    levels = _levels(nuclear)
    mask = _without_specks(levels > max(_threshold(levels), _LEAST_DENSITY * 127.5), size_px=5)
    if mask.mean() < _FEW_CELLS_SHARE:
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
    three laboratories (tests/models/test_cells.py).
    """
    counts = np.bincount(levels.ravel(), minlength=256).astype(np.float64)
    below, weighted = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    n, total = below[-1], weighted[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.nan_to_num(weighted**2 / below)  # the class of levels 0 to i
        high = np.nan_to_num((total - weighted) ** 2 / (n - below))  # the class above level i
        middle = np.nan_to_num(
            (weighted[None, :] - weighted[:, None]) ** 2 / (below[None, :] - below[:, None])
        )
    two = int(np.argmax(low + high))
    middle[np.tril_indices(256)] = -np.inf
    three = int(np.argmax(low[:, None] + middle + high[None, :])) % 256
    return (two + three) / 2


def _without_specks(mask: np.ndarray, *, size_px: int = 3) -> np.ndarray:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size_px, size_px))
    opened: np.ndarray = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return opened
