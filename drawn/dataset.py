"""A folder of drawn smears with masks and an index, as if it were a public release.

`python -m training synthetic --out DIR --labels Benign Early Pre Pro --n 20`
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from drawn.errors import DrawingError
from drawn.smears import SMEAR_CLASSES, DrawnSmear, draw
from models.table_cell import as_cell

log = logging.getLogger(__name__)

Array = np.ndarray[Any, Any]

DATASET = "synthetic"
IMAGES_PER_PATIENT = 4
MOST_PER_LABEL = 100_000
NUCLEUS_LEVEL, CYTOPLASM_LEVEL = 255, 128
COLUMNS = (
    "path",
    "dataset",
    "label",
    "group",
    "group_kind",
    "width",
    "height",
    "mask",
    "note",
    "sha256",
)


def write_synthetic_dataset(
    directory: Path, *, labels: Sequence[str], n_per_label: int, seed: int
) -> Path:
    """Draw a dataset into a new folder, whole or not at all, and return its index.csv.

    Every four pictures of a label are one simulated patient, who shares a stain: a group. The
    index has the columns of any other index; its labels are class names, so that cut-out
    blasts are blasts. Each picture has a mask: 255 nucleus, 128 cytoplasm, 0 the rest.

    Args:
        directory: A folder that is not there yet, or is empty.
        labels: Keys of SMEAR_CLASSES, each once.
        n_per_label: Pictures of each, 1 to 100,000.
        seed: Not negative; the same seed gives the same bytes.

    Raises:
        DrawingError: A label, the number or the seed is not allowed, or the folder is in use.
    """
    unknown = [label for label in labels if label not in SMEAR_CLASSES]
    if unknown or not labels or len(set(labels)) != len(labels):
        raise DrawingError(
            f"Expected labels of {', '.join(SMEAR_CLASSES)}, each once; received "
            f"{', '.join(labels) or 'none'}. Name those to draw."
        )
    if not 1 <= n_per_label <= MOST_PER_LABEL or seed < 0:
        raise DrawingError(
            f"Expected 1 to {MOST_PER_LABEL} pictures a label and a seed that is not negative, "
            f"received {n_per_label} and {seed}."
        )
    in_use = "The folder for drawn images is in use. Name another, or an empty one."
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise DrawingError(in_use)
    directory.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        _write_all(part, labels, n_per_label, seed)
        part.chmod(0o755)
        try:
            # Not models/files.py, which waits for the disk after each of thousands of pictures:
            # what a power cut takes is drawn again, byte for byte.
            os.replace(part, directory)
        except OSError as error:
            # Somebody else was faster, with the same name.
            if directory.exists():
                raise DrawingError(in_use) from error
            raise
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return directory / "index.csv"


def png_bytes(drawn: DrawnSmear) -> bytes:
    """A drawn picture as PNG; a text chunk in it says that it is drawn."""
    text = PngInfo()
    text.add_text("Description", drawn.caption)
    text.add_text("Source", f"bloodui synthetic smear: {drawn.label}, seed {drawn.seed}")
    return _encode(drawn.rgb, text)


def mask_of(drawn: DrawnSmear) -> Array:
    """Its mask (H, W) uint8: 255 nucleus, 128 cytoplasm, 0 the rest."""
    mask = np.zeros(drawn.cell_mask.shape, np.uint8)
    mask[drawn.cell_mask] = CYTOPLASM_LEVEL
    mask[drawn.nucleus_mask] = NUCLEUS_LEVEL
    mask.setflags(write=False)
    return mask


def _write_all(root: Path, labels: Sequence[str], n_per_label: int, seed: int) -> None:
    rows = []
    numbers = {label: number for number, label in enumerate(SMEAR_CLASSES)}
    for label in labels:
        (root / label).mkdir()
        (root / "masks" / label).mkdir(parents=True)
        for i in range(n_per_label):
            patient = i // IMAGES_PER_PATIENT
            drawn = draw(
                label,
                seed=seed * MOST_PER_LABEL + i,
                patient=(seed * len(numbers) + numbers[label]) * MOST_PER_LABEL + patient,
            )
            name = f"{label}/{label}-{i + 1:05d}.png"
            data = png_bytes(drawn)
            (root / name).write_bytes(data)
            (root / "masks" / name).write_bytes(_encode(mask_of(drawn), None))
            height, width = drawn.cell_mask.shape
            rows.append(
                (
                    name,
                    DATASET,
                    drawn.class_name,
                    f"{DATASET}-{label}-{patient + 1:05d}",
                    "patient",
                    width,
                    height,
                    f"masks/{name}",
                    "drawn",
                    hashlib.sha256(data).hexdigest(),
                )
            )
    with (root / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(as_cell, row) for row in rows)


def _encode(pixels: Array, text: PngInfo | None) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", pnginfo=text)
    return buffer.getvalue()
