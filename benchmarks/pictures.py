"""Drawn smears as JPEG files: as many as are asked for, each another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from drawn.smears import draw

LABELS = ("Benign", "Early", "Pre", "Pro")
_DRAWN = 16
_QUALITY = 92


def jpegs(n: int, *, size_px: int | None = None, seed: int = 0) -> Iterator[bytes]:
    """A number of files, the same for the same seed.

    The first 16 are drawn. The others are those, shifted in a circle and mirrored: other pictures
    to the eye and to a perceptual hash, at a tenth of the time.

    Args:
        n: Number of files.
        size_px: Side of each; that of the class where None.
        seed: Of the first.
    """
    rng = np.random.default_rng(seed)
    drawn: list[np.ndarray] = []
    for number in range(n):
        if number < _DRAWN:
            label = LABELS[number % len(LABELS)]
            drawn.append(draw(label, seed=seed + number, size_px=size_px).rgb)
            yield as_jpeg(drawn[-1])
            continue
        rgb = drawn[number % _DRAWN]
        shift = rng.integers(1, min(rgb.shape[:2]), size=2)
        moved = np.roll(rgb, tuple(shift), axis=(0, 1))
        yield as_jpeg(moved[:, ::-1] if rng.random() < 0.5 else moved)


def as_jpeg(rgb: np.ndarray) -> bytes:
    """A picture (H, W, 3) uint8 as a JPEG file."""
    bgr = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


def write_jpegs(folder: Path, n: int, *, size_px: int | None = None, seed: int = 0) -> list[Path]:
    """The same in a folder, which is made; their paths in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, data in enumerate(jpegs(n, size_px=size_px, seed=seed)):
        path = folder / f"{number:06d}.jpg"
        path.write_bytes(data)
        paths.append(path)
    return paths
