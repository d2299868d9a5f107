"""BMP files that repeat one thing, and GIF files, which are looked into before they are refused."""

from __future__ import annotations

import struct

from models.errors import UnsupportedImageError
from tests.models.hostile.family import SIDE, Family, repeated
from tests.models.image_files import every_file


def _with_gap(size: int) -> bytes:
    data = every_file()["BMP"]
    (offset,) = struct.unpack_from("<I", data, 10)
    head = data[:10] + struct.pack("<I", offset + size) + data[14:offset]
    return head + bytes(size) + data[offset:]


def _gif(blocks: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", SIDE, SIDE, 0, 0, 0) + blocks


_ONE_IMAGE = b"\x2c" + bytes(9) + b"\x02"

FAMILIES = {
    "a gap before its pixels": Family(make=_with_gap),
    "zeros behind it": Family(make=lambda size: every_file()["BMP"] + bytes(size)),
    "GIF of empty extensions": Family(
        make=lambda size: _gif(repeated(b"\x21\xf9\0", size)), error=UnsupportedImageError
    ),
    "GIF of one-byte blocks": Family(
        make=lambda size: _gif(_ONE_IMAGE + repeated(b"\x01\x55", size)),
        error=UnsupportedImageError,
    ),
}
