"""What an adapter is, and how it finds its way in a downloaded folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from models.errors import MicrographError, NotAnImageError
from models.files import disk_reason
from models.folder_files import files_below, is_hidden
from models.image.micrograph import image_kind
from training.errors import DatasetError

IMAGE_SUFFIXES = frozenset({".bmp", ".dcm", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
# Folders of folders that a release is unpacked into: "archive/C-NMC_Leukemia/C-NMC_training_data".
_DEEPEST = 4
_HEAD_BYTES = 4096
_SPLIT = re.compile(
    r"(train(ing)?|test(ing)?|val(id(ation)?)?|dev|eval(uation)?|hold[ _-]?out)"
    r"([ _-]?(set|data|images?|split))?",
    re.IGNORECASE,
)
_MASKS = re.compile(r"masks?|ground[ _-]?truths?", re.IGNORECASE)


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
        notes: Sentences on what was taken for a group, or for no class.
        dataset: Name of the data set where the folder decides it; empty for the adapter's own.
    """

    images: tuple[FoundImage, ...]
    skipped: tuple[tuple[Path, str], ...] = ()
    notes: tuple[str, ...] = ()
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
        least_labels: Number of labels that it has at least; 1 where it is merged with others.
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
    least_labels: int = 2


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Every file below a folder.

    Attributes:
        pictures: Image files, by their names' endings or by their first bytes, sorted.
        left_out: Everything else, each with the reason in a few words.
    """

    pictures: tuple[Path, ...]
    left_out: tuple[tuple[Path, str], ...]


def list_pictures(folder: Path) -> Listing:
    """Which files below a folder are images, and which are not; links as in `files_below`."""
    found = files_below(folder)
    pictures, left_out = [], [(each.path, each.reason) for each in found.left_out]
    for path in found.files:
        reason = _no_picture(path, path.relative_to(folder).parts)
        if reason:
            left_out.append((path, reason))
        else:
            pictures.append(path)
    return Listing(pictures=tuple(pictures), left_out=tuple(left_out))


def image_files(folder: Path) -> tuple[Path, ...]:
    """Every image file below a folder, sorted; see `list_pictures`."""
    return list_pictures(folder).pictures


def split_name(name: str) -> bool:
    """Whether a folder is named for a part of a split, such as train, which is no class."""
    return _SPLIT.fullmatch(name) is not None


def _no_picture(path: Path, parts: Sequence[str]) -> str:
    """Why a file is no image to index; "" where it is one."""
    if any(_MASKS.fullmatch(part) for part in parts[:-1]):
        return "it lies in a folder of masks"
    try:
        "/".join(parts).encode()
    except UnicodeEncodeError:
        return "its name or its folder's is in no encoding that is read; rename it"
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return ""
    try:
        with path.open("rb") as file:
            image_kind(file.read(_HEAD_BYTES))
    except NotAnImageError:
        return "it is no picture"
    except OSError as error:
        return f"it cannot be opened ({disk_reason(error)})"
    except MicrographError:  # of a kind that is not read; who reads it says which
        return ""
    return ""


def folders_below(folder: Path, *, deepest: int = _DEEPEST) -> Iterator[Path]:
    """A folder and those below it, shallow ones first; a link in the folder is followed once."""
    root, seen = folder.resolve(), {folder.resolve()}
    level = [folder]
    for _ in range(deepest):
        yield from level
        level = [
            child
            for parent in level
            for child in children(parent)
            if not is_hidden(child.name) and child.is_dir() and _is_new(child, root, seen)
        ]


def class_folders(folder: Path, labels: Sequence[str]) -> dict[str, Path]:
    """Of these labels, those that have a folder of their name in a folder, whatever the case."""
    wanted = {label.lower(): label for label in labels}
    return {
        wanted[child.name.lower()]: child
        for child in children(folder)
        if child.name.lower() in wanted and child.is_dir()
    }


def children(folder: Path) -> list[Path]:
    """What lies in a folder, sorted; nothing where it cannot be opened, which `list_pictures`
    tells.
    """
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_new(folder: Path, root: Path, seen: set[Path]) -> bool:
    """Whether a folder is no link, or the first one to a place within a root."""
    if not folder.is_symlink():
        return True
    target = folder.resolve()
    is_new = target.is_relative_to(root) and target not in seen
    seen.add(target)
    return is_new


def roots_with(
    folder: Path, labels: Sequence[str], *, least: int, deepest: int = _DEEPEST
) -> tuple[Path, ...]:
    """The shallowest folder that holds folders of at least `least` of these labels; where it is a
    part of a split, such as train, those of the other parts as well.
    """
    candidates = (
        candidate
        for candidate in folders_below(folder, deepest=deepest)
        if len(class_folders(candidate, labels)) >= least
    )
    first = next(candidates, None)
    if first is None:
        return ()
    if not split_name(first.name):
        return (first,)
    beside = (child for child in children(first.parent) if split_name(child.name))
    return tuple(child for child in beside if child.is_dir() and class_folders(child, labels))


def images_by_class(
    folder: Path,
    roots: Sequence[Path],
    labels: Sequence[str],
    *,
    layout: str,
    group_pattern: str = "",
    group_kind: str = "",
) -> Found:
    """The images in folders named for their labels.

    Args:
        folder: The whole release.
        roots: The folders that hold those of the labels, see `roots_with`.
        labels: Names of the folders.
        layout: What was expected, for the message.
        group_pattern: Regular expression whose first group, at the start of a file's name, is
            the image's group.
        group_kind: What that group is.

    Raises:
        DatasetError: There is no such folder, or no image in it.
    """
    wanted = {label.lower(): label for label in labels}
    images = []
    for path in image_files(folder):
        root = next((root for root in roots if path.is_relative_to(root)), None)
        label = wanted.get(path.relative_to(root).parts[0].lower()) if root else None
        if root is None or label is None:
            continue
        match = re.match(group_pattern, path.name) if group_pattern else None
        images.append(
            FoundImage(
                path=path,
                label=label,
                group=match[1] if match else "",
                group_kind=group_kind if match else "",
                note=root.name if split_name(root.name) else "",
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
            f"The folder has no images laid out as this kind has them: {layout}. "
            "Give the folder that the release was unpacked into, or another kind."
        )
    ordered = tuple(sorted(images, key=lambda image: image.path))
    return Found(images=ordered, skipped=tuple(skipped), dataset=dataset)
