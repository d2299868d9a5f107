"""C-NMC 2019 (The Cancer Imaging Archive): folds of single cells cut out on black.

Names are UID_<subject>_<image>_<cell>_<all or hem>; healthy subjects begin with H.
Source: Gupta et al., ISBI 2019 C-NMC challenge; used by pushpalatha-2024 and narendra-2024.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

from training.data.adapters.adapter import (
    Adapter,
    Found,
    FoundImage,
    found,
    image_files,
)

_LAYOUT = "files UID_…_all and UID_…_hem in fold_0, fold_1 and fold_2"
_NAME = re.compile(r"UID_(H?\d+)_\d+_\d+_(all|hem)$", re.IGNORECASE)
_FOLD = re.compile(r"fold_\d+", re.IGNORECASE)


def _is_layout(folder: Path) -> bool:
    return any(_NAME.match(path.stem) for path in image_files(folder))


def _read(folder: Path) -> Found:
    images, skipped = [], []
    for path in image_files(folder):
        match = _NAME.match(path.stem)
        if match is None:
            skipped.append((path, "its name is not UID_<subject>_<image>_<cell>_<all or hem>"))
            continue
        homes = (folder.resolve().name, *path.relative_to(folder).parts[:-1])
        folds = [home.lower() for home in homes if _FOLD.fullmatch(home)]
        images.append(
            FoundImage(
                path=path,
                label=match[2].lower(),
                group=match[1].upper(),
                group_kind="subject",
                note=folds[-1] if folds else "",
            )
        )
    return found(images, skipped, layout=_LAYOUT)


C_NMC = Adapter(
    name="c-nmc",
    title="C-NMC 2019",
    dataset="c_nmc",
    layout=_LAYOUT,
    is_layout=_is_layout,
    read=_read,
    counts=MappingProxyType({"all": 7272, "hem": 3389}),
    counts_source="pushpalatha-2024, section III A",
    warnings=("Few subjects are healthy: judge on subjects kept apart, and read the intervals.",),
)
