"""What can be told of every file of a data set: is it readable, what is it, is it like another."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image
from tqdm import tqdm

from models.errors import MicrographError
from models.micrograph import read_micrograph
from training.datasets.duplicates import perceptual_hash
from training.datasets.index import ImageRecord


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageFacts:
    """What a readable file is.

    Attributes:
        sha256: Of its bytes.
        width, height: In pixels, upright.
        format: "JPEG", "BMP" …, by the bytes and not by the name.
        hash_bits: (256,) bool, perceptual hash.
    """

    sha256: str
    width: int
    height: int
    format: str
    hash_bits: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A file that is no readable image: the index's name of it, and why."""

    name: str
    reason: str


def inspect(records: Sequence[ImageRecord]) -> tuple[ImageFacts | Unreadable, ...]:
    """Read every file once, on two threads, with a bar on a terminal.

    Args:
        records: The images; what can't be read is told, not raised.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        answers = pool.map(_inspect_one, records)
        return tuple(
            tqdm(answers, total=len(records), desc="Reading images", leave=False, disable=None)
        )


def _inspect_one(record: ImageRecord) -> ImageFacts | Unreadable:
    try:
        data = record.path.read_bytes()
        rgb = read_micrograph(data).rgb
    except MicrographError as error:
        return Unreadable(name=record.name, reason=str(error))
    except OSError as error:
        return Unreadable(name=record.name, reason=f"The file can't be opened ({error.strerror}).")
    height, width = rgb.shape[:2]
    return ImageFacts(
        sha256=hashlib.sha256(data).hexdigest(),
        width=width,
        height=height,
        format=_format(data),
        hash_bits=perceptual_hash(rgb),
    )


def _format(data: bytes) -> str:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.format or "unknown"
    except OSError:
        return "DICOM"  # the one readable kind that Pillow does not know
