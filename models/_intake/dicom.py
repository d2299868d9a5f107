"""DICOM (PS3.3, PS3.5): one still frame of light microscopy as RGB."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from models._intake.container import IntakeLimits, animated, plausible_um_per_px
from models._intake.pixels import GREY_NOTE
from models._intake.structure import cut_short, read_container
from models.errors import MicrographError, UnsupportedImageError

if TYPE_CHECKING:
    from pydicom import FileDataset

_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
_JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422")
# Only these are parsed: no patient's name, no date, no institution.
_TAGS = (
    (0x0028, 0x0002), (0x0028, 0x0004), (0x0028, 0x0006), (0x0028, 0x0008), (0x0028, 0x0010),
    (0x0028, 0x0011), (0x0028, 0x0030), (0x0028, 0x0100), (0x0028, 0x0101), (0x0028, 0x0102),
    (0x0028, 0x0103), (0x0018, 0x1164), (0x0048, 0x0001), (0x0048, 0x0002), (0x0048, 0x0006),
    (0x0048, 0x0007), (0x7FE0, 0x0010),
)  # fmt: skip
_PIXEL_DATA = 0x7FE00010
_MAX_READS = 300_000


class _BoundedReader(BytesIO):
    """A file in memory that ends the parsing of millions of tiny elements and sees a cut."""

    n_reads = 0
    is_cut_short = False

    def read(self, size: int | None = -1) -> bytes:
        self.n_reads += 1
        if self.n_reads > _MAX_READS:
            raise cut_short("DICOM")
        found = super().read(size)
        self.is_cut_short |= size is not None and 0 < len(found) < size
        self.is_cut_short |= self.tell() > self.getbuffer().nbytes
        return found


def read_dicom(
    data: bytes, limits: IntakeLimits
) -> tuple[np.ndarray, float | None, tuple[str, ...]]:
    """The frame (H, W, 3) uint8 RGB, its pixel size in µm or None, and notes.

    Raises:
        AnimatedImageError: Several frames.
        TooManyPixelsError, TooSmallError: By the declared size, before decoding.
        UnsupportedImageError: A transfer syntax or samples that are not read.
        TruncatedImageError: The data ends early or is damaged.
    """
    try:
        dataset = _parse(data)
        _check(dataset, limits)
        samples = _samples(dataset)
        um_per_px = _pixel_size(dataset)
    except MicrographError:
        raise
    except Exception as error:  # pydicom raises what it likes on damaged bytes
        raise cut_short("DICOM") from error
    rgb, notes = _to_rgb(samples, dataset)
    return rgb, um_per_px, notes


def _parse(data: bytes) -> FileDataset:
    from pydicom.filereader import read_partial

    if _DEFLATED in data:
        raise _unsupported("a deflated data set")
    reader = _BoundedReader(data)
    dataset = read_partial(
        reader,
        stop_when=lambda tag, vr, length: tag > _PIXEL_DATA,
        specific_tags=[(group << 16) + element for group, element in _TAGS],
    )
    if reader.is_cut_short and "PixelData" not in dataset:
        raise cut_short("DICOM")
    return dataset


def _check(dataset: FileDataset, limits: IntakeLimits) -> None:
    if "PixelData" not in dataset:
        if "Rows" in dataset:
            raise cut_short("DICOM")
        raise UnsupportedImageError(
            "This DICOM file holds no image. Choose the file of the image itself."
        )
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    if n_frames > 1:
        raise animated("DICOM", n_frames)
    limits.check_size(int(dataset.Columns), int(dataset.Rows))
    photometric, samples = dataset.PhotometricInterpretation, dataset.SamplesPerPixel
    is_known = (photometric in _GREY and samples == 1) or (photometric in _COLOUR and samples == 3)
    if not is_known or dataset.BitsAllocated not in (8, 16):
        raise _unsupported(
            f"{samples} samples of {dataset.BitsAllocated} bits as {str(photometric)[:20]}"
        )
    if dataset.BitsAllocated == 16 and photometric not in (*_GREY, "RGB"):
        raise _unsupported(f"16-bit samples as {photometric}")
    if not 1 <= dataset.BitsStored <= dataset.BitsAllocated:
        raise cut_short("DICOM")


def _samples(dataset: FileDataset) -> np.ndarray:
    """Samples as pydicom decodes them: (H, W) or (H, W, 3), RGB where they are colour."""
    from pydicom.encaps import get_frame

    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax == _JPEG_BASELINE:
        frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
        inner = read_container("JPEG", frame)
        if (inner.width_px, inner.height_px) != (dataset.Columns, dataset.Rows):
            raise cut_short("DICOM")
    elif syntax not in _NATIVE:
        raise _unsupported(f"the transfer syntax {syntax[:40]}")
    samples: np.ndarray = dataset.pixel_array
    if samples.shape[:2] != (dataset.Rows, dataset.Columns) or samples.ndim > 3:
        raise cut_short("DICOM")
    return samples


def _to_rgb(samples: np.ndarray, dataset: FileDataset) -> tuple[np.ndarray, tuple[str, ...]]:
    bits = int(dataset.BitsStored)
    low = -(1 << (bits - 1)) if dataset.get("PixelRepresentation") == 1 else 0
    shifted = samples.astype(np.int32) - low
    scaled = np.rint(np.clip(shifted / ((1 << bits) - 1), 0, 1) * 255).astype(np.uint8)
    notes = [] if bits == 8 else [f"{bits}-bit samples, scaled to 8 bits."]
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        scaled = 255 - scaled
        notes.append("Inverted grey (MONOCHROME1) turned to dark on light.")
    if scaled.ndim == 2:
        scaled = np.repeat(scaled[..., None], 3, axis=2)
        notes.append(GREY_NOTE)
    return scaled, tuple(notes)


def _pixel_size(dataset: FileDataset) -> float | None:
    """From Pixel Spacing, Imager Pixel Spacing, or Imaged Volume Width (mm) over the columns."""
    for name in ("PixelSpacing", "ImagerPixelSpacing"):
        spacing = dataset.get(name)
        if spacing and len(spacing) == 2:
            size = plausible_um_per_px(1000 * float(spacing[1]), 1000 * float(spacing[0]))
            if size is not None:
                return size
    width, height = dataset.get("ImagedVolumeWidth"), dataset.get("ImagedVolumeHeight")
    columns, rows = dataset.get("TotalPixelMatrixColumns"), dataset.get("TotalPixelMatrixRows")
    if width and height:
        return plausible_um_per_px(
            1000 * float(width) / int(columns or dataset.Columns),
            1000 * float(height) / int(rows or dataset.Rows),
        )
    return None


def _unsupported(what: str) -> UnsupportedImageError:
    return UnsupportedImageError(
        f"This DICOM file holds {what}; one frame of RGB, YBR or grey of 8 or 16 bits, "
        "uncompressed or baseline JPEG, is expected. Export it so, or as PNG or TIFF."
    )
