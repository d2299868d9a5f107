"""Image files of every kind that intake meets, made in memory from one drawn picture."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, VLMicroscopicImageStorage

READABLE = [
    "PNG",
    "JPEG",
    "JPEG progressive",
    "BMP",
    "WebP",
    "WebP lossless",
    "TIFF",
    "TIFF LZW",
    "TIFF JPEG",
    "TIFF big deflate",
    "TIFF 16-bit",
    "TIFF 12-bit",
    "PNG 12-bit",
    "DICOM",
    "DICOM JPEG",
]

HEIGHT, WIDTH = 60, 90


@lru_cache(maxsize=1)
def picture() -> np.ndarray:
    """A smooth coloured picture without any symmetry, (60, 90, 3) uint8 RGB."""
    coarse = np.random.default_rng(7).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    rgb: np.ndarray = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    rgb.setflags(write=False)
    return rgb


def encoded(image: Image.Image | None = None, kind: str = "PNG", **options: Any) -> bytes:
    """A file of that kind as Pillow writes it."""
    buffer = BytesIO()
    (image or Image.fromarray(picture())).save(buffer, kind, **options)
    return buffer.getvalue()


def encoded_16_bit(samples: np.ndarray, extension: str) -> bytes:
    """A 16-bit file of RGB(A) or grey samples as OpenCV writes it."""
    order = {2: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[samples.shape[2] if samples.ndim == 3 else 2]
    bgr = samples if samples.ndim == 2 else np.ascontiguousarray(samples[..., order])
    written, data = cv2.imencode(extension, bgr)
    assert written
    return bytes(data.tobytes())


def picture_16_bit(bits: int = 16) -> np.ndarray:
    """The picture with samples of that depth in uint16."""
    return (picture().astype(np.uint16) * 257) >> (16 - bits)


def dicom(
    pixels: np.ndarray | None = None,
    photometric: str = "RGB",
    *,
    jpeg: bytes | None = None,
    syntax: str = ExplicitVRLittleEndian,
    **elements: Any,
) -> bytes:
    """A DICOM file of one drawn patient, of native pixels or one JPEG frame."""
    pixels = picture() if pixels is None else pixels
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if jpeg else syntax
    dataset.file_meta.MediaStorageSOPClassUID = VLMicroscopicImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset.SOPClassUID = VLMicroscopicImageStorage
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.PatientName = "Doe^Jane"
    dataset.Rows, dataset.Columns = HEIGHT, WIDTH
    dataset.SamplesPerPixel = 1 if photometric.startswith(("MONO", "PALETTE")) else 3
    if dataset.SamplesPerPixel == 3:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = photometric
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    for name, value in elements.items():
        setattr(dataset, name, value)
    dataset.PixelData = encapsulate([jpeg]) if jpeg else pixels.tobytes()
    dataset["PixelData"].is_undefined_length = bool(jpeg)
    buffer = BytesIO()
    dataset.save_as(
        buffer,
        enforce_file_format=True,
        implicit_vr=dataset.file_meta.TransferSyntaxUID.is_implicit_VR,
        little_endian=True,
    )
    return buffer.getvalue()


@lru_cache(maxsize=1)
def every_file() -> dict[str, bytes]:
    """One file of every format and variant, readable or not."""
    rgb = Image.fromarray(picture())
    exif = Image.Exif()
    exif[274] = 6
    exif[271] = "Camera of Jane Doe"
    turned = rgb.rotate(90)
    jpeg = encoded(kind="JPEG")
    return {
        "PNG": encoded(exif=exif),
        "PNG palette": encoded(rgb.convert("P")),
        "PNG grey alpha": encoded(rgb.convert("LA")),
        "PNG 12-bit": encoded_16_bit(picture_16_bit(12), ".png"),
        "PNG animated": encoded(save_all=True, append_images=[turned]),
        "JPEG": encoded(kind="JPEG", exif=exif),
        "JPEG progressive": encoded(kind="JPEG", progressive=True),
        "JPEG CMYK": encoded(rgb.convert("CMYK"), "JPEG"),
        "BMP": encoded(kind="BMP"),
        "BMP palette": encoded(rgb.convert("P"), "BMP"),
        "WebP": encoded(kind="WEBP", exif=exif),
        "WebP lossless": encoded(kind="WEBP", lossless=True),
        "WebP alpha": encoded(rgb.convert("RGBA"), "WEBP"),
        "WebP animated": encoded(kind="WEBP", save_all=True, append_images=[turned]),
        "TIFF": encoded(kind="TIFF", exif=exif),
        "TIFF LZW": encoded(kind="TIFF", compression="tiff_lzw"),
        "TIFF JPEG": encoded(kind="TIFF", compression="jpeg"),
        "TIFF big deflate": encoded(kind="TIFF", compression="tiff_deflate", big_tiff=True),
        "TIFF pages": encoded(kind="TIFF", save_all=True, append_images=[turned, rgb]),
        "TIFF grey 16-bit": encoded_16_bit(picture_16_bit()[..., 0], ".tiff"),
        "TIFF 16-bit": encoded_16_bit(picture_16_bit(), ".tiff"),
        "TIFF 12-bit": encoded_16_bit(picture_16_bit(12), ".tiff"),
        "TIFF float": encoded(rgb.convert("F"), "TIFF"),
        "GIF": encoded(rgb.convert("P"), "GIF"),
        "GIF animated": encoded(kind="GIF", save_all=True, append_images=[turned]),
        "DICOM": dicom(),
        "DICOM 16-bit": dicom(picture_16_bit()[..., 0].copy(), "MONOCHROME2"),
        "DICOM JPEG": dicom(photometric="YBR_FULL_422", jpeg=jpeg),
    }


@contextmanager
def peak_memory_below(limit_bytes: int) -> Iterator[None]:
    """Fail if Python's allocations inside the block peak above the limit."""
    tracemalloc.start()
    try:
        yield
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < limit_bytes
