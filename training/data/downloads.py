"""The index of a folder into which releases were downloaded, made where there is none yet."""

from __future__ import annotations

import logging
from pathlib import Path

from models.files import disk_reason
from models.folder_files import is_hidden
from training.data.adapt import adapt
from training.data.adapters import detect
from training.data.adapters.class_folders import CLASS_FOLDERS
from training.data.adapters.taleghani import TALEGHANI_SEGMENTED
from training.data.index import DatasetIndex, read_index
from training.data.inspection import Unreadable
from training.data.merge import merge_indexes
from training.errors import DatasetError

INDEX = "index.csv"
_MOST_NAMES = 5  # of damaged files, in a sentence
_log = logging.getLogger(__name__)


def index_of(place: Path) -> DatasetIndex:
    """The index of an index CSV, of a folder that has one, or of a folder of releases.

    Of a folder without one, a release laid out as it was downloaded is indexed in ``place /
    INDEX``; where the folder holds several, each in a folder of its own, these are indexed first,
    and then merged there. An index that is there already is taken as it is; releases beside it that
    it names no image of are told in the log.

    Raises:
        DatasetError: There is no such place, what lies in it is no release that is known, or an
            index cannot be written.
    """
    if place.is_file():
        return read_index(place)
    if not place.is_dir():
        raise DatasetError("There is no such index or folder of images. Give another path.")
    try:
        is_made = (place / INDEX).is_file()
        _folders(place)
    except OSError as error:
        raise DatasetError(
            f"The folder of images cannot be opened: {disk_reason(error)}. Give another path."
        ) from error
    if not is_made:
        _make_index(place)
    index = read_index(place / INDEX)
    named = {Path(each.name).parts[0] for each in index.records}
    for folder in _folders(place):
        if folder.name not in named and _kind(folder) not in ("", CLASS_FOLDERS.name):
            _log.warning(
                "%s names no image of %s. To take it in, remove %s there.",
                INDEX,
                folder.name,
                INDEX,
            )
    return index


def _make_index(place: Path) -> None:
    folders = [each for each in _folders(place) if not each.is_symlink()]
    links = [each for each in _folders(place) if each.is_symlink()]
    own = _kind(place)
    plain = {own, CLASS_FOLDERS.name, TALEGHANI_SEGMENTED.name, ""}
    holds_others = bool({_kind(folder) for folder in folders} - plain)
    if not holds_others:
        _adapted(place)
        return
    indexes = []
    refusals = [f"{each.name}: it is a link. Unpack the release itself there." for each in links]
    for folder in folders:
        try:
            if not (folder / INDEX).is_file():
                _adapted(folder)
            read_index(folder / INDEX)  # a damaged one is told, and the others are taken
            indexes.append(folder / INDEX)
        except (DatasetError, OSError) as error:
            refusals.append(f"{folder.name}: {error}")
    if not indexes:
        raise DatasetError(
            "No folder there holds a release that is known. Unpack each release into a folder of "
            f"its own. {' '.join(refusals)}"
        )
    for refusal in refusals:
        _log.warning("Left out: %s", refusal)
    n_images = merge_indexes(indexes, place / INDEX)
    _log.info("%s: %d images of %d releases", INDEX, n_images, len(indexes))


def _folders(place: Path) -> list[Path]:
    return [each for each in sorted(place.iterdir()) if each.is_dir() and not is_hidden(each.name)]


def _kind(folder: Path) -> str:
    """The kind of release that a folder is laid out as; "" for none, or for several."""
    try:
        return detect(folder).name
    except DatasetError:
        return ""


def _adapted(folder: Path) -> None:
    adapted = adapt(folder, folder / INDEX)
    _log.info("%s: %s, %d images", folder.name, adapted.kind, len(adapted.records))
    for note in adapted.notes:
        _log.info("%s", note)
    damaged = [fact for fact in adapted.facts if isinstance(fact, Unreadable)]
    if damaged:
        names = ", ".join(each.name for each in damaged[:_MOST_NAMES])
        more = " …" if len(damaged) > _MOST_NAMES else ""
        _log.warning("%d of them cannot be read and are left out: %s%s", len(damaged), names, more)
    if adapted.skipped:
        _log.warning("%d files of %s are left out of its index", len(adapted.skipped), folder.name)
