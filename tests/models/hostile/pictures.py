"""Small files of large pictures, of the kinds that take most time or memory of their format."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.models.hostile.jpeg import jpeg
from tests.models.hostile.tiff import strips
from tests.models.image_files import dicom, encoded, encoded_16_bit


def _zeros(side_px: int, n_channels: int) -> np.ndarray:
    return np.zeros((side_px, side_px, n_channels), np.uint16)


def _black(side_px: int) -> Image.Image:
    return Image.new("RGB", (side_px, side_px))


def _dicom(side_px: int) -> bytes:
    frame = encoded(_black(side_px), "JPEG")
    return dicom(photometric="YBR_FULL_422", jpeg=frame, Rows=side_px, Columns=side_px)


def _narrow_rows(side_px: int) -> bytes:
    """As many pixels in raw strips of one row, 100,000 of them where the side is 7,000."""
    width = max(32, -(-(side_px**2) // 100_000))
    return strips(side_px**2 // width, bytes(3 * width), compression=1, width=width)


def _strips_of_scans(side_px: int) -> bytes:
    """One JPEG of as many scans as libtiff takes, again and again."""
    strip = jpeg(n_scans=99, width=side_px, height=64)
    return strips(side_px // 64, strip, compression=7, width=side_px, rows=64)


# A square's side in pixels to a file; the names are those of `every_file`.
PICTURES: dict[str, Callable[[int], bytes]] = {
    "JPEG progressive": lambda side_px: jpeg(n_scans=100, width=side_px, height=side_px),
    "JPEG CMYK": lambda side_px: encoded(_black(side_px).convert("CMYK"), "JPEG"),
    "PNG 12-bit": lambda side_px: encoded_16_bit(_zeros(side_px, 4), ".png"),
    "TIFF": _narrow_rows,
    "TIFF JPEG": _strips_of_scans,
    "TIFF 12-bit": lambda side_px: encoded_16_bit(_zeros(side_px, 3), ".tiff"),
    "WebP lossless": lambda side_px: encoded(_black(side_px), "WEBP", lossless=True, method=0),
    "DICOM JPEG": _dicom,
}
