"""From the bytes of one file to a micrograph: the only door by which images come in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from models.errors import EmptyFileError, FileTooLargeError, MicrographError, TruncatedImageError
from models.image.formats.container import IntakeLimits
from models.image.formats.dicom import read_dicom
from models.image.formats.pixels import decode
from models.image.formats.quiet import quiet_decoders
from models.image.formats.sniff import sniff
from models.image.formats.structure import read_container

DEFAULT_LIMITS = IntakeLimits()
FIELD_LIMITS = IntakeLimits(max_pixels=100_000_000)
"""What a smear field may ask for where its cells are looked for, on one's own machine: reading a
JPEG of 100 megapixels takes 1.1 GB, and finding its cells no more."""
_LYING_ON_THEIR_SIDE = range(5, 9)  # EXIF orientations that swap width and height


@dataclass(frozen=True, kw_only=True, eq=False)
class Micrograph:
    """One still image of a smear, a cell or tissue, without anything else that its file held.

    Attributes:
        rgb: (H, W, 3) uint8, upright, read-only.
        sha256: SHA-256 of the bytes received, 64 hexadecimal digits.
        um_per_px: Pixel size in µm where the file declares a plausible one.
        notes: What intake changed, as sentences for the reader.
        damage: What is wrong with data that could be decoded, as a sentence, or None.
        jpeg_quality: Of JPEG data how hard it was compressed, see `jpeg_quality`; 0 of lossy data
            that does not tell; None of what lost nothing.
    """

    rgb: np.ndarray
    sha256: str
    um_per_px: float | None = None
    notes: tuple[str, ...] = ()
    damage: str | None = None
    jpeg_quality: int | None = None

    def __post_init__(self) -> None:
        if self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.dtype != np.uint8:
            raise MicrographError(
                "Expected pixels of shape (height, width, 3) and type uint8, received shape "
                f"{self.rgb.shape} and type {self.rgb.dtype}. Convert them to 8-bit RGB."
            )
        if self.rgb.flags.writeable:
            raise MicrographError(
                "A micrograph's pixels must be read-only, and these can be written. "
                "Make micrographs with read_micrograph or micrograph_from_rgb."
            )


def read_micrograph(data: bytes, limits: IntakeLimits = DEFAULT_LIMITS) -> Micrograph:
    """The micrograph that a file's bytes hold: JPEG, PNG, BMP, TIFF, WebP or DICOM.

    The kind is told from the bytes. Sizes are checked before pixels are decoded. Orientation
    is applied, transparency laid on white, grey and CMYK turned into RGB, 16 bits scaled to 8,
    the first page taken that is no thumbnail and no label; metadata is dropped (a colour profile
    too, unapplied) and nothing of the file is logged or printed. A layout of samples that is not
    known to be read right is refused.

    Args:
        data: The whole file.
        limits: What a file may ask for; by default 50 MiB, 50 million pixels, 32 pixels a side.

    Raises:
        EmptyFileError: No bytes.
        FileTooLargeError: More bytes than the limit.
        TooManyPixelsError, TooSmallError: By the size that the file declares.
        NotAnImageError: Something else than an image.
        UnsupportedImageError: An image of a kind that is not read.
        AnimatedImageError: Several frames of an animation.
        TruncatedImageError: Data that ends early or is damaged.
    """
    if not data:
        raise EmptyFileError("The file is empty (0 bytes). Copy it again from the microscope.")
    if len(data) > limits.max_bytes:
        raise FileTooLargeError(
            f"The file has {len(data) / 2**20:.0f} MiB; at most {limits.max_bytes / 2**20:.0f} "
            "MiB are read. Export a smaller field of view or with compression."
        )
    kind = sniff(data)
    try:
        with quiet_decoders():
            if kind == "DICOM":
                pixels = read_dicom(data, limits)
            else:
                container = read_container(kind, data)
                limits.check_size(container.width_px, container.height_px)
                pixels = decode(container)
    except MicrographError:
        raise
    except Exception as error:  # whatever a decoder does with bytes, the caller gets one tree
        raise TruncatedImageError(
            f"This {kind} file is damaged. Copy it again from the microscope."
        ) from error
    pixels.rgb.setflags(write=False)
    return Micrograph(
        rgb=pixels.rgb,
        sha256=hashlib.sha256(data).hexdigest(),
        um_per_px=pixels.um_per_px,
        notes=pixels.notes,
        damage=pixels.damage,
        jpeg_quality=pixels.jpeg_quality,
    )


def image_kind(data: bytes) -> str:
    """What a file's first bytes say it is: JPEG, PNG, BMP, TIFF, WEBP or DICOM.

    Raises:
        NotAnImageError, UnsupportedImageError, AnimatedImageError: Anything else.
    """
    return sniff(data)


def upright_size_px(data: bytes) -> tuple[int, int]:
    """Width and height of the picture that a file declares, upright; only DICOM is decoded.

    Raises:
        MicrographError: As of `read_micrograph`, where the file's structure tells.
    """
    kind = sniff(data)
    if kind == "DICOM":
        height_px, width_px = read_micrograph(data).rgb.shape[:2]
        return width_px, height_px
    container = read_container(kind, data)
    size_px = container.width_px, container.height_px
    return size_px[::-1] if container.orientation in _LYING_ON_THEIR_SIDE else size_px


def micrograph_from_rgb(rgb: np.ndarray, *, um_per_px: float | None = None) -> Micrograph:
    """A micrograph of pixels that were drawn or are already decoded.

    Args:
        rgb: (H, W, 3) uint8; copied. Its bytes give the micrograph's sha256.
        um_per_px: Pixel size in µm, where it is known.

    Raises:
        MicrographError: Pixels of another shape or type.
    """
    copied = np.array(rgb, order="C")
    copied.setflags(write=False)
    sha256 = hashlib.sha256(copied.tobytes()).hexdigest()
    return Micrograph(rgb=copied, sha256=sha256, um_per_px=um_per_px)
