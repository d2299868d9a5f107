"""The demonstration: a few real fields of the BCCD data set, which come with the program."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from bloodui.images import Source
from models.image.micrograph import Micrograph, read_micrograph

DEMO = Path(__file__).parents[2] / "demo"
TITLE = "A real field, BCCD data set, MIT licence"
_KEY = "demo:"


def demo_sources(folder: Path = DEMO) -> Iterable[Source]:
    """The fields of the demonstration, in the order of their names."""
    return [
        Source(
            key=f"{_KEY}{path.name}",
            is_drawn=False,
            read=partial(_read, path),
            name=path.name,
        )
        for path in sorted(folder.glob("*.jpg"))
    ]


def credit_of(key: str) -> str:
    """What has to be said under the picture of that source; "" for one that is nobody's else."""
    return f"{TITLE}: {key.removeprefix(_KEY)}." if key.startswith(_KEY) else ""


def _read(path: Path) -> Micrograph:
    return read_micrograph(path.read_bytes())
