"""Which of a TIFF file's pages is the picture: no thumbnail, no label, not one of its colours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from models.errors import TruncatedImageError, UnsupportedImageError
from models.image.formats.tiff_directory import (
    Directory,
    directory_offsets,
    read_directory,
    read_header,
)

_SUBFILE, _DESCRIPTION, _INSIDE, _DNG_VERSION = 254, 270, 330, 50706
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 256, 257, 258, 259, 262, 277
_REDUCED, _MASK = 1, 4  # bits of tag 254 (TIFF 6.0; bit 8 of Aperio's and DNG's is in neither)
# Colour filter array and linear raw (DNG 1.7); compressions of Sony, Nikon, Kodak and Pentax.
_RAW_PHOTOMETRIC = frozenset((32803, 34892))
_RAW_COMPRESSION = frozenset((32767, 34713, 65000, 65535))
# A whole line that is a name, as Aperio, Ventana and Philips write under what is no tissue.
_LABEL = re.compile(
    r"^(slide[ _])?(label|macro|thumbnail|overview)([ _]image)?( \d+x\d+)?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_IMAGEJ_PLANES = re.compile(r"^(?:images|channels)=(\d{1,9})\s*$", re.MULTILINE)
_MAX_PAGES_COUNTED = 10_000
_MAX_PAGES_LOOKED_AT = 16


@dataclass(frozen=True, kw_only=True)
class Page:
    """The page of the picture.

    Attributes:
        directory: What it declares.
        first: What the file's first page declares; the same one in most files.
        notes: What the reader should know of the other pages.
    """

    directory: Directory
    first: Directory
    notes: tuple[str, ...]


def picture_page(data: bytes) -> Page:
    """The page that holds the picture: the first that is no thumbnail, mask or label.

    Raises:
        TruncatedImageError: The first directory lies outside the file.
        UnsupportedImageError: A camera's RAW, thumbnails only, or colours in separate pages.
    """
    layout, offset = read_header(data)
    first = read_directory(data, layout, offset)
    offsets = list(islice(directory_offsets(data, layout, offset), _MAX_PAGES_COUNTED))
    inside = first.integers(_INSIDE, most=_MAX_PAGES_LOOKED_AT)
    others = _readable(first, [*inside, *offsets[1:_MAX_PAGES_LOOKED_AT]])
    if data[8:10] == b"CR" or any(_is_raw(page) for page in (first, *others)):
        raise UnsupportedImageError(
            "This is a camera's RAW file: a thumbnail and the sensor's samples, which are not "
            "read. Export it from the camera's program as an 8-bit TIFF or PNG."
        )
    larger = next((page for page in others if _is_small_copy_of(first, page)), None)
    if not _is_beside(first) and larger is None:
        _refuse_separate_colours(first, _readable(first, offsets[1:2]))
        notes = (f"First of {len(offsets):,} pages.",) if len(offsets) > 1 else ()
        return Page(directory=first, first=first, notes=notes)
    chosen = larger or next((page for page in others if not _is_beside(page)), None)
    if chosen is None:
        raise UnsupportedImageError(
            "This TIFF file holds a thumbnail or a label only, by its own marks. "
            "Export the picture itself as an 8-bit TIFF or PNG."
        )
    note = "The file begins with a thumbnail or a label; the picture behind it was taken."
    return Page(directory=chosen, first=first, notes=(note,))


def _readable(first: Directory, offsets: list[int]) -> list[Directory]:
    """The pages at those places, without those that lie outside the file or have no size."""
    found = []
    for offset in offsets:
        try:
            page = read_directory(first.data, first.layout, offset)
        except TruncatedImageError:
            continue
        if _WIDTH in page.entries and _HEIGHT in page.entries:
            found.append(page)
    return found


def _is_raw(page: Directory) -> bool:
    return (
        page.integer(_PHOTOMETRIC, -1) in _RAW_PHOTOMETRIC
        or page.integer(_COMPRESSION, 1) in _RAW_COMPRESSION
        or _DNG_VERSION in page.entries
    )


def _is_beside(page: Directory) -> bool:
    """Whether a page is marked as something beside the picture."""
    marks = page.integer(_SUBFILE, 0)
    return bool(marks & (_REDUCED | _MASK)) or _LABEL.search(page.text(_DESCRIPTION)) is not None


def _is_small_copy_of(first: Directory, page: Directory) -> bool:
    """Whether a page has the first one's shape and four times its pixels or more, unmarked."""
    width, height = first.integer(_WIDTH, 0), first.integer(_HEIGHT, 0)
    wider, higher = page.integer(_WIDTH, 0), page.integer(_HEIGHT, 0)
    is_alike = abs(width * higher - wider * height) <= 0.05 * wider * height
    is_larger = wider * higher >= 4 * width * height > 0
    return is_alike and is_larger and not _is_beside(page)


def _refuse_separate_colours(first: Directory, second: list[Directory]) -> None:
    """Refuse grey pages of one size: each is one colour, one focus or one moment of a picture."""
    if first.integer(_PHOTOMETRIC, -1) not in (0, 1) or first.integer(_SAMPLES, 1) != 1:
        return
    description = first.text(_DESCRIPTION)
    n_planes = [1]
    if description.startswith("ImageJ="):
        n_planes += [int(number) for number in _IMAGEJ_PLANES.findall(description)]
    tags = (_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SAMPLES)
    is_alike = any(
        all(page.integers(tag) == first.integers(tag) for tag in tags) and not _is_beside(page)
        for page in second
    )
    if is_alike or max(n_planes) > 1:
        raise UnsupportedImageError(
            "This TIFF file holds several grey pages of one size: colours in separate pages, or a "
            "stack. Export one picture of all colours, as an 8-bit RGB TIFF or PNG."
        )
