"""A folder from the ASH image bank (imagebank.hematology.org), filled by hand.

The bank gives single pictures, no release: they are put into a folder for each disease, as in
ash/AML. hagar-2023 took its 49 images of AML from there.
"""

from __future__ import annotations

import re
from pathlib import Path

from training.data.adapters.adapter import Adapter, Found, FoundImage, found, image_files

_LAYOUT = "a folder named ash with a folder for each disease, as in ash/AML"
_NAME = re.compile(r"ash([-_ ]?image[-_ ]?bank)?", re.IGNORECASE)


def _is_layout(folder: Path) -> bool:
    is_named = _NAME.fullmatch(folder.resolve().name) is not None
    return is_named and any(path.parent != folder for path in image_files(folder))


def _read(folder: Path) -> Found:
    images, skipped = [], []
    for path in image_files(folder):
        disease, *below = path.relative_to(folder).parts
        if not below:
            skipped.append((path, "it lies in no disease's folder"))
        else:
            images.append(FoundImage(path=path, label=disease))
    return found(images, skipped, layout=_LAYOUT)


ASH = Adapter(
    name="ash",
    title="ASH image bank",
    dataset="ash",
    layout=_LAYOUT,
    is_layout=_is_layout,
    read=_read,
    least_labels=1,
    warnings=(
        "Patients are unknown, and the pictures are of many laboratories and magnifications.",
        "The bank's terms allow other uses than teaching only where it was asked: read them.",
    ),
)
