"""What a file's own structure declares, read before any pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.errors import AnimatedImageError, TooManyPixelsError, TooSmallError


@dataclass(frozen=True, kw_only=True)
class IntakeLimits:
    """How much a file may ask for; checked before anything is decoded.

    Attributes:
        max_bytes: Largest file, in bytes.
        max_pixels: Largest declared width times height, in pixels.
        min_side_px: Shortest side below which no cell could be seen, in pixels.
    """

    max_bytes: int = 50 * 1024 * 1024
    max_pixels: int = 50_000_000
    min_side_px: int = 32

    def __post_init__(self) -> None:
        if min(self.max_bytes, self.max_pixels, self.min_side_px) < 1:
            raise ValueError(f"Expected limits of at least 1, received {self}.")

    def check_size(self, width_px: int, height_px: int) -> None:
        """Refuse a declared size. Raises TooManyPixelsError, TooSmallError."""
        if width_px * height_px > self.max_pixels:
            raise TooManyPixelsError(
                f"The image declares {width_px} × {height_px} pixels; at most "
                f"{self.max_pixels / 1e6:.0f} million are read. Export a smaller field of view."
            )
        if min(width_px, height_px) < self.min_side_px:
            raise TooSmallError(
                f"The image has {width_px} × {height_px} pixels; at least {self.min_side_px} on "
                "the shorter side are needed to see a cell. Upload the original image, "
                "not a thumbnail."
            )


Samples = Literal["plain", "16-bit colour", "16-bit inverted grey", "16-bit grey with alpha"]


@dataclass(frozen=True, kw_only=True)
class Container:
    """One still picture, as its file declares it.

    Attributes:
        kind: "JPEG", "PNG", "BMP", "TIFF" or "WEBP".
        data: A file of that kind with the first picture only and without metadata.
        width_px, height_px: Declared size, before the orientation is applied.
        orientation: EXIF orientation, 1 to 8.
        um_per_px: Declared pixel size in µm where it is plausible for a microscope.
        samples: How they are stored, where a decoder does not do it all; 16-bit grey with alpha
            stands in `data` as 8-bit RGBA: two bytes of grey, two of alpha.
        jpegs: Of a TIFF, its strips or tiles where they are JPEGs, each whole in itself.
        deflated: Of a TIFF, its strips or tiles where they are deflated.
        segment_bytes: Of each of these, how much it holds once it is inflated.
        jpeg_components: Of a JPEG, the names of its components, such as 1, 2, 3.
        has_jpeg_colour_mark: Whether a JPEG says how colour is coded (a JFIF or Adobe segment).
        notes: What the reader should know.
    """

    kind: str
    data: bytes
    width_px: int
    height_px: int
    orientation: int = 1
    um_per_px: float | None = None
    samples: Samples = "plain"
    jpegs: tuple[bytes, ...] = ()
    deflated: tuple[bytes, ...] = ()
    segment_bytes: int = 0
    jpeg_components: tuple[int, ...] = ()
    has_jpeg_colour_mark: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Pixels:
    """A decoded picture.

    Attributes:
        rgb: (H, W, 3) uint8, upright.
        um_per_px: Declared pixel size in µm where it is plausible for a microscope.
        notes: What was changed on the way.
        damage: What is wrong with the data though it could be decoded, as a sentence, or None.
        jpeg_quality: Of JPEG data how hard it was compressed, see `jpeg_quality`; 0 of lossy data
            that does not tell; None of what lost nothing.
    """

    rgb: np.ndarray
    um_per_px: float | None = None
    notes: tuple[str, ...] = ()
    damage: str | None = None
    jpeg_quality: int | None = None


def plausible_um_per_px(x: float, y: float) -> float | None:
    """A pixel size in µm, or None where it cannot be a light microscope's.

    Bounds 0.01 to 20 µm a pixel: oil immersion cameras sample at about 0.05 to 0.3, a
    scanner's overview at about 10; the 72 and 300 dpi that cameras write by default are
    353 and 85. Pixels must be square to 5 %.
    """
    if not (0.01 <= x <= 20 and 0.01 <= y <= 20) or abs(x - y) > 0.05 * max(x, y):
        return None
    return (x + y) / 2


def animated(kind: str, n_frames: int | None = None) -> AnimatedImageError:
    """The error for a file of several frames."""
    count = "several" if n_frames is None else f"{n_frames:,}"
    return AnimatedImageError(
        f"This {kind} file holds {count} frames; one still image is expected. "
        "Export the frame to be read as a PNG or TIFF image."
    )
