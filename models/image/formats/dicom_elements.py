"""The data elements of a DICOM file (PS3.5, section 7): those that are wanted, found in one pass.

Nothing is gone back to, no nested data set is opened and no value is turned into text or numbers:
a file's length is all that the work depends on.
"""

from __future__ import annotations

import struct
from collections.abc import Set
from dataclasses import dataclass

from models.image.formats.structure import cut_short

UNDEFINED_LENGTH = 0xFFFFFFFF
# Lengths of 4 bytes in explicit VR (PS3.5, table 7.1-1).
_LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_ITEM, _DELIMITERS = 0xFFFEE000, (0xFFFEE00D, 0xFFFEE0DD)
# Elements of ordinary files number a few hundred, those of slides with nested data some thousands.
_MAX_ELEMENTS = 200_000


@dataclass(frozen=True, kw_only=True)
class Element:
    """One element as it stands in the file.

    Attributes:
        vr: Its value representation; None where the file leaves it out (implicit VR).
        value: The bytes of its value.
        is_undefined_length: Whether the value is a row of items that a delimiter ends.
    """

    vr: str | None
    value: bytes
    is_undefined_length: bool


def read_elements(
    data: bytes, start: int, order: str, *, wanted: Set[int], last: int
) -> tuple[dict[int, Element], int]:
    """Wanted elements of one data set by tag, and where the first one beyond `last` begins.

    Args:
        data: The whole file.
        start: Where the data set begins.
        order: "<" or ">".
        wanted: Tags (group << 16 | element) to keep; of elements in sequences none are.
        last: The largest tag to be looked at; reading ends behind it.

    Raises:
        TruncatedImageError: An element reaches beyond the file, or there are too many.
    """
    found: dict[int, Element] = {}
    has_vrs = _is_vr(data[start + 4 : start + 6])
    position, depth = start, 0
    opened: tuple[int, str | None, int] | None = None  # tag, VR, start of the value
    for _ in range(_MAX_ELEMENTS):
        if position == len(data) and depth == 0:
            return found, position
        tag, vr, length, value = _header(data, position, order, has_vrs=has_vrs)
        if depth == 0 and tag > last and tag not in _DELIMITERS:
            return found, position
        is_open = length == UNDEFINED_LENGTH
        end = value if is_open else value + length
        if end > len(data):
            break
        if tag in _DELIMITERS:
            depth = max(0, depth - 1)
            if depth == 0 and opened is not None:
                tag, vr, value = opened
                opened = None
                found[tag] = Element(vr=vr, value=data[value:position], is_undefined_length=True)
                if tag == last:
                    return found, end
        elif is_open:
            if depth == 0 and tag in wanted:
                opened = (tag, vr, value)
            depth += 1
        elif depth == 0 and tag in wanted:
            found[tag] = Element(vr=vr, value=data[value:end], is_undefined_length=False)
            if tag == last:
                return found, end
        position = end
    raise cut_short("DICOM")


def _header(
    data: bytes, position: int, order: str, *, has_vrs: bool
) -> tuple[int, str | None, int, int]:
    """Tag, VR, length and start of the value of the element at a position. Raises struct.error."""
    group, number = struct.unpack_from(order + "HH", data, position)
    vr = data[position + 4 : position + 6]
    # Items and delimiters have no VR, nor have elements that some writers leave in implicit VR.
    if not has_vrs or group == 0xFFFE or not _is_vr(vr):
        (length,) = struct.unpack_from(order + "I", data, position + 4)
        return group << 16 | number, None, length, position + 8
    if vr in _LONG_VRS:
        (length,) = struct.unpack_from(order + "I", data, position + 8)
        return group << 16 | number, vr.decode(), length, position + 12
    (length,) = struct.unpack_from(order + "H", data, position + 6)
    return group << 16 | number, vr.decode(), length, position + 8


def _is_vr(two: bytes) -> bool:
    return len(two) == 2 and two.isalpha() and two.isupper()
