"""What an adapter is, and how it finds its way in a downloaded folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from models.errors import DatasetError

IMAGE_SUFFIXES = frozenset({".bmp", ".dcm", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
# Folders of folders that a release is unpacked into: "archive/C-NMC_Leukemia/C-NMC_training_data".
_DEEPEST = 4


@dataclass(frozen=True, kw_only=True)
class FoundImage:
    """One image of a release.

    Attributes:
        path: The file.
        label: What the release says it shows.
        group, group_kind: Patient, subject, case or slide and which of these; empty if unknown.
        note: Anything else that the layout says, such as the fold.
    """

    path: Path
    label: str
    group: str = ""
    group_kind: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a release's folder holds.

    Attributes:
        images: In the order of their paths.
        skipped: Image files that the layout gives no label, each with the reason.
        dataset: Name of the data set where the folder decides it; empty for the adapter's own.
    """

    images: tuple[FoundImage, ...]
    skipped: tuple[tuple[Path, str], ...] = ()
    dataset: str = ""


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """How one release is laid out.

    Attributes:
        name: Key in ADAPTERS, as a user types it.
        title: Name for a reader.
        dataset: The index's name of it; "" where the folder's name is taken.
        layout: The folders and names that are expected, for messages.
        is_layout: Whether a folder is laid out so.
        read: The images of a folder; raises DatasetError where there are none.
        counts: Images of each label in the whole release; empty where nobody says.
        counts_source: Who says so.
        warnings: What a user must know before training on it.
    """

    name: str
    title: str
    dataset: str
    layout: str
    is_layout: Callable[[Path], bool]
    read: Callable[[Path], Found]
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    counts_source: str = ""
    warnings: tuple[str, ...] = ()


def image_files(folder: Path) -> tuple[Path, ...]:
    """Every image file below a folder, by its suffix, sorted; hidden and Mac's own left out."""
    return tuple(
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in IMAGE_SUFFIXES
        and path.is_file()
        and not any(_is_hidden(part) for part in path.relative_to(folder).parts)
    )


def folders_below(folder: Path, *, deepest: int = _DEEPEST) -> Iterator[Path]:
    """A folder and those below it, shallow ones first."""
    level = [folder]
    for _ in range(deepest):
        yield from level
        level = [
            child
            for parent in level
            for child in sorted(parent.iterdir())
            if child.is_dir() and not _is_hidden(child.name)
        ]


def class_folders(folder: Path, labels: Sequence[str]) -> dict[str, Path]:
    """Of these labels, those that have a folder of their name in a folder, whatever the case."""
    wanted = {label.lower(): label for label in labels}
    return {
        wanted[child.name.lower()]: child
        for child in sorted(folder.iterdir())
        if child.is_dir() and child.name.lower() in wanted
    }


def root_with(folder: Path, labels: Sequence[str], *, least: int) -> Path | None:
    """The shallowest folder that holds folders of at least so many of these labels, or None."""
    for candidate in folders_below(folder):
        if len(class_folders(candidate, labels)) >= least:
            return candidate
    return None


def images_by_class(
    root: Path | None,
    labels: Sequence[str],
    *,
    layout: str,
    group_pattern: str = "",
    group_kind: str = "",
) -> Found:
    """The images in folders named for their labels.

    Args:
        root: The folder that holds them, or None where none was found.
        labels: Names of the folders.
        layout: What was expected, for the message.
        group_pattern: Regular expression whose first group, at the start of a file's name, is
            the image's group.
        group_kind: What that group is.

    Raises:
        DatasetError: There is no such folder, or no image in it.
    """
    images = []
    for label, home in class_folders(root, labels).items() if root else ():
        for path in image_files(home):
            match = re.match(group_pattern, path.name) if group_pattern else None
            images.append(
                FoundImage(
                    path=path,
                    label=label,
                    group=match[1] if match else "",
                    group_kind=group_kind if match else "",
                )
            )
    return found(images, layout=layout)


def found(
    images: Sequence[FoundImage],
    skipped: Sequence[tuple[Path, str]] = (),
    *,
    layout: str,
    dataset: str = "",
) -> Found:
    """What was found, in the order of paths. Raises DatasetError where that is no image."""
    if not images:
        raise DatasetError(
            f"Expected {layout}, received a folder without such images. "
            "Give the folder that the release was unpacked into, or another kind."
        )
    ordered = tuple(sorted(images, key=lambda image: image.path))
    return Found(images=ordered, skipped=tuple(skipped), dataset=dataset)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))
