"""DICOM files (PS3.5) that repeat one thing."""

from __future__ import annotations

import struct
from collections.abc import Callable

from pydicom.uid import ImplicitVRLittleEndian

from models.errors import TruncatedImageError
from tests.models.hostile.family import SIDE, Family, repeated
from tests.models.hostile.jpeg import jpeg
from tests.models.image_files import dicom, every_file

_UNDEFINED = 0xFFFFFFFF


def element(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """An element in explicit VR, little endian; in implicit VR where there is none."""
    n_bytes = len(value) if length is None else length
    group, number = tag >> 16, tag & 0xFFFF
    if not vr:
        return struct.pack("<HHI", group, number, n_bytes) + value
    if vr in (b"OB", b"SQ", b"UN"):
        return struct.pack("<HH2sHI", group, number, vr, 0, n_bytes) + value
    return struct.pack("<HH2sH", group, number, vr, n_bytes) + value


def item(value: bytes, length: int | None = None) -> bytes:
    """An item of a sequence or of encapsulated pixels."""
    return element(0xFFFEE000, b"", value, length)


_ITEM_END, _END = element(0xFFFEE00D, b"", b""), element(0xFFFEE0DD, b"", b"")
_SEQUENCE = element(0x00081115, b"SQ", b"", _UNDEFINED)


def with_elements(extra: bytes, *, is_implicit: bool = False) -> bytes:
    """The drawn DICOM file with elements put before its own."""
    data = dicom(syntax=ImplicitVRLittleEndian) if is_implicit else every_file()["DICOM"]
    start = 144 + struct.unpack_from("<I", data, 140)[0]
    return data[:start] + extra + data[start:]


def of_jpeg(frame: bytes, *, table: bytes = b"", fragments: bytes = b"") -> bytes:
    """A DICOM file of one JPEG frame, with a table of offsets and more fragments."""
    data = dicom(photometric="YBR_FULL_422", jpeg=frame, Rows=SIDE, Columns=SIDE)
    start = data.rindex(struct.pack("<HH", 0x7FE0, 0x0010)) + 12
    return data[:start] + item(table) + item(frame) + fragments + _END


def nested(depth: int) -> bytes:
    """Sequences within sequences."""
    opening, closing = _SEQUENCE + item(b"", _UNDEFINED), _ITEM_END + _END
    return with_elements(opening * depth + closing * depth)


def of_parts(tag: int) -> Callable[[int], bytes]:
    """Maker of a value of very many parts; implicit VR leaves four bytes for its length."""
    return lambda size: with_elements(
        element(tag, b"", repeated(b"1\\", size - 2) + b"1 "), is_implicit=True
    )


def _character_sets(size: int) -> bytes:
    sets = element(0x00080005, b"CS", repeated(b"1\\", min(size, 60_000)))
    items = repeated(item(b"", _UNDEFINED) + sets + _ITEM_END, size)
    return with_elements(_SEQUENCE + items + _END)


def _overlapping_items(size: int) -> bytes:
    one = element(0x00091001, b"OB", b"", _UNDEFINED) + item(b"", size // 2) + _END
    return with_elements(repeated(one, size // 2) + bytes(size // 2))


_EMPTY = element(0x00080010, b"LO", b"")
_PRIVATE = element(0x00090010, b"UN", b"")

FAMILIES = {
    "empty elements": Family(make=lambda size: with_elements(repeated(_EMPTY, size))),
    "private elements": Family(make=lambda size: with_elements(repeated(_PRIVATE, size))),
    "empty items": Family(
        make=lambda size: with_elements(_SEQUENCE + repeated(item(b""), size) + _END)
    ),
    "nested sequences": Family(make=lambda size: nested(size // 36)),
    "items that claim half of the file": Family(make=_overlapping_items, error=TruncatedImageError),
    "pixel sizes": Family(make=of_parts(0x00280030), error=TruncatedImageError),
    "numbers of frames": Family(make=of_parts(0x00280008), error=TruncatedImageError),
    "character sets": Family(make=of_parts(0x00080005)),
    "character sets in items": Family(make=_character_sets),
    "empty fragments": Family(
        make=lambda size: of_jpeg(jpeg(), fragments=repeated(item(b""), size))
    ),
    "offsets of frames": Family(make=lambda size: of_jpeg(jpeg(), table=repeated(bytes(4), size))),
    "fill bytes in its JPEG": Family(make=lambda size: of_jpeg(jpeg(between=b"\xff" * size))),
}
