"""ALL-IDB1 (whole fields) and ALL-IDB2 (single cells): names Im<number>_<1 blast, 0 healthy>.

Source: Labati, Piuri and Scotti 2011, "ALL-IDB: the acute lymphoblastic leukemia image database
for image processing", ICIP.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from types import MappingProxyType

from training.data.adapters.adapter import (
    Adapter,
    Found,
    FoundImage,
    found,
    image_files,
)

_LAYOUT = "files Im001_1, Im002_0 … of ALL-IDB{number}"
_NAME = re.compile(r"Im\d+_([01])$", re.IGNORECASE)
_LABELS = {"0": "healthy", "1": "blast"}


def _number(path: Path, folder: Path) -> int:
    """1 or 2: by the folders' names, else by the suffix: JPEG in the first, TIFF in the second."""
    homes = (folder.resolve().name, *path.relative_to(folder).parts[:-1])
    names = "/".join(homes).lower().replace("-", "").replace("_", "")
    for number in (1, 2):
        if f"allidb{number}" in names:
            return number
    return 2 if path.suffix.lower() in (".tif", ".tiff") else 1


def _files(folder: Path, number: int) -> tuple[Path, ...]:
    return tuple(path for path in image_files(folder) if _number(path, folder) == number)


def _is_layout(folder: Path, *, number: int) -> bool:
    return any(_NAME.match(path.stem) for path in _files(folder, number))


def _read(folder: Path, *, number: int) -> Found:
    images, skipped = [], []
    for path in _files(folder, number):
        match = _NAME.match(path.stem)
        if match is None:
            skipped.append((path, "its name does not end in _0 or _1"))
        else:
            images.append(FoundImage(path=path, label=_LABELS[match[1]]))
    return found(images, skipped, layout=_LAYOUT.format(number=number))


ALL_IDB1 = Adapter(
    name="all-idb1",
    title="ALL-IDB1",
    dataset="all_idb1",
    layout=_LAYOUT.format(number=1),
    is_layout=partial(_is_layout, number=1),
    read=partial(_read, number=1),
    counts=MappingProxyType({"blast": 49, "healthy": 59}),
    counts_source="Labati et al. 2011",
    warnings=("Fields, not cells. The size of the image alone tells blast from healthy here.",),
)
ALL_IDB2 = Adapter(
    name="all-idb2",
    title="ALL-IDB2",
    dataset="all_idb2",
    layout=_LAYOUT.format(number=2),
    is_layout=partial(_is_layout, number=2),
    read=partial(_read, number=2),
    counts=MappingProxyType({"blast": 130, "healthy": 130}),
    counts_source="Labati et al. 2011",
    warnings=("Patients are unknown: figures on unseen patients cannot be given.",),
)
