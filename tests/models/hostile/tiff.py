"""TIFF files (TIFF 6.0, BigTIFF) that repeat one thing, or ask for more than they hold."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from itertools import accumulate

from models.errors import TruncatedImageError, UnsupportedImageError
from tests.models.hostile.family import DEFLATED_NOTHING, SIDE, Family, repeated
from tests.models.hostile.jpeg import jpeg, segment
from tests.models.image_files import every_file

_CODES = {1: "B", 3: "H", 4: "I"}


def tiff(width: int, height: int, tags: Mapping[int, tuple[int, list[int]]], body: bytes) -> bytes:
    """A little-endian RGB TIFF of 8 bits whose `body` begins at byte 8.

    Args:
        tags: Tag to type (1 bytes, 3 shorts, 4 longs) and values; they replace the usual ones.
    """
    usual = {256: (4, [width]), 257: (4, [height]), 258: (3, [8, 8, 8]), 262: (3, [2])}
    held = bytearray(8) + body + b"\0" * (len(body) % 2)
    entries = b""
    for tag, (kind, values) in sorted((usual | {277: (3, [3])} | dict(tags)).items()):
        raw = struct.pack(f"<{len(values)}{_CODES[kind]}", *values)
        entries += struct.pack("<HHI", tag, kind, len(values))
        if len(raw) <= 4:
            entries += raw.ljust(4, b"\0")
        else:
            entries += struct.pack("<I", len(held))
            held += raw + b"\0" * (len(raw) % 2)
    held[:8] = b"II*\0" + struct.pack("<I", len(held))
    return bytes(held) + struct.pack("<H", len(entries) // 12) + entries + bytes(4)


def strips(
    n_strips: int,
    strip: bytes,
    *,
    compression: int,
    width: int = SIDE,
    rows: int = 1,
    kind: int = 4,
) -> bytes:
    """Strips that all lie in the same place.

    Args:
        compression: 1 for none, 7 for JPEG, 8 for deflate.
        rows: Of each strip.
        kind: TIFF's type of the strips' places.
    """
    tags = {259: (3, [compression]), 273: (kind, [8] * n_strips), 278: (3, [rows])}
    tags |= {262: (3, [6 if compression == 7 else 2])}
    tags |= {279: (4, [len(strip)] * min(n_strips, 100_000))}
    return tiff(width, n_strips * rows, tags, strip)


def tiles(width: int, height: int, tile_px: tuple[int, int], tile: bytes) -> bytes:
    """Deflated tiles that all lie in the same place."""
    n_tiles = -(-width // max(1, tile_px[0])) * -(-height // max(1, tile_px[1]))
    tags = {259: (3, [8]), 322: (4, [tile_px[0]]), 323: (4, [tile_px[1]])}
    tags |= {324: (4, [8] * n_tiles), 325: (4, [len(tile)] * n_tiles)}
    return tiff(width, height, tags, tile)


def black_tile(width: int, height: int) -> bytes:
    """The deflated pixels of a black tile."""
    return zlib.compress(bytes(3 * width * height))


def directory_of(size: int) -> bytes:
    """A BigTIFF of about `size` bytes that is one directory of equal entries."""
    n_entries = max(1, size // 20)
    entry = struct.pack("<HHQQ", 1, 3, 1, 1)
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, n_entries) + entry * n_entries + bytes(8)


def _pages(size: int) -> bytes:
    """The drawn TIFF and a chain of empty directories behind it."""
    data = bytearray(every_file()["TIFF LZW"])
    (offset,) = struct.unpack_from("<I", data, 4)
    (n_entries,) = struct.unpack_from("<H", data, offset)
    struct.pack_into("<I", data, offset + 2 + 12 * n_entries, len(data))
    n_pages = max(1, size // 6)
    following = [len(data) + 6 * page for page in range(1, n_pages)] + [0]
    return bytes(data) + b"".join(struct.pack("<HI", 0, place) for place in following)


ROW = zlib.compress(bytes(3 * SIDE))


def greedy_strip(size: int) -> bytes:
    """A deflated row behind `size` bytes of blocks that hold nothing."""
    return b"\x78\x01" + repeated(DEFLATED_NOTHING, size) + ROW[2:]


def _blocks_of_nothing(size: int) -> bytes:
    rows = b"\x78\x01" + repeated(DEFLATED_NOTHING, size) + zlib.compress(bytes(3 * SIDE**2))[2:]
    tags = {259: (3, [8]), 273: (4, [8]), 278: (3, [SIDE]), 279: (4, [len(rows)])}
    return tiff(SIDE, SIDE, tags, rows)


def _strips(size: int) -> int:
    return max(32, size // 8)


def _small_jpeg(number: int = 0) -> bytes:
    """A whole JPEG of 64 × 8 pixels, another for each number."""
    return jpeg(width=SIDE, height=8, head=segment(0xFE, b"%d" % number))


def _different_jpeg_strips(size: int) -> bytes:
    """JPEG strips of eight rows, none like another."""
    parts = [_small_jpeg(number) for number in range(max(4, size // len(_small_jpeg())))]
    starts = [8, *(8 + end for end in accumulate(len(part) for part in parts[:-1]))]
    tags = {259: (3, [7]), 262: (3, [6]), 273: (4, starts), 278: (3, [8])}
    tags |= {279: (4, [len(part) for part in parts])}
    return tiff(SIDE, 8 * len(parts), tags, b"".join(parts))


def _tables(size: int) -> bytes:
    """JPEG strips with tables that are most of the file."""
    strip = _small_jpeg()
    tables = b"\xff\xd8" + repeated(segment(0xDB, bytes([0, *[1] * 64])), size) + b"\xff\xd9"
    n_strips = max(8, min(5000, size // 16))
    tags = {259: (3, [7]), 262: (3, [6]), 273: (4, [8] * n_strips), 278: (3, [8])}
    tags |= {279: (4, [len(strip)] * n_strips), 347: (1, list(tables))}
    return tiff(SIDE, 8 * n_strips, tags, strip)


def _thumbnails(size: int) -> bytes:
    """A thumbnail whose sub-directories all are one long directory of nothing."""
    n_entries = max(1, min(4096, size // 12))
    nothing = struct.pack("<H", n_entries) + struct.pack("<HHII", 1, 3, 1, 1) * n_entries + bytes(4)
    tags = {254: (4, [1]), 330: (4, [8] * max(16, size // 8))}
    return tiff(SIDE, SIDE, tags, nothing)


FAMILIES = {
    "JPEG strips, none like another": Family(make=_different_jpeg_strips),
    "JPEG tables": Family(make=_tables),
    "sub-directories of a thumbnail": Family(make=_thumbnails, error=UnsupportedImageError),
    "empty pages": Family(make=_pages),
    "entries": Family(make=directory_of, error=TruncatedImageError),
    "raw strips in one place": Family(
        make=lambda size: strips(_strips(size), bytes(3 * SIDE), compression=1)
    ),
    "deflated strips in one place": Family(
        make=lambda size: strips(_strips(size), ROW, compression=8)
    ),
    "strips that each are the whole file": Family(
        make=lambda size: strips(max(64, size // 64), greedy_strip(size), compression=8),
        error=TruncatedImageError,
    ),
    "deflate blocks of nothing": Family(make=_blocks_of_nothing),
    "zeros behind it": Family(make=lambda size: every_file()["TIFF LZW"] + bytes(size)),
}
