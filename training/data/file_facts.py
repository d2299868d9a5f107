"""What a file is beside its picture: its size, its format, the marks in its header."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from models.errors import MicrographError
from models.image.formats.quiet import quiet_decoders
from models.image.micrograph import image_kind, upright_size_px
from training.data.index import ImageRecord

# Of EXIF, what tells a camera or a program from another; no dates, no names of people.
_EXIF = tuple(
    ExifTags.Base[name] for name in ("Make", "Model", "Software", "XResolution", "ResolutionUnit")
)
_JPEG_HEADER_BYTES = 2 * 2**20


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageFacts:
    """What a readable file is.

    The size in bytes is none of its facts: it depends on how busy the picture is.

    Attributes:
        sha256: Of its bytes.
        width, height: In pixels, upright.
        format: "JPEG", "BMP" …, by the bytes and not by the name.
        marks: Every mark in its header as a text such as "mode L" or "dpi (72, 72)".
        hash_bits: (256,) bool, perceptual hash.
    """

    sha256: str
    width: int
    height: int
    format: str
    marks: frozenset[str]
    hash_bits: np.ndarray


def facts_of(data: bytes, hash_bits: np.ndarray) -> ImageFacts:
    """The facts of a file that `read_micrograph` reads, without decoding it where Pillow knows it.

    Args:
        data: The whole file.
        hash_bits: (256,) bool, perceptual hash of its picture.

    Raises:
        MicrographError: It is no readable image.
    """
    try:
        with quiet_decoders(), Image.open(io.BytesIO(_header_of(data))) as image:
            exif = _exif(image)
            kind, marks = image.format, _marks(image, exif)
    except Exception:  # noqa: BLE001 - DICOM, or a header that Pillow stumbles over
        kind, marks = None, frozenset()
    width, height = upright_size_px(data)
    return ImageFacts(
        sha256=hashlib.sha256(data).hexdigest(),
        width=width,
        height=height,
        format=kind or image_kind(data),
        marks=marks,
        hash_bits=hash_bits,
    )


def read_facts(records: Sequence[ImageRecord], hashes: np.ndarray) -> tuple[ImageFacts, ...]:
    """The facts of every image of a list.

    Args:
        records: The images.
        hashes: (n, 256) bool, their perceptual hashes.

    Raises:
        DatasetError: A file can't be read.
    """
    return tuple(_read(record, bits) for record, bits in zip(records, hashes, strict=True))


def _read(record: ImageRecord, hash_bits: np.ndarray) -> ImageFacts:
    data = record.read_bytes()
    try:
        return facts_of(data, hash_bits)
    except MicrographError as error:
        raise record.unreadable(str(error)) from error


def _header_of(data: bytes) -> bytes:
    """Of a JPEG only the beginning: Pillow joins its EXIF segments anew with each that it finds."""
    return data[:_JPEG_HEADER_BYTES] if data.startswith(b"\xff\xd8") else data


def _exif(image: Image.Image) -> dict[int, Any]:
    """EXIF by tag; none where it is damaged, which a reader of the picture does not notice."""
    try:
        return dict(image.getexif())
    except Exception:  # noqa: BLE001 - Pillow raises many kinds, SyntaxError among them
        return {}


def _marks(image: Image.Image, exif: Mapping[int, Any]) -> frozenset[str]:
    """Colour mode, resolution, compression, camera and program, and which other fields there are.

    JPEG's quantisation tables tell the program and the quality that an image was saved with.
    """
    marks = {f"mode {image.mode}"}
    for key, value in image.info.items():
        is_plain = isinstance(value, int | float | str | tuple) and key not in ("comment", "Source")
        is_short = is_plain and len(str(value)) < 40
        marks.add(f"{key} {value}" if is_short else f"has {key}")
    tables = getattr(image, "quantization", None)
    if tables:
        digest = hashlib.sha256(repr(sorted(tables.items())).encode()).hexdigest()
        marks.add(f"JPEG tables {digest[:8]}")
        marks.add(f"JPEG layers {getattr(image, 'layer', None)}")
    marks.update(f"EXIF {tag.name} {exif[tag]}" for tag in _EXIF if tag in exif)
    return frozenset(marks)
