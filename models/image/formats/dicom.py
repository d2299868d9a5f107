"""DICOM (PS3.3, PS3.5): one still frame of light microscopy as RGB."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.errors import MicrographError, UnsupportedImageError
from models.image.formats.container import (
    IntakeLimits,
    Pixels,
    animated,
    plausible_um_per_px,
)
from models.image.formats.dicom_elements import UNDEFINED_LENGTH, read_elements
from models.image.formats.pixels import GREY_NOTE, decode, depth, in_blocks_of_rows
from models.image.formats.structure import cut_short, read_container

if TYPE_CHECKING:
    from pydicom import Dataset

_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
_DEFLATED = "1.2.840.10008.1.2.1.99"
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422")
_INVERTED_NOTE = "Inverted grey (MONOCHROME1) turned to dark on light."
# Values of Image Type for what lies beside a slide's picture (PS3.3, C.8.12.4.1.1).
_BESIDE = {"LABEL": "label", "OVERVIEW": "overview", "THUMBNAIL": "thumbnail"}
# Only these are read: no patient's name, no date, no institution.
_TAGS = frozenset(
    (
        0x00080008,
        0x00181164,
        0x00280002,
        0x00280004,
        0x00280006,
        0x00280008,
        0x00280010,
        0x00280011,
        0x00280030,
        0x00280100,
        0x00280101,
        0x00280102,
        0x00280103,
        0x00480001,
        0x00480002,
        0x00480006,
        0x00480007,
        0x7FE00010,
    )
)
_PIXEL_DATA = 0x7FE00010
_TRANSFER_SYNTAX, _LAST_OF_META = 0x00020010, 0x0002FFFF
# pydicom makes an object of each of a value's parts: a million of them in 2 MB.
_MAX_VALUE_BYTES = 1024


def read_dicom(data: bytes, limits: IntakeLimits) -> Pixels:
    """The one frame as RGB.

    Raises:
        AnimatedImageError: Several frames.
        TooManyPixelsError, TooSmallError: By the declared size, before decoding.
        UnsupportedImageError: A transfer syntax or samples that are not read; a slide's label.
        TruncatedImageError: The data ends early or is damaged.
    """
    try:
        dataset = _parse(data)
        _check(dataset, limits)
        um_per_px = _pixel_size(dataset)
        if dataset.file_meta.TransferSyntaxUID == _JPEG_BASELINE:
            pixels = _jpeg_frame(dataset)
        else:
            pixels = _native_frame(dataset)
    except MicrographError:
        raise
    except Exception as error:  # pydicom raises what it likes on damaged bytes
        raise cut_short("DICOM") from error
    return replace(pixels, um_per_px=um_per_px)


def _parse(data: bytes) -> Dataset:
    """The wanted elements as pydicom's data set; those of a text or number are short."""
    from pydicom.dataelem import RawDataElement
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.tag import BaseTag
    from pydicom.uid import UID

    meta, start = read_elements(data, 132, "<", wanted={_TRANSFER_SYNTAX}, last=_LAST_OF_META)
    syntax = meta[_TRANSFER_SYNTAX].value[:64].rstrip(b"\0 ").decode("ascii", "replace")
    if syntax == _DEFLATED:
        raise _unsupported("a deflated data set")
    order = ">" if syntax == _BIG_ENDIAN else "<"
    elements, _ = read_elements(data, start, order, wanted=_TAGS, last=_PIXEL_DATA)
    is_implicit = all(element.vr is None for element in elements.values())
    raw = {}
    for tag, element in elements.items():
        if tag != _PIXEL_DATA and len(element.value) > _MAX_VALUE_BYTES:
            raise cut_short("DICOM")
        length = UNDEFINED_LENGTH if element.is_undefined_length else len(element.value)
        raw[BaseTag(tag)] = RawDataElement(
            BaseTag(tag), element.vr, length, element.value, 0, element.vr is None, order == "<"
        )
    dataset = Dataset(raw)
    dataset.set_original_encoding(is_implicit, order == "<")
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return dataset


