"""Every file of a data set, read once: is it readable, and what is it?"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tqdm import tqdm

from models.errors import MicrographError
from models.files import disk_reason
from models.image.micrograph import read_micrograph
from training.data.duplicates import perceptual_hash
from training.data.file_facts import ImageFacts, facts_of
from training.data.index import ImageRecord


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A file that is no readable image: the index's name of it, and why."""

    name: str
    reason: str


def inspect(records: Sequence[ImageRecord]) -> tuple[ImageFacts | Unreadable, ...]:
    """Read every file once, on two threads, with a bar on a terminal.

    Args:
        records: The images; one that can't be read is answered as `Unreadable`, not raised.
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
        return Unreadable(
            name=record.name, reason=f"The file can't be opened ({disk_reason(error)})."
        )
    return facts_of(data, perceptual_hash(rgb))
