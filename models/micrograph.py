"""From the bytes of one file to a micrograph: the only door by which images come in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from models._intake.container import IntakeLimits as IntakeLimits
from models._intake.dicom import read_dicom
from models._intake.pixels import decode
from models._intake.quiet import quiet_decoders
from models._intake.sniff import sniff
from models._intake.structure import read_container
from models.errors import (
    EmptyFileError,
    FileTooLargeError,
    MicrographError,
    TruncatedImageError,
)

DEFAULT_LIMITS = IntakeLimits()


@dataclass(frozen=True, kw_only=True, eq=False)
class Micrograph:
    """One still image of a smear, a cell or tissue, without anything else that its file held.

    Attributes:
        rgb: (H, W, 3) uint8, upright, read-only.
        sha256: SHA-256 of the bytes received, 64 hexadecimal digits.
        um_per_px: Pixel size in µm where the file declares a plausible one.
        notes: What intake changed, as sentences for the reader.
    """

    rgb: np.ndarray
    sha256: str
    um_per_px: float | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.dtype != np.uint8:
            raise MicrographError(
                "Expected pixels of shape (height, width, 3) and type uint8, received shape "
                f"{self.rgb.shape} and type {self.rgb.dtype}. Convert them to 8-bit RGB."
            )
        if self.rgb.flags.writeable:
            raise MicrographError(
                "Expected read-only pixels, received writable ones. "
                "Make micrographs with read_micrograph or micrograph_from_rgb."
            )


def read_micrograph(data: bytes, limits: IntakeLimits = DEFAULT_LIMITS) -> Micrograph:
    """The micrograph that a file's bytes hold: JPEG, PNG, BMP, TIFF, WebP or DICOM.

    The kind is told from the bytes. Sizes are checked before pixels are decoded. Orientation
    is applied, transparency laid on white, grey and CMYK turned into RGB, 16 bits scaled to 8,
    the first page taken; metadata is dropped (a colour profile too, unapplied) and nothing of
    the file is logged.

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
                rgb, um_per_px, notes = read_dicom(data, limits)
            else:
                container = read_container(kind, data)
                limits.check_size(container.width_px, container.height_px)
                rgb, notes = decode(container)
                um_per_px = container.um_per_px
    except MicrographError:
        raise
    except Exception as error:  # whatever a decoder does with bytes, the caller gets one tree
        raise TruncatedImageError(
            f"This {kind} file is damaged. Copy it again from the microscope."
        ) from error
    rgb.setflags(write=False)
    sha256 = hashlib.sha256(data).hexdigest()
    return Micrograph(rgb=rgb, sha256=sha256, um_per_px=um_per_px, notes=notes)


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
