"""Any folder whose folders are named for the classes of the images in them.

Folders of a split (train, test …) above or below the classes are no classes, and folders below a
class are taken for patients.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.data.adapters.adapter import (
    Adapter,
    Found,
    FoundImage,
    found,
    image_files,
    split_name,
)
from training.errors import DatasetError

_LAYOUT = "a folder for each class with images in it"
_MOST_NAMES = 4  # of groups, in a sentence


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where an image lies: class, folders below it, and the part of a split, or ""."""

    path: Path
    label: str
    below: tuple[str, ...]
    part: str


def _places(folder: Path) -> tuple[_Place, ...]:
    """Where every image lies.

    Beside train and test a class is the first folder within them, and no other folder is one but
    by the same name; where train and test lie in several folders, those are the classes.
    """
    paths = {path: path.relative_to(folder).parts[:-1] for path in image_files(folder)}
    above = {parts[0] for parts in paths.values() if any(map(split_name, parts)) and _above(parts)}
    is_above = len(above) > 1
    places = [_place(path, parts, is_above=is_above) for path, parts in paths.items()]
    of_split = {place.label for place in places if place.part and not is_above}
    if not of_split - {""}:
        return tuple(places)
    return tuple(place if place.label in of_split else replace(place, label="") for place in places)


def _place(path: Path, parts: tuple[str, ...], *, is_above: bool) -> _Place:
    part = next(filter(split_name, parts), "")
    names = parts if is_above or not part else parts[parts.index(part) + 1 :]
    label, *below = [name for name in names if not split_name(name)] or [""]
    return _Place(path=path, label=label, below=tuple(below), part=part)


def _above(parts: tuple[str, ...]) -> bool:
    """Whether there is a folder above the first part of a split."""
    return not split_name(parts[0])


def _labels(places: Sequence[_Place]) -> list[str]:
    return sorted({place.label for place in places if place.label})


def _is_layout(folder: Path) -> bool:
    return len(_labels(_places(folder))) >= 2


def _read(folder: Path) -> Found:
    places = _places(folder)
    labels = _labels(places)
    if len(labels) == 1:
        raise DatasetError(
            f"The folder has images of one class alone ({labels[0]}), and at least two "
            "are needed. Give the folder that holds a folder for each class."
        )
    labelled = _grouped([place for place in places if place.label])
    images = [
        FoundImage(
            path=place.path,
            label=place.label,
            group=place.below[0] if place.below else "",
            group_kind="folder" if place.below else "",
            note=place.part,
        )
        for place in labelled
    ]
    loose = [(place.path, _why_loose(place)) for place in places if not place.label]
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_") or "images"
    return replace(
        found(images, loose, layout=_LAYOUT, dataset=name), notes=tuple(_notes(labelled))
    )


def _grouped(places: list[_Place]) -> list[_Place]:
    """The images without the folders that hold all of a class: they tell no patients apart."""
    while places and all(place.below for place in places):
        first: dict[str, set[str]] = defaultdict(set)
        for place in places:
            first[place.label].add(place.below[0])
        if any(len(names) > 1 for names in first.values()):
            break
        places = [replace(place, below=place.below[1:]) for place in places]
    return places


def _why_loose(place: _Place) -> str:
    if place.part:
        return f"it lies in no class's folder; {place.part} is a part of a split"
    return "it lies in no class's folder"


def _notes(places: Sequence[_Place]) -> list[str]:
    """What was taken for a group, and what for no class, a sentence each."""
    notes = []
    parts = sorted({place.part for place in places if place.part})
    if parts:
        notes.append(
            f"{', '.join(parts)}: parts of a split, not classes. They stand in the column note, "
            "and a run splits by patient anew."
        )
    groups = sorted({place.below[0] for place in places if place.below})
    if groups:
        n_images = sum(bool(place.below) for place in places)
        more = " …" if len(groups) > _MOST_NAMES else ""
        notes.append(
            f"The folders below the classes were taken for patients: {len(groups)} groups with "
            f"{n_images} images ({', '.join(groups[:_MOST_NAMES])}{more}). One name in two classes "
            "is one patient. Where they are no patients, correct the column group."
        )
    return notes


CLASS_FOLDERS = Adapter(
    name="class-folders",
    title="Class folders",
    dataset="",
    layout=_LAYOUT,
    is_layout=_is_layout,
    read=_read,
    warnings=(
        "Class folders say nothing of patients but where folders of patients lie in them: else "
        "add a group column to the index where you know.",
    ),
)
