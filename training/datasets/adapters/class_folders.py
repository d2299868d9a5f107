"""Any folder whose folders are named for the classes of the images in them."""

from __future__ import annotations

import re
from pathlib import Path

from models.errors import DatasetError
from training.datasets.adapters.adapter import Adapter, Found, FoundImage, found, image_files

_LAYOUT = "a folder for each class with images in it"


def _classes(folder: Path) -> dict[str, tuple[Path, ...]]:
    homes = [child for child in sorted(folder.iterdir()) if child.is_dir()]
    files = {home.name: image_files(home) for home in homes if not home.name.startswith(".")}
    return {label: paths for label, paths in files.items() if paths}


def _is_layout(folder: Path) -> bool:
    return len(_classes(folder)) >= 2


def _read(folder: Path) -> Found:
    classes = _classes(folder)
    if len(classes) == 1:
        raise DatasetError(
            f"Expected images of at least two classes, received one ({next(iter(classes))}). "
            "Give the folder that holds a folder for each class."
        )
    loose = tuple(
        (path, "it lies in no class's folder")
        for path in image_files(folder)
        if path.parent == folder
    )
    images = [
        FoundImage(path=path, label=label) for label, paths in classes.items() for path in paths
    ]
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_") or "images"
    return found(images, loose, layout=_LAYOUT, dataset=name)


CLASS_FOLDERS = Adapter(
    name="class-folders",
    title="Class folders",
    dataset="",
    layout=_LAYOUT,
    is_layout=_is_layout,
    read=_read,
    warnings=(
        "Class folders say nothing of patients: add a group column to the index where you know.",
    ),
)
