"""WebP files (RFC 9649) that repeat one thing."""

from __future__ import annotations

import struct
from functools import cache

from PIL import Image

from tests.models.hostile.family import SIDE, Family, repeated
from tests.models.hostile.tiff import directory_of
from tests.models.image_files import encoded

_EXIF, _ANIMATION = 8, 2  # flags of the extended format


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk with its length, padded to an even number of bytes."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


@cache
def _picture() -> bytes:
    return encoded(Image.new("RGB", (SIDE, SIDE)), "WEBP")[12:]


def webp(*, before: bytes = b"", after: bytes = b"", flags: int = 0) -> bytes:
    """A black WebP of the extended format with other chunks around its picture."""
    canvas = struct.pack("<IHBHB", flags, SIDE - 1, 0, SIDE - 1, 0)
    chunks = chunk(b"VP8X", canvas) + before + _picture() + after
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def animation(n_unknown: int) -> bytes:
    """Three frames, the later two behind a number of chunks of an unknown kind."""
    frame = chunk(b"ANMF", struct.pack("<6xHBHB4x", SIDE - 1, 0, SIDE - 1, 0) + _picture())
    canvas = struct.pack("<IHBHB", _ANIMATION, SIDE - 1, 0, SIDE - 1, 0)
    chunks = chunk(b"VP8X", canvas) + chunk(b"ANIM", bytes(6)) + frame
    chunks += chunk(b"abcd", b"") * n_unknown + frame * 2
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


_UNKNOWN = chunk(b"abcd", b"")

FAMILIES = {
    "unknown chunks": Family(make=lambda size: webp(after=repeated(_UNKNOWN, size))),
    "unknown chunks first": Family(make=lambda size: webp(before=repeated(_UNKNOWN, size))),
    "tags in its EXIF": Family(
        make=lambda size: webp(after=chunk(b"EXIF", directory_of(size)), flags=_EXIF)
    ),
    "zeros behind it": Family(make=lambda size: webp() + bytes(size)),
}