def _check(dataset: Dataset, limits: IntakeLimits) -> None:
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
    beside = [_BESIDE[value] for value in _image_type(dataset) if value in _BESIDE]
    if beside:
        raise UnsupportedImageError(
            f"This DICOM file holds the {beside[0]} of a slide. Choose the file of the picture."
        )
    if dataset.BitsAllocated == 16 and photometric not in (*_GREY, "RGB"):
        raise _unsupported(f"16-bit samples as {photometric}")
    if not 1 <= dataset.BitsStored <= dataset.BitsAllocated:
        raise cut_short("DICOM")
    if dataset.get("HighBit", dataset.BitsStored - 1) != dataset.BitsStored - 1:
        raise _unsupported(f"{dataset.BitsStored}-bit samples that end at bit {dataset.HighBit}")


def _image_type(dataset: Dataset) -> tuple[str, ...]:
    value = dataset.get("ImageType") or ()
    return (value,) if isinstance(value, str) else tuple(value)


def _jpeg_frame(dataset: Dataset) -> Pixels:
    """The frame of a JPEG, which says itself how its samples lie (PS3.5, 8.2.1).

    What it says of colour counts, too: viewers go by it, whatever the data set says.
    """
    from pydicom.encaps import generate_fragments

    _, *fragments = generate_fragments(dataset.PixelData)  # the first is a table of offsets
    inner = read_container("JPEG", b"".join(fragments))
    photometric, n_samples = dataset.PhotometricInterpretation, dataset.SamplesPerPixel
    if (inner.width_px, inner.height_px) != (dataset.Columns, dataset.Rows):
        raise cut_short("DICOM")
    if dataset.BitsAllocated != 8 or len(inner.jpeg_components) != n_samples:
        raise _unsupported(
            f"a JPEG of {len(inner.jpeg_components)} samples of 8 bits where its data set says "
            f"{n_samples} of {dataset.BitsAllocated}"
        )
    says_colour = inner.has_jpeg_colour_mark or inner.jpeg_components == tuple(b"RGB")
    if photometric == "RGB" and not says_colour:
        raise _unsupported("a JPEG that its data set calls RGB, which the JPEG itself does not say")
    pixels = decode(replace(inner, orientation=1))
    if photometric != "MONOCHROME1":
        return pixels
    return replace(pixels, rgb=255 - pixels.rgb, notes=(*pixels.notes, _INVERTED_NOTE))


def _native_frame(dataset: Dataset) -> Pixels:
    """The frame of samples that are not compressed."""
    from pydicom.pixels import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax not in _NATIVE:
        name = syntax.name if syntax.is_transfer_syntax else syntax[:40]
        raise _unsupported(f"a picture in the transfer syntax {name}")
    samples, properties = get_decoder(syntax).as_array(dataset, raw=True)
    if samples.shape[:2] != (dataset.Rows, dataset.Columns) or samples.ndim > 3:
        raise cut_short("DICOM")
    rgb, notes = _to_rgb(samples, str(properties["photometric_interpretation"]), dataset)
    return Pixels(rgb=rgb, notes=notes)


def _to_rgb(
    samples: np.ndarray, photometric: str, dataset: Dataset
) -> tuple[np.ndarray, tuple[str, ...]]:
    from pydicom.pixels.processing import convert_color_space

    bits = int(dataset.BitsStored)
    if bits == 16 and dataset.get("PixelRepresentation") != 1:
        bits = depth(int(samples.max(initial=0)))  # as of any 16-bit file
    low = -(1 << (bits - 1)) if dataset.get("PixelRepresentation") == 1 else 0
    notes = [] if bits == 8 else [f"{bits}-bit samples, scaled to 8 bits."]
    if photometric == "MONOCHROME1":
        notes.append(_INVERTED_NOTE)

    def scaled(block: np.ndarray) -> np.ndarray:
        if photometric.startswith("YBR_FULL"):
            block = convert_color_space(block, "YBR_FULL", "RGB")
        shifted = block.astype(np.int32) - low
        eight_bits = np.rint(np.clip(shifted / ((1 << bits) - 1), 0, 1) * 255).astype(np.uint8)
        return 255 - eight_bits if photometric == "MONOCHROME1" else eight_bits

    rgb = in_blocks_of_rows(scaled, samples)
    if rgb.ndim == 2:
        rgb = np.repeat(rgb[..., None], 3, axis=2)
        notes.append(GREY_NOTE)
    return rgb, tuple(notes)


def _pixel_size(dataset: Dataset) -> float | None:
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
