"""What a file's header says of it, read without decoding its picture."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image

from models.errors import DatasetError
from training.datasets.index import ImageRecord
from training.datasets.inspection import ImageFacts
from training.datasets.pictures import read_rgb

# Of EXIF, what tells a camera or a program from another; no dates, no names of people.
_EXIF = tuple(
    ExifTags.Base[name] for name in ("Make", "Model", "Software", "XResolution", "ResolutionUnit")
)
_LYING_ON_THEIR_SIDE = range(5, 9)  # EXIF orientations that swap width and height


@dataclass(frozen=True, kw_only=True, eq=False)
class FileHeader:
    """A file's facts, and every mark in its header as a text such as "mode L" or "dpi (72, 72)".

    The size in bytes is none of them: it depends on how busy the picture is.
    """

    facts: ImageFacts
    marks: frozenset[str]


def read_headers(records: Sequence[ImageRecord], hashes: np.ndarray) -> tuple[FileHeader, ...]:
    """The header of every image of a list.

    Args:
        records: The images.
        hashes: (n, 256) bool, their perceptual hashes.

    Raises:
        DatasetError: A file can't be read.
    """
    return tuple(_header(record, bits) for record, bits in zip(records, hashes, strict=True))


def _header(record: ImageRecord, hash_bits: np.ndarray) -> FileHeader:
    try:
        data = record.path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"Expected a readable image, received {record.name}: {error.strerror}. "
            "Repair the file or drop its line from the index."
        ) from error
    try:
        with Image.open(io.BytesIO(data)) as image:
            kind, (width, height), marks = image.format or "unknown", image.size, _marks(image)
            if image.getexif().get(ExifTags.Base.Orientation) in _LYING_ON_THEIR_SIDE:
                width, height = height, width
    except OSError:  # DICOM, the one readable kind that Pillow does not know
        height, width = read_rgb(record).shape[:2]
        kind, marks = "DICOM", frozenset()
    facts = ImageFacts(
        sha256=hashlib.sha256(data).hexdigest(),
        width=width,
        height=height,
        format=kind,
        hash_bits=hash_bits,
    )
    return FileHeader(facts=facts, marks=marks)


def _marks(image: Image.Image) -> frozenset[str]:
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
    exif = image.getexif()
    marks.update(f"EXIF {tag.name} {exif[tag]}" for tag in _EXIF if tag in exif)
    return frozenset(marks)
