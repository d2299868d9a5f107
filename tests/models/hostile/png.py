"""PNG files (third edition, 2025) that repeat one thing."""

from __future__ import annotations

import struct
import zlib

from tests.models.hostile.family import DEFLATED_NOTHING, SIDE, Family, repeated
from tests.models.hostile.tiff import directory_of

_ROWS = zlib.compress(bytes(SIDE * (3 * SIDE + 1)))


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(*, before: bytes = b"", pixels: bytes | None = None, after: bytes = b"") -> bytes:
    """A black PNG with other chunks before or after its pixels, or with other pixels."""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", _ROWS) if pixels is None else pixels
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + before + pixels + after + chunk(b"IEND", b"")


def _after_blocks_of_nothing(size: int) -> bytes:
    stream = b"\x78\x01" + repeated(DEFLATED_NOTHING, size) + _ROWS[2:]
    return png(pixels=chunk(b"IDAT", stream))


_EMPTY = chunk(b"IDAT", b"")

FAMILIES = {
    "empty texts": Family(make=lambda size: png(before=repeated(chunk(b"tEXt", b""), size))),
    "palettes": Family(make=lambda size: png(before=repeated(chunk(b"PLTE", bytes(768)), size))),
    "empty pixel chunks": Family(
        make=lambda size: png(pixels=repeated(_EMPTY, size) + chunk(b"IDAT", _ROWS))
    ),
    "empty pixel chunks behind": Family(make=lambda size: png(after=repeated(_EMPTY, size))),
    "deflate blocks of nothing": Family(make=_after_blocks_of_nothing),
    "tags in its EXIF": Family(make=lambda size: png(before=chunk(b"eXIf", directory_of(size)))),
    "zeros behind it": Family(make=lambda size: png() + bytes(size)),
}
