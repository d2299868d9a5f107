"""The images of an index, read and preprocessed into one array."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from models.errors import MicrographError
from models.image.degradation import NOTHING, Degradation, degrade
from models.image.micrograph import read_micrograph
from models.preprocessing import Step, apply_steps
from training.data.duplicates import perceptual_hash
from training.data.index import ImageRecord
from training.progress import Tell, ignore_share
from training.recipes.recipe import Worsening

_Answer = TypeVar("_Answer")
_AS_IT_IS = {name: getattr(NOTHING, name) for name in Worsening.model_fields}


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What a model sees of each image, and what the audits need of it.

    Attributes:
        rgb: (n, px, px, 3) uint8, after preprocessing.
        colours: (n, 6) float32, mean and standard deviation of R, G and B before it, 0 to 1.
        hashes: (n, 256) bool, perceptual hashes before it.
        sha256: Of each file's bytes; empty where the pictures come from no files.
    """

    rgb: np.ndarray
    colours: np.ndarray
    hashes: np.ndarray
    sha256: tuple[str, ...] = ()


def read_pictures(
    records: Sequence[ImageRecord],
    steps: Sequence[Step],
    *,
    title: str = "Reading images",
    tell: Tell = ignore_share,
) -> Pictures:
    """Read every image of a list; the same code as a prediction's.

    Args:
        records: The images.
        steps: What each goes through.
        title: Of the bar on a terminal.
        tell: Hears the share that is read, 0–1.

    Raises:
        DatasetError: A file is not a readable image; the index's name of it is in the message.
    """

    def one(record: ImageRecord) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
        data = record.read_bytes()
        rgb = _decoded(record, data)
        sha256 = hashlib.sha256(data).hexdigest()
        return apply_steps(rgb, steps), six_colour_numbers(rgb), perceptual_hash(rgb), sha256

    rgb, colours, hashes, sha256 = zip(*_for_each(one, records, title, tell), strict=True)
    return Pictures(
        rgb=np.stack(rgb), colours=np.stack(colours), hashes=np.stack(hashes), sha256=sha256
    )


def read_worse(
    records: Sequence[ImageRecord],
    steps: Sequence[Step],
    worsening: Worsening,
    *,
    seed: int,
    tell: Tell = ignore_share,
) -> np.ndarray:
    """Every image of a list, made worse before its steps, as (n, px, px, 3) uint8.

    Args:
        records: The images.
        steps: What each goes through afterwards.
        worsening: In which ways, and how much at most.
        seed: Of the way and the strength of each.
        tell: Hears the share that is made, 0–1.

    Raises:
        DatasetError: As `read_pictures`.
    """
    chance = np.random.default_rng(seed)
    drawn = [drawn_degradation(worsening, chance) for _ in records]
    return read_degraded(records, steps, drawn, tell=tell)


def read_degraded(
    records: Sequence[ImageRecord],
    steps: Sequence[Step],
    degradations: Sequence[Degradation],
    *,
    tell: Tell = ignore_share,
) -> np.ndarray:
    """Every image of a list, made worse in its own way before its steps, as (n, px, px, 3) uint8.

    Raises:
        DatasetError: As `read_pictures`.
    """
    done = dict(zip(records, degradations, strict=True))

    def one(record: ImageRecord) -> np.ndarray:
        return apply_steps(degrade(read_rgb(record), done[record]), steps)

    return np.stack(_for_each(one, records, "Making images worse", tell))


def drawn_degradation(worsening: Worsening, chance: np.random.Generator) -> Degradation:
    """One of the ways that are named, and how much, by chance; none where none is named."""
    ways = [name for name in Worsening.model_fields if getattr(worsening, name) != _AS_IT_IS[name]]
    strength = chance.random()
    if not ways:
        return NOTHING
    name = ways[int(chance.integers(len(ways)))]
    none, most = _AS_IT_IS[name], getattr(worsening, name)
    value = none + strength * (most - none)
    if name == "jpeg_quality":
        return Degradation(jpeg_quality=round(value))
    return Degradation(blur_percent=value) if name == "blur_percent" else Degradation(scale=value)


def read_hashes(records: Sequence[ImageRecord]) -> np.ndarray:
    """The perceptual hash of every image of a list, as (n, 256) bool. Raises DatasetError."""
    return np.stack(
        _for_each(lambda record: perceptual_hash(read_rgb(record)), records, "Comparing images")
    )


def six_colour_numbers(rgb: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of R, G and B, as (6,) float32 from 0 to 1.

    Args:
        rgb: (H, W, 3) uint8.
    """
    scaled = rgb.reshape(-1, 3).astype(np.float32) / 255
    return np.concatenate([scaled.mean(axis=0), scaled.std(axis=0)])


def read_rgb(record: ImageRecord) -> np.ndarray:
    """One image of an index, as (h, w, 3) uint8. Raises DatasetError that names its file."""
    return _decoded(record, record.read_bytes())


def _decoded(record: ImageRecord, data: bytes) -> np.ndarray:
    try:
        return read_micrograph(data).rgb
    except MicrographError as error:
        raise record.unreadable(str(error)) from error


def _for_each(
    function: Callable[[ImageRecord], _Answer],
    records: Sequence[ImageRecord],
    title: str,
    tell: Tell = ignore_share,
) -> list[_Answer]:
    """A function's answers for all records, on two threads, with a bar on a terminal."""
    answers = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = pool.map(function, records)
        for answer in tqdm(made, total=len(records), desc=title, leave=False, disable=None):
            answers.append(answer)
            tell(len(answers) / len(records))
    return answers
